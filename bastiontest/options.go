package bastiontest

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// Options say how a test is run in simulation. The zero value does. What stands on the command line or in the environment
// (see the package's documentation) goes before what stands here.
type Options struct {
	// Seeds is how many seeds are run; 0: 100.
	Seeds int
	// First is the first of them; the others follow. The same ones are run each time, so that a test that passes once
	// passes again; who wants others says from where on.
	First uint64
	// Budget is real time after which no further seed is begun; 0: no bound but nine tenths of the time that is left of
	// go test -timeout.
	Budget time.Duration
	// Parallel is how many seeds run at once; 0: GOMAXPROCS.
	Parallel int
	// Strategy is how schedules are chosen; nil: [Mixed].
	Strategy Strategy
	// Faults are what goes wrong; see [Fault].
	Faults []Fault
	// Twice runs each seed a second time and wants the same trace, byte for byte.
	Twice bool
	// History keeps a History of each run (Sim.History) and holds it against the contracts of delivery when the run is over.
	History bool
	// Shrink is how many runs may be spent on making a failing schedule shorter; 0: 1,000, within ten seconds. Less
	// than 0: none.
	Shrink int
	// StepLimit is after how many steps a run that has not ended is taken for a livelock; 0: 1,000,000.
	StepLimit int
	// Patience is how much real time a step may be blocked outside Bastion before that is reported; 0: 10 s.
	Patience time.Duration
	// Start is the time at which the virtual clock begins; zero: 2000-01-01 00:00 UTC.
	Start time.Time
	// AtomicSends says that a send is no point at which another process may go on: for programs that hold locks of
	// their own while they send. It loses interleavings.
	AtomicSends bool
}

// Run runs main in simulation, once for each seed, with the zero Options; see [Options.Run].
func Run(t testing.TB, main func(s *Sim)) {
	t.Helper()
	Options{}.Run(t, main)
}

// Run runs main in simulation, once for each of many seeds, and fails t at the first seed with which it fails, with what
// it takes to run that again. main is called on a goroutine that is the driver of the simulation, for several seeds at
// once: what it uses of its surroundings must be safe for that, and is best nothing at all.
//
// A run fails when main says so ([Sim.Errorf] and its like), when it or what it started panics outside of a process, when
// it deadlocks, livelocks or blocks where the simulation cannot see it, when it leaves anything behind, and when the books
// of one of its systems do not balance in the end.
func (o Options) Run(t testing.TB, main func(s *Sim)) {
	t.Helper()
	c, err := o.command()
	if err != nil {
		t.Fatalf("bastiontest: %v", err)
	}
	(&campaign{t: t, main: main, c: c}).run()
}

// check completes o. The error names the wrong field.
func (o Options) check() (Options, error) {
	for field, n := range map[string]int64{
		"Seeds": int64(o.Seeds), "Budget": int64(o.Budget), "Parallel": int64(o.Parallel),
		"StepLimit": int64(o.StepLimit), "Patience": int64(o.Patience),
	} {
		if n < 0 {
			return o, &wrongField{"options: " + field, "is negative"}
		}
	}
	for i := range o.Faults {
		if err := o.Faults[i].check(); err != nil {
			return o, fmt.Errorf("options: Faults[%d].%w", i, err)
		}
	}
	if o.Seeds == 0 {
		o.Seeds = defaultSeeds
	}
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	if o.Strategy == nil {
		o.Strategy = Mixed{}
	}
	if o.Shrink == 0 {
		o.Shrink = defaultShrink
	}
	return o, nil
}

const (
	defaultSeeds  = 100
	defaultShrink = 1000
	shrinkTime    = 10 * time.Second
)
