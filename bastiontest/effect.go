package bastiontest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// ErrFault is what Fail fails with and Panic panics with where nothing else is said.
var ErrFault = errors.New("bastiontest: a fault of the test")

// Panic panics.
type Panic struct {
	// Value is what with; nil: ErrFault.
	Value any
}

// Strike implements Effect.
func (p Panic) Strike(*Moment) error {
	if p.Value == nil {
		panic(ErrFault)
	}
	panic(p.Value)
}

// Fail returns an error: a handler, a start or a send that fails. A loop gets it from Recv, with the message in hand.
type Fail struct {
	// Err is the error; nil: ErrFault.
	Err error
}

// Strike implements Effect.
func (f Fail) Strike(*Moment) error {
	if f.Err == nil {
		return ErrFault
	}
	return f.Err
}

// Full answers a send as a full mailbox does: with bastion.ErrFull.
type Full struct{}

// Strike implements Effect.
func (Full) Strike(*Moment) error { return bastion.ErrFull }

// Hang never comes back, whatever its process is told: it must be abandoned.
type Hang struct{}

// Strike implements Effect.
func (Hang) Strike(m *Moment) error {
	m.Sim.faults.wait(m, -1)
	return nil
}

// Slow takes its time, whatever its process is told meanwhile, and then goes on as usual.
type Slow struct {
	// By is how long it takes, in virtual time.
	By time.Duration
}

// Strike implements Effect.
func (s Slow) Strike(m *Moment) error {
	m.Sim.faults.wait(m, max(s.By, 0))
	return nil
}

// Kill kills the process with an exit signal that cannot be trapped: a failure, for its supervisor.
type Kill struct{}

// Strike implements Effect.
func (Kill) Strike(m *Moment) error {
	if ctx, ok := m.Ctx.(*bastion.Context); ok {
		_ = ctx.Self().Exit(ctx, bastion.ErrKilled)
	}
	return nil
}

// Late makes a timer fire later.
type Late struct {
	// By is how much.
	By time.Duration
}

// Strike implements Effect.
func (l Late) Strike(m *Moment) error {
	m.Delay += max(l.By, 0)
	return nil
}

// Lost makes a timer never fire. It may be one of the runtime: a backoff, a shutdown time.
type Lost struct{}

// Strike implements Effect.
func (Lost) Strike(m *Moment) error {
	m.Delay = -1
	return nil
}

// describe names an effect for the trace.
func describe(e Effect) string {
	if s, ok := e.(fmt.Stringer); ok {
		return s.String()
	}
	return strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", e), "bastiontest."))
}

// An EffectFunc is an Effect that is a function.
type EffectFunc func(m *Moment) error

// Strike calls f.
func (f EffectFunc) Strike(m *Moment) error { return f(m) }
