package bastion

import (
	"slices"
	"sync"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A supervisor drives a supervise.Machine: it turns what happens to its children
// into events, and carries out the actions. All of it happens on its agenda.
type supervisor struct {
	base
	spec SupervisorSpec

	// mu guards the table for readers; the agenda alone writes it.
	mu       sync.RWMutex
	children roster
	machine  *supervise.Machine
	up       bool // booted, and not down
	closing  bool // it ends
	restarts uint64

	lastID   supervise.ID
	how      halt      // how children are stopped while it ends
	life     ceremony  // its callbacks
	begun    bool      // it was started at least once
	since    time.Time // when this life began
	disposed bool      // down for good
	why      error     // why it ends
	outcome  Outcome
}

func newSupervisor(sys *System, parent *base, index uint32, name string, spec SupervisorSpec) *supervisor {
	s := &supervisor{spec: spec}
	s.place(sys, parent, index, name, s)
	s.layer(spec.Middleware)
	for i := range spec.Children {
		s.children.insert(s.newChild(spec.Children[i]), i)
	}
	s.spec.Children = nil
	return s
}

// subject

func (s *supervisor) begin(w *executor.Worker, failure *Failure, again bool) {
	s.post(event{kind: eventBegin, w: w, failure: failure})
}

func (s *supervisor) stopBy(how halt) { s.post(event{kind: eventHalt, halt: how}) }

func (s *supervisor) settled() {}

// dispose is called by the parent's agenda, while nothing of this supervisor
// runs; its own agenda is quiet then but for orders, which see disposed.
func (s *supervisor) dispose(end passing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.disposed {
		end.tell()
		return
	}
	s.disposed = true
	told := s.last(end, s.spec.Callbacks.AfterStop, s.begun, s.restarts+1, len(s.children.order))
	for _, c := range slices.Backward(s.children.order) {
		c.sub.dispose(passing{why: end.why, reason: c.exitReason(), last: c.lastFailure(), told: told})
	}
	s.gone(end, s.begun)
	told()
}

// keeper

func (s *supervisor) handle(ev *event) {
	switch ev.kind {
	case eventBegin:
		s.boot(ev.failure)
	case eventHook:
		s.hooked(ev.reason)
	case eventHalt:
		s.haltAll(ev.halt)
	case eventOrder:
		s.obey(ev.order)
	case eventRites:
		s.buried(ev)
	default:
		if c := s.children.ids[supervise.ID(ev.id)]; c != nil {
			s.childEvent(c, ev)
		}
	}
}

func (s *supervisor) childEvent(c *child, ev *event) {
	switch ev.kind {
	case eventStarted:
		s.childStarted(c, ev)
	case eventEnding:
		s.childEnding(c, ev)
	case eventExited:
		s.childExited(c, ev)
	case eventUnheld:
		s.step(supervise.Event{Kind: supervise.EvExited, ID: c.id, Class: supervise.ClassShutdown}, nil)
	case eventAbandon:
		c.proc.abandon(ev.inc)
	case eventStuck:
		c.proc.stuck(ev.inc)
	case eventSilent:
		if c.proc.silent(ev) {
			s.childEnding(c, ev)
		}
	case eventKill:
		c.proc.slain(ev.inc)
	case eventDue:
		if c.turn == ev.inc && c.delay != nil {
			c.delay = nil
			s.step(supervise.Event{Kind: supervise.EvDue, ID: c.id}, ev)
		}
	case eventExpired:
		if c.turn == ev.inc && c.timer != nil {
			c.timer = nil
			c.sub.stopBy(haltKill)
		}
	case eventStartTimeout:
		if c.turn == ev.inc && c.timer != nil {
			c.timer, c.late = nil, true
			c.sub.stopBy(haltKill)
		}
	}
}

// boot starts a new life of the supervisor with the children it was declared with,
// those among them, too, that were forgotten when they had ended; those added to an
// earlier life are gone, as in OTP. What was removed stays removed.
func (s *supervisor) boot(failure *Failure) {
	m := supervise.New(supervise.OneForOne, supervise.Intensity{})
	m.Configure(s.spec.rules())
	s.mu.Lock()
	if s.begun {
		s.restarts++
	}
	s.machine, s.begun, s.closing, s.disposed = m, true, false, false
	s.children.show()
	s.mu.Unlock()
	s.why, s.outcome, s.how, s.since = nil, 0, haltStop, s.sys.clock.Now()
	for _, c := range s.children.order {
		m.Declare(c.policy(), 0)
		if c.off { // down until it is ordered up again
			c.off = false
			s.step(supervise.Event{Kind: supervise.EvStopChild, ID: c.id}, nil)
		}
	}
	s.life = ceremony{failure: failure}
	if !s.hold(&s.life, s.spec.Callbacks.before(s.path, failure), s.patience()) {
		s.open()
	}
}

// haltAll stops everything below, in reverse order; a kill may overtake a stop.
func (s *supervisor) haltAll(how halt) {
	if s.machine == nil {
		return // it has ended; that was reported
	}
	if s.how != haltKill {
		s.how = how
	}
	if how == haltKill {
		for _, c := range s.children.order {
			if status, _ := s.machine.Status(c.id); status == supervise.StatusStopping {
				c.sub.stopBy(haltKill)
			}
		}
	}
	s.life.callOff(how)
	s.step(supervise.Event{Kind: supervise.EvShutdown}, nil)
}

func (s *supervisor) childStarted(c *child, ev *event) {
	if s.machine == nil || c.proc != nil && c.proc.ctx.Load().inc != ev.inc {
		return
	}
	if c.timer != nil && !s.stoppingChild(c) {
		c.timer.Stop()
		c.timer = nil
	}
	if !s.stoppingChild(c) {
		s.heal(&c.ailment)
	}
	if c.proc != nil {
		c.proc.emitFor(EventStarted, ev.inc, nil)
	}
	c.ran, c.failure = true, nil
	if !s.stoppingChild(c) { // otherwise it is the next start that is waited for
		c.waiting.answer(wantsUp, nil)
	}
	s.step(supervise.Event{Kind: supervise.EvStarted, ID: c.id}, ev)
}

// childEnding bounds the end of a child that nobody has told to end (contract L7).
// What brought the signal may come here when the supervisor itself is down.
func (s *supervisor) childEnding(c *child, ev *event) {
	if s.machine == nil || s.stoppingChild(c) || !c.proc.bound(ev.inc) {
		return
	}
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	s.unwell(c, ailment{kind: ProblemStopping})
	switch d := c.plan.terms().shutdown(); d {
	case BrutalKill:
		c.proc.kill()
	case UnlimitedShutdown:
	default:
		c.timer = s.after(d, event{kind: eventExpired, id: uint64(c.id), inc: c.turn})
	}
}

func (s *supervisor) stoppingChild(c *child) bool {
	status, _ := s.machine.Status(c.id)
	return status == supervise.StatusStopping
}

func (s *supervisor) childExited(c *child, ev *event) {
	if s.machine == nil || c.proc != nil && c.proc.ctx.Load().inc != ev.inc || ev.judged != c.asked {
		return
	}
	c.asked = nil
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.sub.settled()
	if c.late {
		c.late = false
		ev.timedOut(c.proc)
	}
	told := s.stoppingChild(c)
	if c.proc == nil && !told && s.ask(c, ev) {
		return
	}
	s.noteFailure(c, ev)
	if c.ailment != nil {
		s.unwell(c, ailment{kind: ProblemWaiting}) // unless what follows says otherwise
	}
	actions := s.machine.Step(s.sys.clock.Now(), supervise.Event{
		Kind: supervise.EvExited, ID: c.id, Class: classify(ev.reason), Outcome: verdictOf(ev.outcome),
		Jitter: s.sys.jitter(), Up: ev.up,
	})
	// Made known before it is acted upon: the system may be down right after that.
	if ev.report != nil {
		decision := "was being stopped"
		if !told {
			decision = s.decision(c, actions)
		}
		s.publish(c, ev, decision)
	}
	s.perform(actions, ev)
}

// noteFailure keeps what a restart of c would be told.
func (s *supervisor) noteFailure(c *child, ev *event) {
	c.failure = &Failure{Ref: Ref{c.proc}, Incarnation: uint64(ev.inc), Reason: ev.reason, Restarts: c.row}
	if r := ev.report; r != nil {
		c.failure.Path, c.failure.Message, c.failure.Incarnation = r.Path, r.Message, r.Incarnation
		return
	}
	c.failure.Path = c.path()
}

// publish makes the failure of a child known, with what was decided about it.
func (s *supervisor) publish(c *child, ev *event, decision string) {
	r := ev.report
	r.Reason, r.Decision, r.Restarts = ev.reason, decision, s.machine.Restarts(s.sys.clock.Now())
	s.sys.logCrash(r, ev.w)
	if !s.sys.watched() {
		return
	}
	s.sys.emit(Event{Kind: EventFailed, Path: r.Path, ID: r.ID, Incarnation: r.Incarnation, Reason: ev.reason, Report: r})
}
