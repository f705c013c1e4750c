package bastion

import "context"

// Insert adds a child of any kind at a place in the start order, and otherwise is
// like Add. This is how a subtree is added with a restart type, a shutdown time,
// callbacks or conditions of its own. ErrNoProcess: the Position names a child that
// is not there.
func (s *Supervisor) Insert(ctx context.Context, spec ChildSpec, at Position) (Child, error) {
	c, err := s.add(ctx, spec, at, faults{})
	if c == nil {
		return Child{}, err
	}
	return c.entry(), err
}

// Add adds a process as the last child and waits until it has started, or until
// ctx ends, which does not take the order back. If the start fails the child is
// gone again and the error is a *StartError. A bad spec, or a name that is
// taken, is a *SpecError. Before the system was started the child is declared
// and starts with it. Added to a supervisor that has stopped: ErrStopped. What
// was added is gone when the supervisor itself is restarted, as in OTP.
func (s *Supervisor) Add(ctx context.Context, spec ChildSpec) (Ref, error) {
	var f faults
	if spec.grouped() {
		f.add("Count", "this is a group; use AddGroup")
	}
	if spec.Start.subtree != nil {
		f.add("Start", "this is a subtree; use AddSupervisor")
	}
	c, err := s.add(ctx, spec, Position{}, f)
	if c == nil {
		return Ref{}, err
	}
	return Ref{c.proc}, err
}

// AddGroup is Add for a group.
func (s *Supervisor) AddGroup(ctx context.Context, spec ChildSpec) (*Group, error) {
	spec.Group = true
	c, err := s.add(ctx, spec, Position{}, faults{})
	if c == nil {
		return nil, err
	}
	return &Group{c.group}, err
}

// AddSupervisor is Add for a subtree.
func (s *Supervisor) AddSupervisor(ctx context.Context, spec SupervisorSpec) (*Supervisor, error) {
	f := faults{serves: s.serves}
	checkSupervisor(&spec, &f) // by itself, so that the faults name the fields of spec
	if err := f.err(); err != nil {
		return nil, err
	}
	c, err := s.add(ctx, ChildSpec{Name: spec.Name, Start: Subtree(spec)}, Position{}, faults{})
	if c == nil {
		return nil, err
	}
	return &Supervisor{c.super}, err
}

func (s *Supervisor) add(ctx context.Context, spec ChildSpec, at Position, f faults) (*child, error) {
	f.serves = s.serves
	checkChild(&spec, &f)
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := at.check(); err != nil {
		return nil, err
	}
	o := &order{kind: orderAdd, spec: &spec, at: at}
	err := s.order(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	return o.made, nil
}

// check refuses a Position that is two.
func (at Position) check() error {
	if at.Before != "" && at.After != "" {
		return &SpecError{Faults: []string{"Position.After: must be empty if Before is not"}}
	}
	return nil
}
