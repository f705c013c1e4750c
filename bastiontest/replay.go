package bastiontest

import (
	"fmt"

	"github.com/bastion-go/bastion/executor"
)

// replaySeed runs the one seed that was asked for.
func (c *campaign) replaySeed() {
	c.t.Helper()
	k := *c.c.seed
	c.choices = k.length
	strategy := c.strategy(k.seed)
	if k.strategy != "" && k.strategy != strategy.String() {
		var err error
		if strategy, err = parseStrategy(k.strategy); err != nil {
			c.t.Fatalf("bastiontest: -bastion.seed: %v", err)
		}
	}
	if !k.printed {
		first := c.attempt(attempt{seed: c.c.First, from: executor.RandomSource(c.c.First)})
		c.choices = upTo(first.tape.scheduling())
	}
	k.strategy, k.length = strategy.String(), c.choices
	o := c.attempt(attempt{seed: k.seed, from: strategy.Source(k.seed, c.choices)})
	if k.printed {
		c.fits("seed "+k.String(), k.print, o)
	}
	if o.failed() {
		c.fail(o, &k)
	}
}

// replaySchedule runs the one schedule that was asked for.
func (c *campaign) replaySchedule() {
	c.t.Helper()
	o := c.attempt(attempt{from: c.c.schedule.source()})
	c.fits("schedule "+c.c.schedule.String(), c.c.schedule.print, o)
	if o.failed() {
		c.fail(o, nil)
	}
}

// fits says so if a run was not the one that had been printed.
func (c *campaign) fits(what string, print fingerprint, o *outcome) {
	if o.tape.print == print {
		return
	}
	end := "passes"
	if o.failed() {
		end = "fails"
	}
	fmt.Fprintf(c.out(), "bastiontest: %s: the %s no longer fits this binary: the program, Bastion or the faults have changed, and other "+
		"choices were asked for. The run that was made instead %s. Run more seeds to know: -bastion.seeds=1000\n", c.t.Name(), what, end)
}
