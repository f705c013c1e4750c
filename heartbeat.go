package bastion

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// Beat says that the incarnation goes on: the interval of ChildSpec.Heartbeat
// begins anew. A message that is finished and a call of Recv or TryRecv say it by
// themselves. It may be called from any goroutine of the incarnation (those of
// ctx.Go speak for the whole), as often as you like: it costs a load, and rarely
// a store. Without a Heartbeat, and for an incarnation that is over, it does
// nothing.
func (c *Context) Beat() {
	if l := c.life.Load(); l != nil {
		l.pulse.touch()
	}
}

// A pulse is what a watch knows of one incarnation. The flag beaten is set by the
// incarnation's goroutines and taken back by the watch; it guards nothing else.
// lost is written by the agenda, and read by whoever ends the incarnation. The
// rest belongs to the watch.
type pulse struct {
	beaten atomic.Bool
	lost   atomic.Pointer[silenceError]

	watch    *watch
	c        *Context
	at       int    // place in the watch's list
	handled  uint64 // as seen by the last look
	busy     bool   // in user code then
	quiet    int    // looks in a row that saw the same piece of user code, and no beat
	reported bool
}

func (b *pulse) touch() {
	if b != nil && !b.beaten.Load() {
		b.beaten.Store(true)
	}
}

const (
	// looksPerBeat is how often a watch looks within an interval. A silence is noticed
	// when the interval is over, and at latest so much of it later.
	looksPerBeat = 4
	// lookEvery is the least time between two looks.
	lookEvery = time.Millisecond
	// lookBatch is how many are looked at before others get the list.
	lookBatch = 512
	// maxSilenceStacks is how many stacks one look takes. Each is a walk over all
	// goroutines, and where thousands hang, they hang in the same place.
	maxSilenceStacks = 4
)

// A watch looks after the incarnations under one plan's terms, all of which have the same
// interval. It counts its own looks and not time: while the machine stands still
// (a stopped container, a laptop asleep) nobody can beat, and nobody looks either.
// A timer for each child instead, set anew by each beat, costs a hundred times a
// beat; one for each child that only looks, twenty times a look.
type watch struct {
	clock executor.Clock
	every time.Duration // between two looks
	looks int           // that must see nothing

	interval time.Duration // as in the spec

	mu    sync.Mutex
	all   []*pulse
	timer executor.Timer
	armed bool // the timer is set, or its look is under way
}

// newWatch is the watch for an interval; nil if that is zero.
func newWatch(interval time.Duration, clock executor.Clock) *watch {
	if interval <= 0 {
		return nil
	}
	every := max(interval/looksPerBeat, lookEvery)
	return &watch{clock: clock, interval: interval, every: every, looks: int((interval + every - 1) / every)}
}

// join begins to look after an incarnation, which has just begun. Agenda only.
func (w *watch) join(c *Context) {
	if w == nil {
		return
	}
	b := &pulse{watch: w, c: c}
	c.more().pulse = b // before anybody else can have this Context
	w.mu.Lock()
	defer w.mu.Unlock()
	b.at = len(w.all)
	w.all = append(w.all, b)
	if !w.armed {
		w.arm()
	}
}

// unwatch ends that. Agenda only, once the incarnation is down.
func (c *Context) unwatch() {
	if l := c.life.Load(); l != nil && l.pulse != nil {
		l.pulse.watch.leave(l.pulse)
	}
}

func (w *watch) leave(b *pulse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.all) - 1
	if b.at > last || w.all[b.at] != b {
		return // it has left before
	}
	w.all[b.at] = w.all[last] // which may cost that one a look, if one is under way
	w.all[b.at].at = b.at
	w.all[last] = nil
	if w.all = w.all[:last]; last == 0 {
		w.all = nil
		if w.armed && w.timer.Stop() {
			w.armed = false
		}
	}
}

// arm sets the timer of the next look. mu is held.
func (w *watch) arm() {
	w.armed = true
	w.timer = w.clock.AfterFunc(w.every, w.look)
}

