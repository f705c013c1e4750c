package bastiontest

import (
	"testing"

	"github.com/bastion-go/bastion/executor"
)

// Exhaustive runs a tiny test in every order there is: two or three processes with a few messages each. Everything that is
// chosen is tried, draws and chances included, but for fractions (jitter), which are 0, and for what comes when main has
// returned; [Sim.Calm] leaves out what a test is not about. The zero value does.
type Exhaustive struct {
	// Limit is how many runs are made at most; 0: 100,000.
	Limit int
	// Independent says of two strands, by their names in traces (such as /bastion/sup/a@1), that their next steps may
	// change places and nobody could tell: they touch no process, variable or timer in common. Orders that differ only in
	// that are run once (partial-order reduction by sleep sets: Godefroid, Partial-Order Methods for the Verification of
	// Concurrent Systems, 1996). What is said here and is not so loses orders. Nil: nothing is independent.
	Independent func(a, b string) bool
	Faults      []Fault // as in Options
	StepLimit   int     // likewise
	AtomicSends bool    // likewise
}

// Coverage is what an Exhaustive has run.
type Coverage struct {
	Runs     int  // to their end
	Pruned   int  // given up on the way, because they would have repeated one in another order of independent steps
	Complete bool // there is no order that was not run
}

// Run runs main in every order, one after the other, and fails t at the first that fails, with its schedule. It fails as
// well where the limit is reached before the end: then the test is not tiny.
func (e Exhaustive) Run(t testing.TB, main func(s *Sim)) Coverage {
	t.Helper()
	c, err := Options{Faults: e.Faults, StepLimit: e.StepLimit, AtomicSends: e.AtomicSends}.command()
	if err != nil {
		t.Fatalf("bastiontest: %v", err)
	}
	return e.walk(&campaign{t: t, main: main, c: c})
}

const defaultLimit = 100_000

func (e Exhaustive) walk(c *campaign) (done Coverage) {
	c.t.Helper()
	if c.c.schedule != nil {
		c.replaySchedule()
		return done
	}
	limit := e.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	w := &walk{independent: e.Independent}
	for done.Runs+done.Pruned < limit {
		o := c.attempt(attempt{from: w})
		switch {
		case w.pruned:
			done.Pruned++
		case o.failed():
			done.Runs++
			c.fail(o, nil)
			return done
		default:
			done.Runs++
		}
		if !w.next() {
			done.Complete = true
			return done
		}
	}
	c.t.Errorf("bastiontest: no end after %d runs (%d of them given up on the way): too much can happen in this test to run all of it",
		limit, done.Pruned)
	return done
}

// A walk goes depth first through all choices of a run. It is the source of one run after the other.
type walk struct {
	independent func(a, b string) bool
	run         *executor.Seeded
	path        []fork
	at          int
	ran         uint64            // who was chosen to go on last; 0: nobody yet
	asleep      map[uint64]string // whose steps were tried in an order that comes to the same
	pruned      bool
}

// A fork is one choice on the path.
type fork struct {
	answer int
	n      int
	order  bool              // it is about who goes on
	ids    []uint64          // of those
	names  []string          // of those, if anything is independent
	asleep map[uint64]string // when it was come to
	tried  []int             // answers before this one
}

// begin is called before each run.
func (w *walk) begin(run *executor.Seeded) {
	w.run, w.at, w.ran, w.asleep, w.pruned = run, 0, 0, nil, false
}

// Choose implements executor.Source. The baton is given on wherever that is possible, so that each choice of who goes on,
// which includes who ran until now, is made at one kind of fork.
func (w *walk) Choose(c executor.Choice) int {
	switch c.Kind {
	case executor.ChooseSwitch, executor.ChooseYield:
		return 1
	case executor.ChooseFraction:
		return 0
	}
	if w.at == len(w.path) {
		w.path = append(w.path, w.fork(c))
	}
	f := &w.path[w.at]
	w.at++
	if f.order {
		w.step(f)
	}
	return f.answer
}

// fork is a choice that was not come to before.
func (w *walk) fork(c executor.Choice) fork {
	f := fork{n: c.N, order: c.Kind == executor.ChooseNext}
	if !f.order {
		return f
	}
	if w.ran != c.Last {
		w.asleep = nil // others have run since, because they alone could
	}
	f.asleep = w.asleep
	for i := range c.Ready {
		f.ids = append(f.ids, c.Ready[i].ID)
		if w.independent != nil {
			f.names = append(f.names, c.Ready[i].Name())
		}
	}
	if f.answer = f.awake(0); f.answer == f.n {
		f.answer = 0
		w.pruned = true
		w.run.Abort()
	}
	return f
}

// awake is the first answer from one on whose step has not been tried elsewhere.
func (f *fork) awake(from int) int {
	for ; from < f.n; from++ {
		if !f.order {
			break
		}
		if _, sleeps := f.asleep[f.ids[from]]; !sleeps {
			break
		}
	}
	return from
}

// step goes on from a fork by its answer: whoever sleeps, or was tried here before, sleeps on if that is independent.
func (w *walk) step(f *fork) {
	w.ran, w.asleep = f.ids[f.answer], nil
	if w.independent == nil {
		return
	}
	here := f.names[f.answer]
	keep := func(id uint64, name string) {
		if id == w.ran || !w.independent(name, here) {
			return
		}
		if w.asleep == nil {
			w.asleep = make(map[uint64]string)
		}
		w.asleep[id] = name
	}
	for id, name := range f.asleep {
		keep(id, name)
	}
	for _, i := range f.tried {
		keep(f.ids[i], f.names[i])
	}
}

// next goes on to the next run. False: that was the last.
func (w *walk) next() bool {
	for len(w.path) > 0 {
		f := &w.path[len(w.path)-1]
		f.tried = append(f.tried, f.answer)
		if f.answer = f.awake(f.answer + 1); f.answer < f.n {
			return true
		}
		w.path = w.path[:len(w.path)-1]
	}
	return false
}
