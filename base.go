package bastion

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A base is what supervisors and groups have in common: a place in the tree, and
// an agenda on which everything that concerns their children is dealt with, one
// event at a time.
type base struct {
	sys     *System
	parent  *base // nil: the root
	self    keeper
	index   uint32 // number at the parent
	id      uint64
	name    string
	path    string
	grouped bool
	plan    *plan                        // of the child that it is; nil: the root
	layers  atomic.Pointer[[]Middleware] // around everything below; nil: none. Its own agenda writes, whoever starts a process reads

	agenda struct {
		task      executor.Task
		mu        sync.Mutex
		queue     []event
		active    bool // somebody is working through the queue
		submitted bool // the task waits for a worker; it may find nothing to do
	}
}

// A keeper deals with the events of its children. handle is called by one
// goroutine at a time and must not block or call the user's code.
type keeper interface {
	handle(ev *event)
}

type eventKind uint8

const (
	eventStarted      eventKind = iota // a child's incarnation runs
	eventEnding                        // it ends by itself, and has user code to wait for
	eventExited                        // a child's incarnation is down
	eventAbandon                       // it is time to abandon a process
	eventDue                           // a delay is over
	eventExpired                       // a child's shutdown time is over
	eventStartTimeout                  // a child's start timeout is over
	eventBegin                         // from the parent: start
	eventHalt                          // from the parent: stop
	eventOrder                         // from the API
	eventHook                          // a callback of the supervisor or group itself is over
	eventRites                         // a child's AfterStop callback has returned
	eventUnheld                        // a start that waited for that was called off
	eventStuck                         // a process's conditions have taken its shutdown time
	eventSilent                        // a process has missed its heartbeat
	eventKill                          // an exit signal that cannot be trapped
)

// An event is one entry of an agenda. Which fields count is said by its kind.
type event struct {
	kind    eventKind
	halt    halt
	outcome Outcome
	inc     uint32 // of p; or the turn of a child
	id      uint64 // of the child
	p       *process
	w       *executor.Worker
	reason  error
	report  *CrashReport
	up      time.Duration
	failure *Failure
	order   *order
	child   *child  // eventRites
	waiting waiters // eventRites: those to be answered
	judged  *event  // eventExited of a subtree: the same before its conditions were asked
}

// last is what is known of the end of a process.
func (ev *event) last() Failure {
	f := Failure{Incarnation: uint64(ev.inc), Reason: ev.reason}
	if ev.report != nil {
		f.Message = ev.report.Message
	}
	return f
}

// path is that of the process.
func (ev *event) path() string {
	if ev.report != nil {
		return ev.report.Path // made once
	}
	return ev.p.path()
}

// timedOut makes the end of a start that was killed for taking too long a failure.
func (ev *event) timedOut(p *process) {
	ev.reason = ErrStartTimeout
	if p != nil && ev.report == nil {
		ev.report = p.crash(p.ctx.Load(), fault{reason: ErrStartTimeout})
	}
}

// halt says how to stop.
type halt uint8

const (
	haltStop halt = iota
	haltDrain
	haltKill
)

// post puts ev on the agenda. If nobody is working on that, the caller does, and
// it works through what comes in meanwhile: events of one node are dealt with
// strictly one after the other, without a goroutine or a lock of their own. While
// it works it may post to parent and children; what they post back is queued, so
// nothing recurses beyond the depth of the tree and nothing deadlocks.
func (b *base) post(ev event) {
	if b.enqueue(&ev) && (b.sys.leaves() || !b.workOff()) {
		b.leave()
	}
}

// relay is post for callers whose stack is small and should stay so (a loop in
// its 2 KiB): the executor works the agenda off.
func (b *base) relay(ev event) {
	if b.enqueue(&ev) {
		b.leave()
	}
}

