package bastion

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A group supervises many alike children one for one, with an intensity of its
// own (OTP's simple-one-for-one). It uses the pure pieces of the decision rather
// than a Machine, because it may have a million members: a member that never
// failed costs a slot in a table and nothing else.
type group struct {
	base

	// mu guards the table for readers; the agenda alone writes it.
	mu       sync.RWMutex
	members  []*process // by number; nil: free
	free     []uint32   // numbers to be given again
	up       bool       // booted and not ending
	closing  bool       // it ends
	begun    bool       // it was started at least once
	alive    bool       // it was started and is not down
	disposed bool       // down for good
	restarts uint64
	// edition counts changes of who serves. The agenda writes it, under mu and after
	// the change; anybody reads it, before the table.
	edition atomic.Uint64

	phase  groupPhase
	next   int // the member that the boot starts next
	live   int // members that are not down
	how    halt
	why    error
	life   ceremony // its callbacks
	result Outcome
	since  time.Time
	lives  uint32         // counts boots, so that a timer of an earlier one is told apart
	timer  executor.Timer // its own shutdown time, when it ends by itself
	window supervise.Window
	lost   *ailment                 // members that it gave up in this life, together
	files  map[*process]*memberFile // of members with a history, or waited for
}

type groupPhase uint8

const (
	groupDown groupPhase = iota
	groupBooting
	groupUp
	groupEnding
)

// A memberFile is what a group must remember of one member.
type memberFile struct {
	streak   supervise.Streak
	spent    supervise.Spent
	failure  *Failure       // why the next start is a restart; nil again once that is done
	row      int            // failures in a row
	delay    executor.Timer // between two incarnations
	timer    executor.Timer // start timeout or shutdown time
	late     bool           // its start timed out
	starting bool           // its first start is waited for (Spawn)
	leaving  bool           // it was told to stop for good
	again    bool           // it was told to stop, to be started again
	halt     halt
	waiting  waiters
	ailment  *ailment // in the ward; nil: it is up, or not meant to be
}

func newGroup(pl *plan, parent *base, index uint32) *group {
	g := new(group)
	g.plan = pl
	pl.parent = &g.base
	g.grouped = true
	g.place(pl.sys, parent, index, pl.name, g)
	g.fill()
	return g
}

// fill makes the members of the spec that do not exist.
func (g *group) fill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.plan.terms().Count {
		if i == len(g.members) {
			g.members = append(g.members, nil)
		}
		if g.members[i] == nil {
			g.members[i] = newProcess(g.plan, uint32(i))
		}
	}
	g.vacate()
}

// vacate lists the numbers that are free. mu is held.
func (g *group) vacate() {
	g.edition.Add(1)
	g.free = nil
	for i, p := range slices.Backward(g.members) {
		if p == nil {
			g.free = append(g.free, uint32(i))
		}
	}
}

func (g *group) file(p *process) *memberFile {
	f := g.files[p]
	if f == nil {
		if g.files == nil {
			g.files = make(map[*process]*memberFile)
		}
		f = new(memberFile)
		g.files[p] = f
	}
	return f
}

// subject

func (g *group) begin(w *executor.Worker, failure *Failure, _ bool) {
	g.post(event{kind: eventBegin, w: w, failure: failure})
}

func (g *group) stopBy(how halt) { g.post(event{kind: eventHalt, halt: how}) }

func (g *group) settled() {}

func (g *group) dispose(end passing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.disposed {
		end.tell()
		return
	}
	g.disposed = true
	told := g.last(end, g.plan.terms().GroupCallbacks.AfterStop, g.begun, g.restarts+1, len(g.members)-len(g.free))
	for _, p := range g.members {
		if p != nil {
			p.dispose(passing{why: end.why, reason: end.reason, told: told})
		}
	}
	g.gone(end, g.begun)
	told()
}

// keeper

