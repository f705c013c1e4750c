package executor

import (
	"fmt"
	"time"
)

// Step is one entry of a seeded run's trace: plain data, the same for the same run.
type Step struct {
	// N is the number of the step. Notes have that of the step in which they were made.
	N int
	// At is the virtual time since the start.
	At time.Duration
	// Kind is one of the constants, or what the layer above gave to Note.
	Kind string
	// Who did it, or to whom it happened.
	Who string
	// What says more, for notes.
	What string
}

// The kinds of the steps that the run itself makes. The layer above adds its own, by [Seeded.Note].
const (
	StepRun   = "run"   // a strand goes on
	StepSlice = "slice" // a task runs
	StepTimer = "timer" // a timer fires
)

// String is the step in one line.
func (s Step) String() string {
	if s.What == "" {
		return fmt.Sprintf("%d %v %s %s", s.N, s.At, s.Kind, s.Who)
	}
	return fmt.Sprintf("%d %v %s %s: %s", s.N, s.At, s.Kind, s.Who, s.What)
}

// Traces reports whether anybody hears of steps; making a note is worth nothing if not.
func (s *Seeded) Traces() bool { return s.cfg.Trace != nil }

// Note adds an entry to the trace. Of a goroutine that is no strand nothing is noted.
func (s *Seeded) Note(kind, who, what string) {
	if s.cfg.Trace == nil || s.self() == nil {
		return
	}
	s.cfg.Trace(Step{N: s.steps, At: s.clock.elapsed(), Kind: kind, Who: who, What: what})
}
