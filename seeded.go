package bastion

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// Here stands what the runtime does otherwise in a seeded run (contract E7,
// Config.Seeded). Everything else is the same code: only where it would wait for
// a channel, begin a goroutine or draw a number does it ask the run instead.

// jitter is drawn here and passed into the decision, which is pure.
func (s *System) jitter() float64 {
	if s.seeded != nil {
		return s.seeded.Fraction()
	}
	return rand.Float64()
}

// Random draws a number from 0 to below n, each as likely as the others: in a seeded
// run from its source, and so the same in the same run. 0 for an n below 2. From
// any goroutine; it takes no lock and allocates nothing.
func (s *System) Random(n int) int {
	switch {
	case n < 2:
		return 0
	case s.seeded != nil:
		return min(int(s.seeded.Fraction()*float64(n)), n-1)
	}
	return rand.IntN(n)
}

// point is where another strand may go on in a seeded run. No lock may be held.
func (s *System) point() {
	if s.seeded != nil {
		s.seeded.Point()
	}
}

// waits is Seeded.Wait in a seeded run, and -1 otherwise: then the caller has to
// wait for its channels itself.
func (s *System) waits(what string, about fmt.Stringer, conds ...func() bool) int {
	if s.seeded == nil {
		return -1
	}
	return s.seeded.Wait(what, about, conds...)
}

// sleepSeeded is the wait of a loop in a seeded run.
func (p *process) sleepSeeded(c *Context, until <-chan struct{}) (slept, over bool) {
	taken := false // from until
	came := p.sys().seeded.Wait("a message", nil, executor.Filled(c.own.loop.wake), func() bool {
		if len(until) == 0 && !taken {
			taken = received(until) // it is closed, or its sender waits
		}
		return len(until) > 0 || taken
	})
	switch {
	case taken:
	case came == 1:
		<-until
	default:
		<-c.own.loop.wake
		return true, false
	}
	if !p.box.Own() {
		<-c.own.loop.wake // whoever found it idle took it for us and says so
	}
	return true, true
}

// leaves reports whether a seeded run wants an event to be dealt with later, as
// if somebody else were at work on the agenda.
func (s *System) leaves() bool {
	return s.seeded != nil && s.executes() && s.seeded.Choose(2) == 1
}

// lender is the system whose free lists and counters a goroutine of the runtime
// may use. In a seeded run there is none, so that every send takes the way from
// outside, where it is a point.
func (s *System) lender() *System {
	if s.seeded != nil {
		return nil
	}
	return s
}

// done is a condition: c is done.
func done(ctx context.Context) func() bool { return executor.Closed(ctx.Done()) }

// What a seeded run calls the tasks of the runtime.

// TaskName implements executor.Named.
func (p *process) TaskName() string {
	return p.path() + "@" + strconv.Itoa(int(lifeOf(p.state.load())))
}

// TaskName implements executor.Named.
func (b *base) TaskName() string { return "agenda of " + b.path }

// TaskName implements executor.Named.
func (j *journal) TaskName() string { return "journal" }

// noteEvent adds an event to the trace.
func (s *System) noteEvent(e *Event) {
	if s.seeded.Traces() {
		s.seeded.NoteOf("event", e.Path+"@"+strconv.FormatUint(e.Incarnation, 10), *e)
	}
}

// watched reports whether anybody wants to know of events.
func (s *System) watched() bool {
	return s.events.watched.Load() > 0 || s.seeded != nil && s.seeded.Traces()
}

// Clock is what the system takes for time: Config.Clock, or that of Config.Seeded.
func (s *System) Clock() executor.Clock { return s.clock }

// Timeout is context.WithTimeout on the system's clock; see
// executor.Timeout for what is different where that is not the real one.
func (s *System) Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return executor.Timeout(someContext(ctx), s.clock, d)
}