func (g *group) handle(ev *event) {
	switch ev.kind {
	case eventBegin:
		g.boot(ev)
	case eventHook:
		g.hooked(ev.reason)
	case eventHalt:
		g.haltAll(ev.halt)
	case eventOrder:
		g.obey(ev.order)
	case eventStarted:
		g.memberStarted(ev)
	case eventEnding:
		g.memberEnding(ev)
	case eventExited:
		g.memberExited(ev)
	case eventAbandon:
		ev.p.abandon(ev.inc)
	case eventStuck:
		ev.p.stuck(ev.inc)
	case eventSilent:
		if ev.p.silent(ev) {
			g.memberEnding(ev)
		}
	case eventKill:
		ev.p.slain(ev.inc)
	case eventDue, eventExpired, eventStartTimeout:
		g.timed(ev)
	}
}

// boot starts the members one after the other, each when the one before has
// started: the next start is ordered by memberStarted.
func (g *group) boot(ev *event) {
	if g.begun {
		g.fill()
	}
	g.mu.Lock()
	if g.begun {
		g.restarts++
	}
	g.begun, g.alive, g.closing, g.disposed = true, true, false, false
	g.mu.Unlock()
	g.phase = groupBooting
	g.lives++
	g.since = g.sys.clock.Now()
	g.next, g.live, g.how, g.why, g.result = 0, 0, haltStop, nil, 0
	g.window = supervise.NewWindow(g.plan.terms().Intensity.plan())
	g.life = ceremony{failure: ev.failure}
	if t := g.plan.terms(); !g.hold(&g.life, t.GroupCallbacks.before(g.path, ev.failure), t.patience()) {
		g.life.open = true
		g.startNext(ev.w)
	}
}

func (g *group) startNext(w *executor.Worker) {
	for g.next < g.plan.terms().Count && g.members[g.next] == nil {
		g.next++
	}
	if g.next == g.plan.terms().Count {
		g.phase = groupUp
		if t := g.plan.terms(); !g.hold(&g.life, t.GroupCallbacks.after(g.path, g.life.failure), t.patience()) {
			g.arrived(w)
		}
		return
	}
	g.start(g.members[g.next], w)
}

// start begins the next incarnation of a member.
func (g *group) start(p *process, w *executor.Worker) {
	g.live++
	var failure *Failure
	if f := g.files[p]; f != nil {
		failure = f.failure
		g.unwell(p, ailment{kind: ProblemStarting})
	} else if p.state.load() != 0 {
		failure = &Failure{Path: p.path(), Ref: Ref{p}, Incarnation: uint64(lifeOf(p.state.load())), Reason: ErrShutdown}
	}
	if d := g.plan.terms().StartTimeout; d > 0 {
		inc := lifeOf(p.state.load()) + 1
		g.file(p).timer = g.after(d, event{kind: eventStartTimeout, p: p, inc: inc})
	}
	p.begin(w, failure, failure != nil)
}

func (g *group) memberStarted(ev *event) {
	p := ev.p
	if p.ctx.Load().inc != ev.inc {
		return
	}
	p.emitFor(EventStarted, ev.inc, nil)
	if f := g.files[p]; f != nil {
		f.starting, f.failure = false, nil
		g.setApart(p, false)
		g.heal(&f.ailment)
		if f.timer != nil && !f.leaving && !f.again {
			f.timer.Stop()
			f.timer = nil
		}
		if !f.again { // otherwise it is the next start that is waited for
			f.waiting.answer(wantsUp, nil)
		}
	}
	if g.phase == groupBooting && int(p.index) == g.next {
		g.next++
		g.startNext(ev.w)
	}
}

// memberExited decides what the end of a member's incarnation means.
func (g *group) memberExited(ev *event) {
	p := ev.p
	if !p.owed || p.ctx.Load().inc != ev.inc {
		return
	}
	p.settled()
	g.live--
	f := g.files[p]
	if f != nil && f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if f != nil && f.late {
		f.late = false
		ev.timedOut(p)
	}
	switch {
	case g.phase == groupEnding || f != nil && f.leaving:
		g.publish(ev, "was being stopped")
		if f != nil && f.leaving {
			g.leave(p, ev.last(), nil)
		}
		g.proceed(ev)
	case f != nil && f.again:
		g.publish(ev, "was being stopped")
		g.restarted(ev, f)
	case g.phase == groupBooting && int(p.index) == g.next && ev.outcome == 0:
		g.publish(ev, "the group does not start")
		g.end(&StartError{Path: p.path(), Reason: ev.reason}, 0)
	case f != nil && f.starting && ev.outcome == 0:
		g.publish(ev, "its start failed")
		g.leave(p, ev.last(), f.startError(ev))
	default:
		g.judge(ev)
	}
}

