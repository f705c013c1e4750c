package bastiontest

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A Sim is one run of a simulation: a world with one thing happening at a time, in an order that follows from the seed, in
// virtual time. It is a testing.TB that speaks for this run alone, so that checks of other packages take it; the t of the
// test itself must not be used inside of the run. It is used by the driver and by what runs in the simulation, and is of
// no use after.
type Sim struct {
	testing.TB // the test's, for what a Sim does not have of its own

	seed    uint64
	seeded  *executor.Seeded
	tape    *tape
	began   time.Time
	log     journal
	faults  *striker
	history *History            // nil: none is kept
	hear    func(executor.Step) // of what hears the steps while it runs; may be nil
	end     context.CancelFunc
	ctx     context.Context

	systems  []*system       // of the driver, or of whoever has the baton
	probes   *bastion.System // nil: there is none
	cleanups []func()
	returned bool // main has returned

	mu      sync.Mutex // goroutines that are no part of the run may fail it
	trouble []trouble
	skipped bool
	quiet   map[string]bool // functions that called Helper
}

// Seed is what the run is drawn from. A schedule that is played has the seed 0.
func (s *Sim) Seed() uint64 { return s.seed }

// Seeded is the run as the executor knows it, for what is not here.
func (s *Sim) Seeded() *executor.Seeded { return s.seeded }

// Now is the virtual time.
func (s *Sim) Now() time.Time { return s.seeded.Clock().Now() }

// Elapsed is how much virtual time has passed since the beginning.
func (s *Sim) Elapsed() time.Duration { return s.Now().Sub(s.began) }

// Clock is the virtual clock. Its timers' functions run as steps of their own.
func (s *Sim) Clock() executor.Clock { return s.seeded.Clock() }

// Go runs f as a goroutine of the simulation. A bare go statement makes one that is none: what it calls of Bastion is
// reported and fails the run. The run waits for f to return.
func (s *Sim) Go(name string, f func()) {
	s.seeded.Go(name, func() {
		defer s.contain("goroutine " + name)
		f()
	})
}

// Until waits until holds is true, however long that takes. holds is called between the steps, by whoever is there, any
// number of times, and must only look: at what the processes of the run write, at an inspector. If nothing can make it
// true any more the run fails, and says who waits for what.
func (s *Sim) Until(what string, holds func() bool) { s.seeded.Wait(what, nil, holds) }

// Within waits until holds is true, but not for longer than d of virtual time, and reports whether it is.
func (s *Sim) Within(d time.Duration, what string, holds func() bool) bool {
	late, expired := s.expires(d)
	defer late.Stop()
	s.seeded.Wait(what, nil, holds, expired)
	return holds() || s.seeded.Settle(what, holds) == 0 // what happens at the last moment counts
}

// Sleep lets d of virtual time pass.
func (s *Sim) Sleep(d time.Duration) {
	late, expired := s.expires(d)
	defer late.Stop()
	s.seeded.Wait("time to pass", nil, expired)
}

// Settle waits until nothing more can happen at this moment: what is left waits for time to pass, or for good.
func (s *Sim) Settle() { s.seeded.Settle("everything else") }

// expires is a condition that holds after d.
func (s *Sim) expires(d time.Duration) (executor.Timer, func() bool) {
	over := false
	return s.seeded.Clock().AfterFunc(d, func() { over = true }), func() bool { return over }
}

// Timeout is context.WithTimeout in virtual time; see [executor.Timeout].
func (s *Sim) Timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return executor.Timeout(ctx, s.Clock(), d)
}

// Choose draws a number from 0 to n-1 from the seed, none likelier than another. It is a choice like those of the
// schedule: it is run again with it, and shortened with it, towards 0.
func (s *Sim) Choose(n int) int { return s.seeded.Draw(n) }

// Chance draws from the seed whether something happens that is as likely as odds says, from 0 to 1. A failing run that is
// shortened has as few of it as possible.
func (s *Sim) Chance(odds float64) bool { return s.seeded.Chance(odds) }

// Calm runs f, and while it does nothing unusual is chosen, by anybody: who runs goes on as long as it can, and no fault
// strikes by chance. It is for what a test needs and is not about, above all in an [Exhaustive] one, where each choice
// multiplies the runs: a start, a stop.
func (s *Sim) Calm(f func()) {
	s.tape.calm++
	defer func() { s.tape.calm-- }()
	f()
}

// Note adds an entry to the trace.
func (s *Sim) Note(who, what string) { s.seeded.Note("note", who, what) }

// contain makes a panic in what runs for the test, but in no process, a failure of the run.
func (s *Sim) contain(who string) {
	if r := recover(); r != nil {
		s.add(trouble{key: "panic", text: fmt.Sprintf("panic in the %s: %v\n%s", who, r, debug.Stack())})
		s.seeded.Abort()
	}
}

// drive is the driver.
func (s *Sim) drive(main func(*Sim)) {
	defer s.wrapUp()
	defer s.cleanUp()
	defer s.contain("driver")
	main(s)
	s.returned = true
}

// cleanUp runs what Cleanup was given, the last first. One that ends by Goexit, because the run has ended or by FailNow,
// keeps none of the others from running.
func (s *Sim) cleanUp() {
	for len(s.cleanups) > 0 {
		last := len(s.cleanups) - 1
		f := s.cleanups[last]
		s.cleanups = s.cleanups[:last]
		defer s.cleanUp()
		defer s.contain("cleanup")
		f()
		return
	}
}

// wrapUp stops what the test has not stopped, and ends a run that has ended early.
func (s *Sim) wrapUp() {
	if !s.returned {
		s.seeded.Abort()
		return
	}
	defer s.contain("end of the run")
	if _, all := s.tape.from.(*walk); all {
		s.tape.calm++
	}
	for i := len(s.systems) - 1; i >= 0; i-- {
		s.systems[i].stop()
	}
	s.faults.release()
	s.judge()
}
