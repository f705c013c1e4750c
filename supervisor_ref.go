package bastion

import (
	"context"
)

// A Supervisor is a reference to a supervisor of a running or declared system.
// It stays valid through restarts. All methods may be called from any goroutine,
// also from inside the supervisor's own children: an order that would have to
// wait for its caller's own end is carried out and answered with ErrPending.
//
// A nil *Supervisor, which is what looking up an unknown name gives, refers to
// nobody, as the zero Ref does: verbs answer ErrNoProcess.
type Supervisor struct{ s *supervisor }

// Name is the last element of the path.
func (s *Supervisor) Name() string {
	if s.nobody() {
		return ""
	}
	return s.s.name
}

// Path is where the supervisor stands, for example "/bastion/counting".
func (s *Supervisor) Path() string {
	if s.nobody() {
		return ""
	}
	return s.s.path
}

func (s *Supervisor) nobody() bool { return s == nil || s.s == nil }

func (s *Supervisor) order(ctx context.Context, o *order, ends func(*process) bool) error {
	if s.nobody() {
		return ErrNoProcess
	}
	return s.s.order(ctx, o, ends)
}

func (s *Supervisor) find(name string) *child {
	if s.nobody() {
		return nil
	}
	s.s.mu.RLock()
	defer s.s.mu.RUnlock()
	return s.s.children.names[name]
}

// Parent is the supervisor above; nil at the root, and for a nil Supervisor. With
// its verbs and Name a subtree itself is restarted, removed, moved and changed.
func (s *Supervisor) Parent() *Supervisor {
	if s.nobody() || s.s.parent == nil {
		return nil
	}
	return &Supervisor{s.s.parent.self.(*supervisor)}
}

// Child is the process of that name among the supervisor's own children; the
// zero Ref if there is none, or if it is a group or a subtree.
func (s *Supervisor) Child(name string) Ref {
	if c := s.find(name); c != nil {
		return Ref{c.proc}
	}
	return Ref{}
}

// Group is the group of that name among the supervisor's own children; nil if
// there is none.
func (s *Supervisor) Group(name string) *Group {
	if c := s.find(name); c != nil && c.group != nil {
		return &Group{c.group}
	}
	return nil
}

// Supervisor is the subtree of that name among the supervisor's own children;
// nil if there is none.
func (s *Supervisor) Supervisor(name string) *Supervisor {
	if c := s.find(name); c != nil && c.super != nil {
		return &Supervisor{c.super}
	}
	return nil
}

// Remove stops the named child, if it runs, and forgets its spec: also a restart of
// the supervisor does not bring it back. ErrNoProcess if there is none of that name.
func (s *Supervisor) Remove(ctx context.Context, name string) error {
	return s.order(ctx, &order{kind: orderRemove, name: name}, s.ending(name))
}

// Restart stops the named child, if it runs, and starts it again, also if it was
// stopped on purpose or had finished. A running child keeps its mailbox. It does
// not count against the intensity. From inside a start hook below this supervisor
// it is not waited for: ErrPending.
func (s *Supervisor) Restart(ctx context.Context, name string) error {
	return s.order(ctx, &order{kind: orderRestart, name: name}, s.ending(name))
}

// Move puts the named child before or after another one in the start order, or
// last. Nothing is restarted; the order counts from the next decision, and outlives
// restarts of the supervisor.
func (s *Supervisor) Move(ctx context.Context, name string, to Position) error {
	if err := to.check(); err != nil {
		return err
	}
	return s.order(ctx, &order{kind: orderMove, name: name, at: to}, nil)
}

// ending says which processes end when the named child does.
func (s *Supervisor) ending(name string) func(*process) bool {
	c := s.find(name)
	switch {
	case c == nil:
		return nil
	case c.proc != nil:
		return itself(c.proc)
	}
	return below(c.branch())
}

// Stop stops the whole subtree for good, in reverse order, each child within its
// shutdown time, and waits for it as Ref.Stop does. Stopping the root stops the
// system.
func (s *Supervisor) Stop(ctx context.Context) error { return s.end(ctx, haltStop) }

// Drain is Stop, but each process first handles what is queued, one child after the
// other, each within its shutdown time.
func (s *Supervisor) Drain(ctx context.Context) error { return s.end(ctx, haltDrain) }

// Kill kills the whole subtree for good.
func (s *Supervisor) Kill(ctx context.Context) error { return s.end(ctx, haltKill) }

func (s *Supervisor) end(ctx context.Context, how halt) error {
	if s.nobody() {
		return ErrNoProcess
	}
	b := &s.s.base
	if b.parent == nil {
		return b.sys.halt(ctx, how)
	}
	o := &order{kind: orderHalt, halt: how, id: uint64(b.index)}
	return b.parent.order(ctx, o, below(b))
}
