package bastion

import (
	"context"
	"fmt"
	"reflect"

	"github.com/bastion-go/bastion/internal/supervise"
)

// Spec is the supervisor's own spec as it stands, without its children, which
// Children lists. Of a nil Supervisor it is the zero spec.
func (s *Supervisor) Spec() SupervisorSpec {
	if s.nobody() {
		return SupervisorSpec{}
	}
	s.s.mu.RLock()
	defer s.s.mu.RUnlock()
	return s.s.spec
}

// Change gives the supervisor another strategy, intensity, auto-shutdown and other
// conditions and callbacks, from its next decision on; restarts that were counted stay counted.
// Start from what Spec returns. The name cannot be changed, and children are
// changed one by one: a spec that tries, or is invalid otherwise, is refused whole
// with a *SpecError, and the old one stays. The change outlives restarts of the
// supervisor. ErrStopped: it has stopped for good.
func (s *Supervisor) Change(ctx context.Context, spec SupervisorSpec) error {
	if s.nobody() {
		return ErrNoProcess
	}
	var f faults
	if spec.Children != nil {
		f.add("Children", "are changed one by one, with Insert, Remove and ChangeChild")
		spec.Children = nil
	}
	if spec.Name != "" && spec.Name != s.Name() {
		f.add("Name", "cannot be changed, is %q", s.Name())
	}
	checkSupervisor(&spec, &f)
	if err := f.err(); err != nil {
		return err
	}
	return s.order(ctx, &order{kind: orderChange, super: &spec}, nil)
}

// ChildSpec is the spec of the named child as it stands, with the defaults it was
// given with. ErrNoProcess if there is none of that name.
func (s *Supervisor) ChildSpec(name string) (ChildSpec, error) {
	c := s.find(name)
	if c == nil {
		return ChildSpec{}, fmt.Errorf("%w: %s has no child %q", ErrNoProcess, s.Path(), name)
	}
	return c.plan.terms().ChildSpec, nil
}

// ChangeChild gives the named child another spec: restart type, tries, backoff,
// times, callbacks, conditions, and what it is made of, each from the next decision
// on that needs it. The incarnation that runs goes on; Restart makes a new one.
// Start from what ChildSpec returns. A zero Start keeps the old one.
//
// What kind of child it is stays: its name, handler or loop, the type of its door,
// a group and its Count, its Placement, its Mailbox, a subtree, whose own spec is for Change. A spec that tries
// to change that, or is invalid otherwise, is refused whole with a *SpecError, and
// the old one stays.
func (s *Supervisor) ChangeChild(ctx context.Context, name string, spec ChildSpec) error {
	old, err := s.ChildSpec(name)
	if err != nil {
		return err
	}
	var f faults
	if spec.Start.zero() {
		spec.Start = old.Start
	}
	if spec.Name == "" {
		spec.Name = old.Name
	}
	checkSame(&old, &spec, &f)
	checked := spec
	if checked.Name == old.Name {
		checked.Name = "" // it may be a number, which nobody may choose
	}
	if spec.Start.subtree == old.Start.subtree {
		checkOwn(&checked, &f)
	}
	if err := f.err(); err != nil {
		return err
	}
	return s.order(ctx, &order{kind: orderChangeChild, name: name, spec: &spec}, nil)
}

// checkSame refuses to make another kind of child of a child.
func checkSame(old, spec *ChildSpec, f *faults) {
	if spec.Name != old.Name {
		f.add("Name", "cannot be changed, is %q", old.Name)
	}
	if spec.grouped() != old.grouped() || spec.Count != old.Count {
		f.add("Count", "cannot be changed, is %d; members come and go with Spawn and Stop", old.Count)
	}
	if spec.Placement != old.Placement {
		f.add("Placement", "cannot be changed")
	}
	if !old.Mailbox.same(&spec.Mailbox) {
		f.add("Mailbox", "cannot be changed")
	}
	a, b := &old.Start, &spec.Start
	switch {
	case a.subtree != b.subtree:
		f.add("Start", "a subtree stays the one it is; change its spec with Supervisor.Change")
	case (a.loop == nil) != (b.loop == nil):
		f.add("Start", "a handler cannot become a loop, nor a loop a handler")
	case reflect.TypeOf(a.takes) != reflect.TypeOf(b.takes):
		f.add("Start", "takes another type of message")
	}
}

// rules are the spec as the decision takes it.
func (s *SupervisorSpec) rules() (supervise.Strategy, supervise.Intensity, supervise.AutoShutdown) {
	return supervise.Strategy(s.Strategy), s.Intensity.plan(), supervise.AutoShutdown(s.AutoShutdown)
}

// change is the agenda's side of Change.
func (s *supervisor) change(spec *SupervisorSpec) error {
	var f faults
	for _, c := range s.children.order {
		f.under(fmt.Sprintf("child %q, ", c.name), func() {
			checkSignificant(&c.plan.terms().ChildSpec, spec.AutoShutdown, &f)
		})
	}
	if err := f.err(); err != nil {
		return err
	}
	if s.over() {
		return ErrStopped
	}
	s.mu.Lock()
	s.spec.Strategy, s.spec.Intensity = spec.Strategy, spec.Intensity
	s.spec.AutoShutdown, s.spec.Conditions, s.spec.Callbacks = spec.AutoShutdown, spec.Conditions, spec.Callbacks
	s.spec.Middleware = spec.Middleware
	s.mu.Unlock()
	s.layer(spec.Middleware)
	for _, c := range s.children.order {
		c.plan.agree(c.plan.terms().ChildSpec, spec.Conditions)
	}
	if s.machine != nil {
		s.machine.Configure(spec.rules())
	}
	return nil
}

// changeChild is the agenda's side of ChangeChild.
func (s *supervisor) changeChild(c *child, spec *ChildSpec) error {
	var f faults
	checkSignificant(spec, s.spec.AutoShutdown, &f)
	if err := f.err(); err != nil {
		return err
	}
	if s.over() {
		return ErrStopped
	}
	c.plan.agree(*spec, s.spec.Conditions)
	if spec.Optional {
		s.heal(&c.ailment) // of one that was given up nothing else would follow
		s.excuse(c)
	}
	if s.machine != nil {
		s.machine.Declare(c.policy(), 0) // a known child keeps its place and state
	}
	return nil
}

// excuse forgets what is wrong below a child that has just been made Optional.
func (s *supervisor) excuse(c *child) {
	if b := c.branch(); b != nil {
		s.sys.ward.excuse(b)
		s.sys.storms.excuse(b)
	}
}

// over reports whether the supervisor is down for good.
func (s *supervisor) over() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.disposed // the parent's agenda writes it
}
