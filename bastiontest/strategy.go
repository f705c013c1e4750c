package bastiontest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion/executor"
)

// A Strategy makes the source of a run's choices from its seed. What it makes must depend on nothing else. [Random],
// [PCT], [DelayBounded] and [Mixed] are some; a test may have its own.
type Strategy interface {
	// String names it in printed seeds. It must have no dot.
	String() string
	// Source is called once for each run. choices is about how many choices between schedules a run of this test has.
	Source(seed uint64, choices int) executor.Source
}

// Random chooses uniformly who goes on; how willingly it switches is drawn from the seed as well
// ([executor.RandomSource]).
type Random struct{}

// String implements Strategy.
func (Random) String() string { return "random" }

// Source implements Strategy.
func (Random) Source(seed uint64, _ int) executor.Source { return executor.RandomSource(seed) }

// Mixed is what is taken where nothing is said. Of each four seeds two are Random, one is PCT of depth 3 and one
// DelayBounded with 2 delays: no strategy finds everything soonest.
type Mixed struct{}

// String implements Strategy.
func (Mixed) String() string { return "mixed" }

// Source implements Strategy.
func (m Mixed) Source(seed uint64, choices int) executor.Source {
	return m.of(seed).Source(seed, choices)
}

// of is the strategy that a seed gets.
func (Mixed) of(seed uint64) Strategy {
	switch seed % 4 {
	case 1:
		return PCT{}
	case 3:
		return DelayBounded{}
	}
	return Random{}
}

// parseStrategy reads a strategy as String writes it.
func parseStrategy(text string) (Strategy, error) {
	name, number, _ := strings.Cut(text, ":")
	n := 0
	if number != "" {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 1 {
			return nil, fmt.Errorf("%q: %q is not a number from 1 on", text, number)
		}
	}
	switch name {
	case "mixed":
		return Mixed{}, nil
	case "random":
		return Random{}, nil
	case "pct":
		return PCT{Depth: n}, nil
	case "delay":
		return DelayBounded{Delays: n}, nil
	}
	return nil, fmt.Errorf("%q is no strategy: mixed, random, pct:DEPTH, delay:DELAYS", text)
}

// draws are the choices that are no scheduling: the same for all strategies.
type draws struct{ *rand.Rand }

// newDraws are a seed's. stream keeps them apart from those of other strategies with the same seed.
func newDraws(seed, stream uint64) draws { return draws{rand.New(rand.NewPCG(seed, stream))} }

func (d draws) choose(c executor.Choice) int {
	if c.Kind == executor.ChooseChance {
		if d.Float64() < c.Odds {
			return 1
		}
		return 0
	}
	return d.IntN(c.N)
}
