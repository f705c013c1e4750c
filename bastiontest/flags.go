package bastiontest

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strconv"
	"time"
)

// The flags of go test. A flag goes before the variable of the environment with the same meaning (BASTION_SEEDS and so
// on), and both before Options. There is one command line to a program, so that this is the one package-level state here;
// only package flag writes it, before any test runs.
var (
	flagSeeds    = flag.String("bastion.seeds", "", "how many seeds a simulation runs")
	flagFirst    = flag.String("bastion.first", "", "the first of them")
	flagSeed     = flag.String("bastion.seed", "", "run this seed alone, as it was printed")
	flagSchedule = flag.String("bastion.schedule", "", "run this schedule alone, as it was printed")
	flagStrategy = flag.String("bastion.strategy", "", "how schedules are chosen: mixed, random, pct:DEPTH or delay:DELAYS")
	flagTime     = flag.String("bastion.time", "", "real time after which no further seed is begun, such as 30s")
	flagTwice    = flag.Bool("bastion.twice", false, "run each seed twice and compare the traces")
	flagTrace    = flag.String("bastion.trace", "", "folder into which the trace of a failing run is written")
)

// said is what was said by flag or in the environment.
func said(by *string, variable string) string { return cmp.Or(*by, os.Getenv(variable)) }

// A command is what is to be run: Options with what was said on the command line.
type command struct {
	Options
	seed     *token    // this alone; nil: many
	schedule *schedule // this alone
}

func (o Options) command() (command, error) {
	c := command{}
	if err := o.override(); err != nil {
		return c, err
	}
	var err error
	if c.Options, err = o.check(); err != nil {
		return c, err
	}
	if text := said(flagSeed, "BASTION_SEED"); text != "" {
		if c.seed, err = parseToken(text); err != nil {
			return c, fmt.Errorf("-bastion.seed: %w", err)
		}
	}
	if text := said(flagSchedule, "BASTION_SCHEDULE"); text != "" {
		if c.schedule, err = parseSchedule(text); err != nil {
			return c, fmt.Errorf("-bastion.schedule: %w", err)
		}
	}
	return c, nil
}

// override writes what was said into o.
func (o *Options) override() (err error) {
	if text := said(flagSeeds, "BASTION_SEEDS"); text != "" {
		if o.Seeds, err = strconv.Atoi(text); err != nil || o.Seeds < 1 {
			return fmt.Errorf("-bastion.seeds: %q is not a number of seeds", text)
		}
	}
	if text := said(flagFirst, "BASTION_FIRST"); text != "" {
		if o.First, err = strconv.ParseUint(text, 0, 64); err != nil {
			return fmt.Errorf("-bastion.first: %q is not a seed", text)
		}
	}
	if text := said(flagTime, "BASTION_TIME"); text != "" {
		if o.Budget, err = time.ParseDuration(text); err != nil {
			return fmt.Errorf("-bastion.time: %w", err)
		}
	}
	if text := said(flagStrategy, "BASTION_STRATEGY"); text != "" {
		if o.Strategy, err = parseStrategy(text); err != nil {
			return fmt.Errorf("-bastion.strategy: %w", err)
		}
	}
	o.Twice = o.Twice || *flagTwice || os.Getenv("BASTION_TWICE") != ""
	return nil
}