// judge is for a member that ended by itself.
func (g *group) judge(ev *event) {
	p, pl := ev.p, g.plan.terms()
	spent := 0
	if f := g.files[p]; f != nil {
		spent = f.spent.Count(g.sys.clock.Now(), pl.TriesWithin)
	}
	v := supervise.Decide(supervise.Type(pl.Restart), classify(ev.reason), verdictOf(ev.outcome), pl.Tries, spent)
	switch v {
	case supervise.VerdictRestart:
		g.restart(ev)
	case supervise.VerdictEscalate:
		g.publish(ev, "escalate (condition)")
		g.giveUp(g.escalation(p, ErrEscalated, ev.reason), 0)
	case supervise.VerdictStopSystem:
		g.publish(ev, "stop the system (condition)")
		g.giveUp(g.escalation(p, ErrSystemStop, ev.reason), StopSystem)
	case supervise.VerdictGiveUp:
		g.publish(ev, "gave it up")
		g.lose()
		g.leave(p, ev.last(), g.files[p].startError(ev))
	default:
		g.publish(ev, "finished")
		g.leave(p, ev.last(), g.files[p].startError(ev))
	}
	g.proceed(ev)
}

// proceed goes on with what waited for the end of a member: the end of the group,
// or a boot whose next member was stopped, or was allowed not to start.
func (g *group) proceed(ev *event) {
	switch {
	case g.phase == groupEnding:
		g.endIfDown()
	case g.phase == groupBooting && int(ev.p.index) == g.next && g.members[g.next] == nil:
		g.startNext(ev.w)
	}
}

// startError is for those who wait for the first start of a member that has ended;
// nil: it had started.
func (f *memberFile) startError(ev *event) error {
	if f == nil || !f.starting {
		return nil
	}
	return &StartError{Path: ev.p.path(), Reason: ev.reason}
}

func (g *group) escalation(p *process, cause, reason error) error {
	return &EscalationError{Supervisor: g.path, Child: p.path(), Cause: cause, Reason: reason}
}

func (g *group) restart(ev *event) {
	p, now, least := ev.p, g.sys.clock.Now(), time.Duration(0)
	t := g.plan.terms()
	in := t.Intensity.plan()
	g.window.Resize(in) // it may have been changed
	exceeded := g.window.Add(now)
	g.storm(g.window.Count(now), in)
	if exceeded {
		switch in.Exceeded {
		case supervise.GiveChildUp:
			g.publish(ev, "gave it up")
			g.lose()
			g.leave(p, ev.last(), g.files[p].startError(ev))
			return
		case supervise.RetryLater:
			least = in.RetryAfter
		default:
			g.publish(ev, "escalate (intensity exceeded)")
			g.giveUp(g.escalation(p, ErrIntensity, ev.reason), 0)
			return
		}
	}
	f := g.file(p)
	attempt := f.streak.Next(ev.up, t.backoff.Healthy)
	wait := max(t.backoff.Delay(attempt, g.sys.jitter()), least)
	f.spent.Add(now, t.Tries, t.TriesWithin)
	last := ev.last()
	f.failure, f.row = &last, attempt
	f.failure.Path, f.failure.Ref, f.failure.Restarts, f.failure.Delay = ev.path(), Ref{p}, attempt, wait
	if ev.report != nil {
		text := "restart"
		if wait > 0 {
			text = "restart after " + wait.String()
		}
		g.publish(ev, text)
	}
	p.emitFor(EventRestarting, ev.inc, func(e *Event) { e.Reason, e.Delay, e.Restarts = ev.reason, wait, attempt })
	if wait > 0 {
		g.unwell(p, ailment{kind: ProblemWaiting, until: now.Add(wait), reason: ev.reason})
		f.delay = g.after(wait, event{kind: eventDue, p: p, inc: ev.inc})
		return
	}
	g.start(p, ev.w)
}
