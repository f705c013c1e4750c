package executor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Fault says why a seeded run did not end well.
type Fault uint8

// Why a seeded run did not end well.
const (
	// FaultDeadlock: nothing could go on and no timer was set.
	FaultDeadlock Fault = iota + 1
	// FaultBlocked: a strand blocked outside Bastion, in a channel, lock, sleep or call of the program's own.
	FaultBlocked
	// FaultBusy: a strand computed without end.
	FaultBusy
	// FaultSteps: the step limit was reached.
	FaultSteps
	// FaultLeft: the driver returned and left something behind.
	FaultLeft
	// FaultForeign: a goroutine that is no part of the run called into it, so that it cannot be repeated.
	FaultForeign
)

var faultTexts = [...]string{
	FaultDeadlock: "deadlock: nothing can go on and no timer is set",
	FaultBlocked:  "blocked outside Bastion, where the run cannot see what it waits for",
	FaultBusy:     "computes without end",
	FaultSteps:    "no end within the step limit; who kept running",
	FaultLeft:     "the driver returned and left behind",
	FaultForeign:  "a goroutine that is no part of the run called into it, so that it cannot be repeated",
}

func (f Fault) String() string {
	if f == 0 || int(f) >= len(faultTexts) {
		return "unknown"
	}
	return faultTexts[f]
}

// SeededError is why a seeded run did not end well.
type SeededError struct {
	Fault Fault
	// Seed is the config's. Where there is a Source of one's own it says nothing.
	Seed  uint64
	Steps int           // made until then; 0 for FaultBlocked and FaultBusy
	At    time.Duration // virtual time since the start
	Who   []string      // whom it is about, and what they wait for
	// Stack is that of whom it is about, for FaultBlocked and FaultBusy; for others that of the first call from a
	// goroutine that is no part of the run, if there was one.
	Stack string
}

// Error is the whole report, in several lines.
func (e *SeededError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "executor: seed %#x, step %d, after %v: %v", e.Seed, e.Steps, e.At, e.Fault)
	for _, who := range e.Who {
		b.WriteString("\n\t" + who)
	}
	if e.Fault == FaultBlocked && strings.Contains(e.Stack, "sync.(*") {
		b.WriteString("\n\t(a lock may be held by a strand that was switched away from in the middle of a send: see SeededConfig.AtomicSends)")
	}
	if e.Stack != "" {
		b.WriteString("\n" + e.Stack)
	}
	return b.String()
}

func (s *Seeded) fault(f Fault, who []string, stack string) *SeededError {
	e := &SeededError{Fault: f, Seed: s.cfg.Seed, At: s.clock.elapsed(), Who: who, Stack: stack}
	if f != FaultBlocked && f != FaultBusy {
		e.Steps = s.steps // else it belongs to a strand that may still write it
	}
	return e
}

// foreignStack is that of a call from a goroutine that is no strand, if there was one.
func (s *Seeded) foreignStack() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.foreign
}

// waiting says who waits for what.
func (s *Seeded) waiting() (who []string) {
	s.mu.Lock()
	strands := slices.Clone(s.strands)
	s.mu.Unlock()
	for _, st := range strands {
		who = append(who, st.String())
	}
	return who
}

// keptRunning names those who ran most often of late.
func (s *Seeded) keptRunning() (who []string) {
	times := make(map[string]int)
	for _, r := range s.recent {
		switch r := r.(type) {
		case *strand:
			times[r.title()]++
		case *Task:
			times[taskName(r)]++
		case *virtualTimer:
			times["timers"]++
		}
	}
	names := slices.SortedFunc(maps.Keys(times), func(a, b string) int {
		return cmp.Or(cmp.Compare(times[b], times[a]), cmp.Compare(a, b))
	})
	for _, name := range names[:min(len(names), 8)] {
		who = append(who, fmt.Sprintf("%s: %d of the last %d steps", name, times[name], min(recentSteps, s.steps)))
	}
	return who
}
