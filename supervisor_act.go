package bastion

import (
	"fmt"

	"github.com/bastion-go/bastion/internal/supervise"
)

// step asks the machine and carries out what it says. cause is the event that
// led to it; nil for orders.
func (s *supervisor) step(ev supervise.Event, cause *event) {
	if s.machine == nil {
		return
	}
	s.perform(s.machine.Step(s.sys.clock.Now(), ev), cause)
}

func (s *supervisor) perform(actions []supervise.Action, cause *event) {
	if !s.closing && s.machine.Ending() {
		s.mu.Lock()
		s.closing = true
		s.mu.Unlock()
	}
	for _, a := range actions {
		s.act(a, cause)
	}
}

// decision says in words what the actions that follow the end of c mean for it.
func (s *supervisor) decision(c *child, actions []supervise.Action) string {
	for _, a := range actions {
		if a.ID != c.id {
			continue
		}
		switch a.Kind {
		case supervise.ActRestarting:
			text := "restart"
			if a.For > 0 {
				text = fmt.Sprintf("restart after %v", a.For)
			}
			if s.spec.Strategy != OneForOne {
				text += " with its siblings (" + s.spec.Strategy.String() + ")"
			}
			return text
		case supervise.ActGiveUp:
			return giveUpText(a.End)
		case supervise.ActDown:
			return downText(a.Why)
		}
	}
	if !s.up {
		return "the supervisor does not start"
	}
	if s.closing {
		return downText(supervise.WhyEnded)
	}
	return "restart with its siblings" // which is under way already
}

func giveUpText(end supervise.End) string {
	switch end {
	case supervise.EndEscalated:
		return "escalate (condition)"
	case supervise.EndStopSystem:
		return "stop the system (condition)"
	}
	return "escalate (intensity exceeded)"
}

func (s *supervisor) act(a supervise.Action, cause *event) {
	c := s.children.ids[a.ID]
	if c == nil && a.ID != 0 {
		return // it was removed while this life was on its way down
	}
	switch a.Kind {
	case supervise.ActStart:
		s.start(c, cause)
	case supervise.ActStop:
		s.stopChild(c)
	case supervise.ActDelay:
		s.unwell(c, ailment{kind: ProblemWaiting, until: s.sys.clock.Now().Add(a.For), reason: c.exitReason()})
		c.delay = s.after(a.For, event{kind: eventDue, id: uint64(c.id), inc: c.turn})
	case supervise.ActCancelDelay:
		if c.delay != nil {
			c.delay.Stop()
			c.delay = nil
		}
	case supervise.ActRestarting:
		s.restarting(c, a)
	case supervise.ActDown:
		s.down(c, a)
	case supervise.ActBooted:
		if !s.hold(&s.life, s.spec.Callbacks.after(s.path, s.life.failure), s.patience()) {
			s.arrived()
		}
	case supervise.ActBootFailed:
		s.why = &StartError{Path: c.path(), Reason: c.failure.Reason}
	case supervise.ActGiveUp:
		s.giveUp(c, a.End)
	case supervise.ActEnded:
		if s.life.rite == nil {
			s.ended()
		} // otherwise when that is over
	}
}

// start starts a child, or has it wait: while an AfterStop callback of its life
// before has not returned, that is not over.
func (s *supervisor) start(c *child, cause *event) {
	if c.held = c.rites > 0; c.held {
		s.unwell(c, ailment{kind: ProblemStarting})
		return
	}
	c.turn++
	again := c.failure != nil
	if !c.waiting.want(func(o *order) bool { return o.kind == orderAdd }) {
		s.unwell(c, ailment{kind: ProblemStarting})
	}
	if d := c.plan.terms().StartTimeout; d > 0 {
		c.timer = s.after(d, event{kind: eventStartTimeout, id: uint64(c.id), inc: c.turn})
	}
	c.late, c.ran = false, false
	if cause != nil && cause.w != nil {
		c.sub.begin(cause.w, c.failure, again)
		return
	}
	c.sub.begin(nil, c.failure, again)
}

// stopChild orders a child to stop and sets its shutdown time running. The
// timer is set first, because a child that stops at once cancels it.
func (s *supervisor) stopChild(c *child) {
	c.turn++ // a start timeout that has just fired is late
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if ev := c.asked; ev != nil { // it is down, and no condition matters any more
		again := *ev
		again.judged = ev
		s.post(again)
	}
	if !c.waiting.want(wantsDown) {
		s.unwell(c, ailment{kind: ProblemStopping})
	}
	if c.held { // nothing has begun
		c.held = false
		s.post(event{kind: eventUnheld, id: uint64(c.id)})
		return
	}
	how := max(s.how, c.halt)
	switch d := c.plan.terms().shutdown(); {
	case d == BrutalKill:
		how = haltKill
	case d != UnlimitedShutdown && how != haltKill:
		c.timer = s.after(d, event{kind: eventExpired, id: uint64(c.id), inc: c.turn})
	}
	c.sub.stopBy(how)
}