// leave leaves the agenda to the executor, or to whoever posts before that comes to
// it: it may be long in coming. (When posters waited for it, a million processes
// that were spawned by one another took four times as long, most of them waiting
// behind each other for the agenda of their group.)
func (b *base) leave() {
	if b.release() {
		b.sys.exec.Submit(&b.agenda.task)
	}
}

// release gives up an agenda that has more on it, and reports whether the caller
// has to see that the task waits for a worker.
func (b *base) release() (first bool) {
	a := &b.agenda
	a.mu.Lock()
	a.active = false
	first = !a.submitted
	a.submitted = true
	a.mu.Unlock()
	return first
}

// Run is called by the executor for what was left to it.
func (b *base) Run(w *executor.Worker) (again bool) {
	a := &b.agenda
	a.mu.Lock()
	mine := !a.active && len(a.queue) > 0
	a.active = a.active || mine
	a.submitted = false
	a.mu.Unlock()
	again = mine && !b.workOff() && b.release()
	b.sys.journal.workOff(w)
	return again
}

// enqueue adds an event and reports whether the caller has to see to the agenda.
func (b *base) enqueue(ev *event) (idle bool) {
	a := &b.agenda
	a.mu.Lock()
	a.queue = append(a.queue, *ev)
	idle = !a.active
	a.active = true
	a.mu.Unlock()
	return idle
}

const (
	// maxIdleAgenda is how many events' room an idle agenda keeps.
	maxIdleAgenda = 64
	// agendaBudget is how many events a caller deals with for others before it
	// leaves the rest to the executor.
	agendaBudget = 256
)

// workOff deals with the agenda until it is empty (true) or the budget is used.
// Without an executor (before the start, after the stop) there is no budget.
func (b *base) workOff() (empty bool) {
	a := &b.agenda
	var batch []event
	a.mu.Lock()
	for done := 0; len(a.queue) > 0; done += len(batch) {
		if done >= agendaBudget && b.sys.executes() {
			a.mu.Unlock()
			return false
		}
		batch, a.queue = a.queue, batch[:0]
		a.mu.Unlock()
		for i := range batch {
			b.self.handle(&batch[i])
		}
		clear(batch)
		a.mu.Lock()
	}
	if a.queue = batch[:0]; cap(batch) > maxIdleAgenda {
		a.queue = nil
	}
	a.active = false
	a.mu.Unlock()
	return true
}

// report tells the parent; the root's parent is the system.
func (b *base) report(ev event) {
	ev.id = uint64(b.index)
	if b.parent == nil {
		b.sys.rootReport(&ev)
		return
	}
	b.parent.post(ev)
}

// within reports whether b stands in the tree below (or is) top.
func (b *base) within(top *base) bool {
	for ; b != nil; b = b.parent {
		if b == top {
			return true
		}
	}
	return false
}

// place fills in where a new base stands.
func (b *base) place(sys *System, parent *base, index uint32, name string, self keeper) {
	b.sys, b.parent, b.index, b.name, b.self = sys, parent, index, name, self
	b.id = sys.nextID()
	b.agenda.task.Init(b)
	if parent == nil {
		b.path = "/" + name
	} else {
		b.path = parent.path + "/" + name
	}
}

// after posts ev when d has passed.
func (b *base) after(d time.Duration, ev event) executor.Timer {
	return b.sys.clock.AfterFunc(d, func() { b.post(ev) })
}

// gone makes known that a supervisor or group is down for good.
func (b *base) gone(end passing, begun bool) {
	if begun && b.sys.watched() {
		b.sys.emit(Event{Kind: EventStopped, Path: b.path, ID: b.id, Reason: end.reason})
	}
}

// verdictOf translates a condition's outcome.
func verdictOf(o Outcome) supervise.Outcome {
	switch o {
	case RestartChild, Resume:
		return supervise.OutcomeRestart
	case StopChild:
		return supervise.OutcomeStop
	case Escalate:
		return supervise.OutcomeEscalate
	case StopSystem:
		return supervise.OutcomeStopSystem
	}
	return supervise.OutcomeDefault
}
