package bastion

import (
	"fmt"
	"slices"

	"github.com/bastion-go/bastion/internal/supervise"
)

// obey carries out an order of the API. It is answered now, or when the child it
// is about is up or down.
func (s *supervisor) obey(o *order) {
	if o.kind == orderAdd {
		s.add(o)
		return
	}
	c := s.byID(supervise.ID(o.id))
	if o.id == 0 {
		c = s.byName(o.name)
	}
	switch {
	case c == nil && o.p != nil:
		o.answer(nil) // it has gone already
	case c == nil:
		o.answer(fmt.Errorf("%w: %s has no child %q", ErrNoProcess, s.path, o.name))
	case s.machine == nil:
		s.obeyDown(c, o)
	default:
		s.obeyUp(c, o)
	}
}

func (s *supervisor) obeyUp(c *child, o *order) {
	kind := supervise.EvStopChild
	switch o.kind {
	case orderMove:
		s.move(c, o)
		return
	case orderRemove:
		kind = supervise.EvRemoveChild
	case orderRestart:
		kind = supervise.EvRestartChild
	}
	c.waiting = append(c.waiting, o)
	if wantsDown(o) {
		c.halt = max(c.halt, o.halt)
		if o.halt == haltKill && s.stoppingChild(c) {
			c.sub.stopBy(haltKill)
		}
	}
	s.step(supervise.Event{Kind: kind, ID: c.id}, nil)
	if s.machine == nil {
		return
	}
	if status, _ := s.machine.Status(c.id); status == supervise.StatusDown && c.rites == 0 {
		c.halt = haltStop // a kill of what is down must not colour a later stop
		c.waiting.answer(wantsDown, nil)
	}
}

// obeyDown is for a supervisor that does not run: not started yet, between two
// lives, or stopped for good.
func (s *supervisor) obeyDown(c *child, o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o.kind {
	case orderHalt:
		c.off = true
		c.sub.dispose(passing{why: DiscardStopped, reason: c.exitReason()})
	case orderRemove:
		c.sub.dispose(passing{why: DiscardStopped, reason: c.exitReason()})
		s.children = slices.DeleteFunc(slices.Clone(s.children), func(x *child) bool { return x == c })
	case orderMove:
		o.answer(s.reorder(c, o.before))
		return
	default:
		o.answer(s.refusal())
		return
	}
	o.answer(nil)
}

// refusal is why a supervisor that does not run cannot start anything.
func (s *supervisor) refusal() error {
	if !s.begun && !s.disposed {
		return ErrNotStarted
	}
	return ErrStopped
}

func (s *supervisor) add(o *order) {
	s.mu.RLock()
	disposed := s.disposed // the parent's agenda writes it
	s.mu.RUnlock()
	if disposed || s.machine == nil && s.begun || s.machine != nil && s.ending {
		o.answer(ErrStopped)
		return
	}
	if name := childName(o.spec); name != "" && s.byName(name) != nil {
		o.answer(&SpecError{Faults: []string{fmt.Sprintf("Name: %q is taken in %s", name, s.path)}})
		return
	}
	var f faults
	checkSignificant(o.spec, s.spec.AutoShutdown, "", &f)
	if err := f.err(); err != nil {
		o.answer(err)
		return
	}
	c := s.newChild(*o.spec)
	o.made = c
	s.mu.Lock()
	s.children = append(slices.Clone(s.children), c)
	s.mu.Unlock()
	if s.machine == nil {
		o.answer(nil) // declared; it starts with the others
		return
	}
	c.waiting = append(c.waiting, o)
	s.machine.Declare(c.policy(), 0)
	s.step(supervise.Event{Kind: supervise.EvStartChild, ID: c.id}, nil)
}

func (s *supervisor) move(c *child, o *order) {
	s.mu.Lock()
	err := s.reorder(c, o.before)
	s.mu.Unlock()
	if err == nil {
		var before supervise.ID
		if b := s.byName(o.before); b != nil {
			before = b.id
		}
		s.step(supervise.Event{Kind: supervise.EvMove, ID: c.id, Before: before}, nil)
	}
	o.answer(err)
}

// reorder puts c before the named sibling, or last if that is empty. mu is held.
func (s *supervisor) reorder(c *child, before string) error {
	if before == c.name {
		return nil
	}
	rest := slices.DeleteFunc(slices.Clone(s.children), func(x *child) bool { return x == c })
	at := len(rest)
	if before != "" {
		at = slices.IndexFunc(rest, func(x *child) bool { return x.name == before })
		if at < 0 {
			return fmt.Errorf("%w: %s has no child %q", ErrNoProcess, s.path, before)
		}
	}
	s.children = slices.Insert(rest, at, c)
	return nil
}
