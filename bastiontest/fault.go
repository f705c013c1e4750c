package bastiontest

import (
	"context"
	"path"
	"time"
)

// A Fault is something that goes wrong in a run, by plan (Nth) or by chance (Chance).
type Fault struct {
	// On says whom it may strike: a pattern of paths as path.Match has it, such as /bastion/bank/*. Empty: everybody. For
	// OnSend it is the receiver. A timer is nobody's.
	On string
	// When says at which moments; empty: OnMessage.
	When When
	// Match says at which of those; nil: all.
	Match func(m *Moment) bool
	// Nth is at how many-th of those moments of the run it strikes, from 1 on.
	Nth int
	// Chance is how likely it is to strike at each of them, from 0 to 1. The seed decides; a failing run that is
	// shortened has as few as possible.
	Chance float64
	// Times is how often it strikes at most; 0: with Chance any number of times.
	Times int
	// Do is what happens.
	Do Effect
}

// When names moments. Packages that know of others have names of their own for them, and call [Sim.Strike].
type When string

// The moments at which a fault may strike.
const (
	OnMessage When = "message" // a process is about to get a message
	OnStart   When = "start"   // an incarnation is about to start
	OnSend    When = "send"    // a message is about to be offered to a mailbox
	OnTimer   When = "timer"   // a timer is being set
)

// A Moment is one moment at which a fault may strike.
type Moment struct {
	Sim     *Sim
	When    When
	Ctx     context.Context // whose moment it is: the process's Context; for OnSend what the sender gave; for OnTimer nil
	Path    string          // of the process that it is about
	Message any             // OnMessage, OnSend
	Delay   time.Duration   // OnTimer: after which the timer is to fire. An effect changes it; less than 0: never
}

// An Effect is what a fault does. Strike runs as a part of what it strikes: it may panic, wait, or return an error, which
// is then what the handler, the start or the send answers.
type Effect interface {
	Strike(m *Moment) error
}

func (f *Fault) check() error {
	switch _, err := path.Match(f.On, ""); {
	case err != nil:
		return &wrongField{"On", err.Error()}
	case f.Do == nil:
		return &wrongField{"Do", "is missing"}
	case f.Nth < 0:
		return &wrongField{"Nth", "is negative"}
	case f.Chance < 0 || f.Chance > 1:
		return &wrongField{"Chance", "is not between 0 and 1"}
	case (f.Nth > 0) == (f.Chance > 0):
		return &wrongField{"Nth", "exactly one of Nth and Chance is to be set"}
	case f.Times < 0:
		return &wrongField{"Times", "is negative"}
	case f.When == OnTimer && f.On != "":
		return &wrongField{"On", "a timer is nobody's"}
	}
	return nil
}

// A wrongField is a mistake in plain data.
type wrongField struct{ field, what string }

func (w *wrongField) Error() string { return w.field + ": " + w.what }

// Inject adds a fault to this run, from now on. Its Nth counts from now, too.
func (s *Sim) Inject(f Fault) {
	s.Helper()
	if err := f.check(); err != nil {
		s.Fatalf("Inject: Fault.%v", err)
	}
	s.faults.faults = append(s.faults.faults, &armed{Fault: f})
}

// Strike lets the run's faults strike at a moment that only the caller knows of, such as a frame on its way between two
// nodes, and returns what the first that strikes with an error returns.
func (s *Sim) Strike(m *Moment) error { return s.faults.strike(m) }
