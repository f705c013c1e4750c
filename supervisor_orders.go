package bastion

import (
	"fmt"

	"github.com/bastion-go/bastion/internal/supervise"
)

// obey carries out an order of the API. It is answered now, or when the child it
// is about is up or down.
func (s *supervisor) obey(o *order) {
	switch o.kind {
	case orderAdd:
		s.add(o)
		return
	case orderChange:
		o.answer(s.change(o.super))
		return
	}
	c := s.children.ids[supervise.ID(o.id)]
	if o.id == 0 {
		c = s.children.names[o.name]
	}
	switch {
	case o.id != 0 && (c == nil || c.hidden):
		o.answer(o.afterwards()) // it has gone already
	case c == nil:
		o.answer(fmt.Errorf("%w: %s has no child %q", ErrNoProcess, s.path, o.name))
	case o.kind == orderMove:
		o.answer(s.move(c, o.at))
	case o.kind == orderChangeChild:
		o.answer(s.changeChild(c, o.spec))
	case s.machine == nil || o.kind == orderRemove && s.through(c):
		s.obeyDown(c, o)
	default:
		s.obeyUp(c, o)
	}
}

// through reports whether this life of the supervisor ends, and has nothing more to
// do with c: the machine would hear of no order about it.
func (s *supervisor) through(c *child) bool {
	status, _ := s.machine.Status(c.id)
	return s.machine.Ending() && status == supervise.StatusDown
}

func (s *supervisor) obeyUp(c *child, o *order) {
	kind := supervise.EvStopChild
	switch o.kind {
	case orderRemove:
		kind = supervise.EvRemoveChild
		c.removed = true
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
		if wantsDown(o) {
			s.heal(&c.ailment) // it was given up, and now is meant to be down
		}
		c.halt = haltStop // a kill of what is down must not colour a later stop
		c.waiting.answer(wantsDown, nil)
	}
}

// obeyDown is for a supervisor that does not run: not started yet, between two
// lives, or stopped for good; or ends, and is through with the child.
func (s *supervisor) obeyDown(c *child, o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch o.kind {
	case orderHalt:
		c.off = !s.begun // an order to stop is for this life of the supervisor, or for its first
		c.sub.dispose(passing{why: DiscardStopped, reason: c.exitReason(), last: c.lastFailure()})
	case orderRemove:
		c.sub.dispose(passing{why: DiscardStopped, reason: c.exitReason()})
		s.children.remove(c)
		c.waiting.down(ErrStopped)
		s.heal(&c.ailment)
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
	if s.machine == nil && s.begun || s.machine != nil && s.machine.Ending() {
		o.answer(ErrStopped)
		return
	}
	at, err := s.vet(o)
	if err != nil {
		o.answer(err)
		return
	}
	c := s.newChild(*o.spec)
	if !s.enlist(c, at) {
		o.answer(ErrStopped)
		return
	}
	o.made = c
	if s.machine == nil {
		o.answer(nil) // declared; it starts with the others
		return
	}
	c.waiting = append(c.waiting, o)
	s.machine.Declare(c.policy(), s.children.next(c))
	s.step(supervise.Event{Kind: supervise.EvStartChild, ID: c.id}, nil)
}

// enlist puts a new child into the table, unless the supervisor is down for good,
// which the parent's agenda may find at any time before the first start.
func (s *supervisor) enlist(c *child, at int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.disposed {
		s.children.insert(c, at)
	}
	return !s.disposed
}

// vet says where a new child is put, or why it is refused.
func (s *supervisor) vet(o *order) (at int, err error) {
	var f faults
	if name := childName(o.spec); name != "" && s.children.names[name] != nil {
		f.add("Name", "%q is taken in %s", name, s.path)
	}
	checkSignificant(o.spec, s.spec.AutoShutdown, &f)
	if err := f.err(); err != nil {
		return 0, err
	}
	return s.children.index(o.at, s.path, nil)
}

func (s *supervisor) move(c *child, to Position) error {
	if to.Before == c.name || to.After == c.name {
		return nil
	}
	at, err := s.children.index(to, s.path, c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.children.move(c, at)
	s.mu.Unlock()
	s.step(supervise.Event{Kind: supervise.EvMove, ID: c.id, Before: s.children.next(c)}, nil)
	return nil
}
