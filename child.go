package bastion

import (
	"strconv"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A child is a supervisor's record of one of its children. Agenda only, except
// for what is set once (id, name, plan, sub and the three pointers).
type child struct {
	id   supervise.ID
	name string
	plan *plan
	sub  subject
	// One of these is sub, by its type.
	proc  *process
	group *group
	super *supervisor

	dynamic bool   // was added while the supervisor ran: gone when that restarts
	ran     bool   // its last start has succeeded
	removed bool   // its removal was ordered
	hidden  bool   // declared, but gone until the supervisor restarts; under the supervisor's mu
	off     bool   // stopped on purpose while the supervisor was down
	turn    uint32 // counts starts, so that timers of earlier ones are told apart
	timer   executor.Timer
	delay   executor.Timer
	halt    halt     // how the next stop is to be done
	failure *Failure // why the next start is a restart; nil again once that is done
	row     int      // failures in a row, as the next is told
	late    bool     // its start timed out
	rites   int      // AfterStop callbacks that have not returned
	held    bool     // a start that waits for those
	waiting waiters  // until it is up or down
	ailment *ailment // in the ward; nil: it is up, or not meant to be
	asked   *event   // the end of a subtree, while its conditions are asked
}

// A subject is what a supervisor supervises: a process, a group, a supervisor.
// Its methods return at once; what comes of them is reported as eventStarted and
// eventExited.
type subject interface {
	begin(w *executor.Worker, failure *Failure, again bool)
	stopBy(how halt)
	settled()
	dispose(passing)
}

func (p *process) stopBy(how halt) {
	if how == haltKill {
		p.kill()
		return
	}
	p.stop(how == haltDrain)
}

// newChild makes the record and the child itself, which is down.
func (s *supervisor) newChild(spec ChildSpec) *child {
	s.lastID++
	c := &child{id: s.lastID, name: childName(&spec), dynamic: s.machine != nil}
	if c.name == "" {
		c.name = "#" + strconv.FormatUint(uint64(c.id), 10)
	}
	spec.Name = c.name
	c.plan = newPlan(s.sys, &s.base, spec, s.spec.Conditions)
	index := uint32(c.id)
	switch {
	case spec.Start.subtree != nil:
		c.super = newSupervisor(s.sys, &s.base, index, c.name, *spec.Start.subtree)
		c.super.plan = c.plan
		c.sub = c.super
	case spec.grouped():
		c.group = newGroup(c.plan, &s.base, index)
		c.sub = c.group
	default:
		c.proc = newProcess(c.plan, index)
		c.sub = c.proc
	}
	return c
}

func (c *child) path() string {
	switch {
	case c.proc != nil:
		return c.proc.path()
	case c.group != nil:
		return c.group.path
	}
	return c.super.path
}

// branch is the base of a child that has children itself.
func (c *child) branch() *base {
	switch {
	case c.group != nil:
		return &c.group.base
	case c.super != nil:
		return &c.super.base
	}
	return nil
}

func (c *child) policy() supervise.Child {
	t := c.plan.terms()
	out := supervise.Child{
		ID: c.id, Type: supervise.Type(t.Restart), Tries: t.Tries, TriesWithin: t.TriesWithin, Backoff: t.backoff,
		Significant: t.Significant,
	}
	if c.group != nil {
		out.Type = supervise.Permanent
	}
	return out
}

func (c *child) stopTimers() {
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if c.delay != nil {
		c.delay.Stop()
		c.delay = nil
	}
}