func (s *supervisor) restarting(c *child, a supervise.Action) {
	c.row = a.Attempt
	c.failure.Restarts, c.failure.Delay = a.Attempt, a.For
	s.unwell(c, ailment{kind: ProblemWaiting, reason: c.failure.Reason})
	s.storm(a.Count, s.spec.Intensity.plan())
	if !s.sys.watched() {
		return
	}
	s.sys.emit(Event{
		Kind: EventRestarting, Path: c.path(), Reason: c.failure.Reason, Delay: a.For,
		Restarts: a.Attempt, Incarnation: c.failure.Incarnation,
	})
}

// down is told what the end of a child means. While the supervisor itself ends,
// the mailboxes of its own children are kept: its parent may start it again.
func (s *supervisor) down(c *child, a supervise.Action) {
	why := a.Why
	if s.heal(&c.ailment); why == supervise.WhyGivenUp {
		s.unwell(c, ailment{kind: ProblemGivenUp, reason: c.exitReason()})
	}
	if why == supervise.WhyEnded && !c.dynamic && !c.removed {
		c.waiting.answer(wantsDown, nil)
		return
	}
	end := passing{why: DiscardStopped, reason: c.exitReason(), last: c.lastFailure()}
	if c.halt == haltKill || s.how == haltKill {
		end.why = DiscardKilled
	}
	c.stopTimers()
	if why == supervise.WhyForgotten || why == supervise.WhyEnded || why == supervise.WhyStartFailed && !s.knows(c) {
		s.forget(c)
	}
	failed := error(ErrStopped)
	if why == supervise.WhyStartFailed || why == supervise.WhyForgotten && !c.ran && !c.waiting.want(wantsDown) {
		failed = &StartError{Path: c.path(), Reason: end.reason}
	}
	c.failure, c.row, c.halt = nil, 0, haltStop
	// Those who wait now are answered when the last callback has returned; an order
	// that comes after this end, for another start perhaps, is not theirs.
	waiting := c.waiting
	c.waiting = nil
	if a.Again {
		waiting, c.waiting = waiting.split()
	}
	c.rites++
	end.told = func() { s.post(event{kind: eventRites, child: c, waiting: waiting, reason: failed}) }
	c.sub.dispose(end)
}

// knows reports whether the machine still has c in its table.
func (s *supervisor) knows(c *child) bool {
	_, known := s.machine.Status(c.id)
	return known
}

// buried is called when the AfterStop callback of a child has returned.
func (s *supervisor) buried(ev *event) {
	ev.waiting.down(ev.reason)
	c := ev.child
	if c.rites--; c.rites > 0 {
		return
	}
	c.waiting.answer(wantsDown, nil)
	if c.held {
		s.start(c, nil)
	}
}

// lastFailure is what is known of the end of a child that is down.
func (c *child) lastFailure() Failure {
	if c.failure == nil {
		return Failure{}
	}
	return *c.failure
}

// exitReason is why a child that is down ended; nil after a normal end.
func (c *child) exitReason() error {
	if c.failure == nil {
		return nil
	}
	return c.failure.Reason
}

func downText(why supervise.Why) string {
	return pick(int(why), "finished", "stopped", "gave it up", "its start failed", "forgot it", "supervisor ends")
}

func (s *supervisor) forget(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.dynamic || c.removed {
		s.children.remove(c)
	} else {
		s.children.hide(c) // as in OTP, a new life of the supervisor begins with all that was declared
	}
}

// ended reports the end to the parent, to whom the supervisor belongs from here on.
func (s *supervisor) ended() {
	s.mu.Lock()
	s.machine, s.up = nil, false
	over := s.children.strip()
	s.mu.Unlock()
	for _, c := range append(over, s.children.order...) {
		c.stopTimers()
		s.heal(&c.ailment)
		c.halt = haltStop
		c.waiting.down(ErrStopped)
	}
	reason := s.why
	if reason == nil {
		reason = ErrShutdown
		if s.how == haltKill {
			reason = ErrKilled
		}
	}
	s.report(event{
		kind: eventExited, inc: uint32(s.restarts + 1), reason: reason, outcome: s.outcome,
		report: s.crash(s.why, s.restarts, s.since), up: s.sys.clock.Now().Sub(s.since),
	})
}
