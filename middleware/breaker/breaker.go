package breaker

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrOpen: the receiver has failed too often, and is left alone for now.
var ErrOpen = errors.New("breaker: circuit is open")

const (
	defaultAfter = 5
	defaultPause = time.Second
)

// A Circuit says when to stop asking, and when to try again.
type Circuit struct {
	After int           // failures in a row that open it. Zero: 5
	Pause time.Duration // how long it stays open. Zero: 1 s
	Trial int           // answers in a row, of so many asked at a time, that close it again. Zero: 1
	// Fails says what counts as a failure of the receiver. Nil: every error but context.Canceled, by which the asker gave up.
	Fails func(err error) bool
}

// A Breaker is a circuit around one thing that may fail. Any goroutine may use it.
type Breaker struct {
	now     func() time.Time
	circuit Circuit
	// until is when it may be tried again, in nanoseconds; zero: it is not open. The library calls opened, which writes it, under
	// its lock; everybody reads it before asking the library.
	until atomic.Int64
	steps *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// New makes one that is closed. now is its clock; nil: time.Now. With a system's, use sys.Clock().Now.
func (c Circuit) New(now func() time.Time) *Breaker {
	c.After, c.Pause, c.Trial = cmp.Or(max(c.After, 0), defaultAfter), cmp.Or(max(c.Pause, 0), defaultPause), cmp.Or(max(c.Trial, 0), 1)
	if c.Fails == nil {
		c.Fails = func(err error) bool { return !errors.Is(err, context.Canceled) }
	}
	if now == nil {
		now = time.Now
	}
	b := &Breaker{now: now, circuit: c}
	b.steps = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests: uint32(c.Trial),
		// The library knows only the real clock, so it is told to open for no time at all, and until says for how long.
		Timeout:       1,
		ReadyToTrip:   func(n gobreaker.Counts) bool { return int64(n.ConsecutiveFailures) >= int64(c.After) },
		IsSuccessful:  func(err error) bool { return err == nil },
		IsExcluded:    func(err error) bool { return err != nil && !c.Fails(err) },
		OnStateChange: b.changed,
	})
	return b
}

func (b *Breaker) changed(_ string, _, to gobreaker.State) {
	switch to {
	case gobreaker.StateOpen:
		b.until.Store(b.now().Add(b.circuit.Pause).UnixNano())
	case gobreaker.StateClosed:
		b.until.Store(0)
	}
}

// Open reports whether it refuses now.
func (b *Breaker) Open() bool {
	until := b.until.Load()
	return until != 0 && b.now().UnixNano() < until
}

// Do calls f unless the circuit is open, which is ErrOpen, and returns its error. A panic counts as a failure and goes on.
func (b *Breaker) Do(f func() error) error {
	if b.Open() {
		return ErrOpen
	}
	done, err := b.steps.Allow()
	if err != nil {
		return ErrOpen // somebody else tries it
	}
	err = errTorn
	defer func() { done(err) }()
	err = f()
	return err
}

var errTorn = errors.New("breaker: panic or Goexit")