// look looks at everybody once, and tells the supervisors of those that have been
// silent for too long.
func (w *watch) look() {
	var lost []*Context
	for i, more := 0, true; more; {
		w.mu.Lock()
		for end := i + lookBatch; i < min(end, len(w.all)); i++ {
			if b := w.all[i]; b.missed(w.looks) {
				lost = append(lost, b.c)
			}
		}
		more = i < len(w.all)
		w.mu.Unlock()
	}
	for i, c := range lost {
		e := &silenceError{interval: w.interval}
		if i < maxSilenceStacks {
			e.stack = c.stack()
		}
		c.p.plan.parent.post(event{kind: eventSilent, id: uint64(c.p.index), p: c.p, inc: c.inc, reason: e})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed = len(w.all) > 0; w.armed {
		w.arm()
	}
}

// missed is one look: true when enough of them have seen nothing happen. Only an
// incarnation that runs and has no orders is looked at: starts have their start
// timeout, and ends their shutdown time.
func (b *pulse) missed(looks int) bool {
	p := b.c.p
	if b.reported || p.state.load() != undisturbed(b.c.inc) {
		b.busy = false
		return false
	}
	beaten := b.beaten.Load()
	if beaten {
		b.beaten.Store(false)
	}
	handled, busy := p.handled.Load(), b.c.hand.load() != handEmpty
	// The first look that sees a piece of user code begins to count: it may have
	// begun just before, or a whole look ago.
	same := busy && b.busy && handled == b.handled && !beaten
	b.handled, b.busy = handled, busy
	if !same {
		b.quiet = 0
		return false
	}
	b.quiet++
	b.reported = b.quiet >= looks
	return b.reported
}

// stack is where the owner of the process is, if it still is where the watch saw it.
func (c *Context) stack() string {
	if c.kind == contextLoop {
		return executor.StackByLabel(loopLabel, c.label())
	}
	handled, w := c.p.handled.Load(), c.w.Load()
	if w == nil {
		return ""
	}
	stack := w.Stack()
	if c.hand.load() == handEmpty || c.p.handled.Load() != handled || c.w.Load() != w {
		return "" // the worker has gone on meanwhile
	}
	return stack
}

// silent fails an incarnation that has missed its heartbeat, and reports whether
// it did: not if that has got an order meanwhile. What ends it is its owner, once
// that returns, or its shutdown time, which the caller sets running. Agenda only.
func (p *process) silent(ev *event) bool {
	c := p.ctx.Load()
	if c.inc != ev.inc || p.state.load() != undisturbed(c.inc) {
		return false
	}
	e := ev.reason.(*silenceError)
	l := c.more()
	l.fail(e) // before the order: its owner looks here when it sees that
	if !p.state.fault(c.inc) {
		return false
	}
	l.pulse.lost.Store(e) // before any further order, for which it is meant
	p.emitFor(EventSilent, c.inc, func(out *Event) { out.Reason, out.Delay, out.Text = e, e.interval, e.stack })
	c.cancel(e)
	p.nudge()
	return true
}

// silence is the missed heartbeat for which the incarnation was failed; nil if
// none was missed.
func (c *Context) silence() error {
	if l := c.life.Load(); l != nil && l.pulse != nil {
		if e := l.pulse.lost.Load(); e != nil {
			return e
		}
	}
	return nil
}

// unasked is the outcome for an incarnation that was failed by its heartbeat and
// did not end by itself: there is nobody to call a Match any more, so conditions
// that have one do not hold.
func (p *process) unasked(c *Context, f fault) Outcome {
	failure, conditions := p.failureOf(c, f), p.plan.terms().conditions
	for i := range conditions {
		if cond := &conditions[i]; cond.Match == nil && cond.holds(failure) {
			return cond.Then
		}
	}
	return 0
}

// A silenceError is an ErrNoHeartbeat that knows where the process was.
type silenceError struct {
	interval time.Duration
	stack    string
}

func (e *silenceError) Error() string        { return fmt.Sprintf("%v for %v", ErrNoHeartbeat, e.interval) }
func (e *silenceError) Is(target error) bool { return target == ErrNoHeartbeat }
func (e *silenceError) Stack() string        { return e.stack }
