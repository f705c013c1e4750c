package bastiontest

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// A campaign is all runs of one test.
type campaign struct {
	t      testing.TB
	main   func(*Sim)
	c      command
	traces string    // folder for the traces of failures; "": as the command line says
	tell   io.Writer // of what is no failure and must be seen; nil: standard error

	choices   int           // about how many a run has
	shrinkFor time.Duration // real time at most; 0: shrinkTime
	needed    int           // seeds until the first that failed; 0: none has
}

func (c *campaign) run() {
	c.t.Helper()
	switch {
	case c.c.schedule != nil:
		c.replaySchedule()
	case c.c.seed != nil:
		c.replaySeed()
	default:
		c.search()
	}
}

// search runs many seeds, until one fails.
func (c *campaign) search() {
	c.t.Helper()
	first := c.attempt(attempt{seed: c.c.First, from: executor.RandomSource(c.c.First)})
	if first.failed() {
		c.needed = 1
		c.fail(first, &token{seed: c.c.First, strategy: Random{}.String()})
		return
	}
	c.choices = upTo(first.tape.scheduling())
	run, skipped, worst := c.seeds()
	switch {
	case worst != nil:
		c.needed = int(worst.seed-c.c.First) + 1
		c.fail(worst, &token{seed: worst.seed, strategy: c.strategy(worst.seed).String(), length: c.choices})
	case run > 0 && skipped == run:
		c.t.Skipf("bastiontest: all of %d seeds were skipped", run)
	case run < c.c.Seeds:
		fmt.Fprintf(c.out(), "bastiontest: %s: time for %d of %d seeds only\n", c.t.Name(), run, c.c.Seeds)
	}
}

// seeds runs them, several at once, in their order, and returns how many it has run and the first that failed.
func (c *campaign) seeds() (run, skipped int, worst *outcome) {
	var mu sync.Mutex
	var next atomic.Uint64 // the seed to come. Every worker adds one
	var stop atomic.Bool   // a seed has failed. Set by its worker, read by all: smaller ones are under way or done
	until := c.deadline()
	worker := func() {
		for !stop.Load() && (until.IsZero() || time.Now().Before(until)) {
			i := next.Add(1) - 1
			if i >= uint64(c.c.Seeds) {
				return
			}
			o := c.seed(c.c.First + i)
			mu.Lock()
			run++
			if o.skipped {
				skipped++
			}
			if o.failed() {
				stop.Store(true)
				if worst == nil || o.seed-c.c.First < worst.seed-c.c.First {
					worst = o
				}
			}
			mu.Unlock()
		}
	}
	var all sync.WaitGroup
	for range min(c.c.Parallel, c.c.Seeds) {
		all.Go(worker)
	}
	all.Wait()
	return run, skipped, worst
}

// seed runs one, or the same one twice.
func (c *campaign) seed(seed uint64) *outcome {
	o := c.attempt(attempt{seed: seed, from: c.source(seed), hashed: c.c.Twice})
	if !c.c.Twice || o.failed() {
		return o
	}
	again := c.attempt(attempt{seed: seed, from: c.source(seed), hashed: true})
	if again.sum != o.sum || again.tape.print != o.tape.print {
		o.trouble = append(o.trouble, trouble{key: "twice", text: c.differs(seed)})
	}
	return o
}

func (c *campaign) strategy(seed uint64) Strategy {
	if m, ok := c.c.Strategy.(Mixed); ok {
		return m.of(seed)
	}
	return c.c.Strategy
}

func (c *campaign) source(seed uint64) executor.Source {
	return c.strategy(seed).Source(seed, c.choices)
}

// deadline is when no further seed is begun; zero: there is none.
func (c *campaign) deadline() (until time.Time) {
	if c.c.Budget > 0 {
		until = time.Now().Add(c.c.Budget)
	}
	timed, ok := c.t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return until
	}
	if at, ok := timed.Deadline(); ok {
		at = at.Add(-time.Until(at) / 10)
		if until.IsZero() || at.Before(until) {
			until = at
		}
	}
	return until
}

func (c *campaign) out() io.Writer {
	if c.tell == nil {
		return os.Stderr
	}
	return c.tell
}

// upTo rounds up to a power of two, so that a seed's text does not change with every step.
func upTo(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return p
}
