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
	// Data is what NoteOf was given, and says more in its place.
	Data fmt.Stringer
}

// The kinds of the steps that the run itself makes. The layer above adds its own, by [Seeded.Note].
const (
	StepRun   = "run"   // a strand goes on
	StepSlice = "slice" // a task runs
	StepTimer = "timer" // a timer fires
)

// Text is What, or what Data says.
func (s Step) Text() string {
	if s.What == "" && s.Data != nil {
		return s.Data.String()
	}
	return s.What
}

// String is the step in one line.
func (s Step) String() string {
	text := s.Text()
	if text == "" {
		return fmt.Sprintf("%d %v %s %s", s.N, s.At, s.Kind, s.Who)
	}
	return fmt.Sprintf("%d %v %s %s: %s", s.N, s.At, s.Kind, s.Who, text)
}

// Traces reports whether anybody hears of steps; making a note is worth nothing if not.
func (s *Seeded) Traces() bool { return s.cfg.Trace != nil }

// Note adds an entry to the trace. Of a goroutine that is no strand nothing is noted.
func (s *Seeded) Note(kind, who, what string) { s.note(Step{Kind: kind, Who: who, What: what}) }

// NoteOf is Note with data, for those who read traces by program. It is put into words only when somebody asks, and so
// must not change any more.
func (s *Seeded) NoteOf(kind, who string, data fmt.Stringer) {
	s.note(Step{Kind: kind, Who: who, Data: data})
}

func (s *Seeded) note(step Step) {
	if s.cfg.Trace == nil || s.self() == nil {
		return
	}
	step.N, step.At = s.steps, s.clock.elapsed()
	s.cfg.Trace(step)
}

// Number is 1, 2, 3 and so on, one more with every call: for the layer above to call things by in traces.
func (s *Seeded) Number() uint64 { return s.number.Add(1) }

// Strand is the number of the caller's strand in its run, and what that does, for traces; 0 and nothing for a goroutine
// that is no strand.
func (s *Seeded) Strand() (id uint64, title string) {
	st := s.self()
	if st == nil {
		return 0, ""
	}
	return st.id, st.title()
}
