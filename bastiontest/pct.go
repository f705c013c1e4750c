package bastiontest

import (
	"cmp"
	"strconv"

	"github.com/bastion-go/bastion/executor"
)

// PCT is probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with
// Probabilistic Guarantees of Finding Bugs, ASPLOS 2010). Everything that can run has a priority, drawn when it is first
// seen, and whoever of those that can go on has the highest runs; at Depth-1 places of the run, drawn beforehand, the one
// that runs gets the lowest priority of all.
//
// A bug of depth d is one for which d steps must happen in a certain order (d=1: who comes first; d=2: what an ordinary
// race or a deadlock needs). Each run finds a given bug of that depth with a probability of at least 1/(n·k^(d-1)), for n
// strands and k choices. Here n counts processes, agendas, timers and goroutines of the run, and k is measured in a first
// run, so that the bound holds as far as other runs are no longer than that one.
type PCT struct {
	// Depth is d; 0: 3.
	Depth int
}

// String implements Strategy.
func (p PCT) String() string { return "pct:" + strconv.Itoa(cmp.Or(p.Depth, 3)) }

// Source implements Strategy.
func (p PCT) Source(seed uint64, choices int) executor.Source {
	s := &pctSource{draws: newDraws(seed, 0xbf58476d1ce4e5b9), priority: make(map[uint64]float64), lowers: make(map[int]float64)}
	for d := cmp.Or(p.Depth, 3) - 1; d > 0; d-- {
		s.lowers[s.IntN(max(choices, 1))] = -float64(d)
	}
	return s
}

type pctSource struct {
	draws
	priority map[uint64]float64 // from 0 to 1; below 0: lowered
	lowers   map[int]float64    // at which choice, to what
	at       int
}

// Choose implements executor.Source. It gives the baton on wherever that is possible, so that at each choice of a
// schedule the priorities alone decide.
func (s *pctSource) Choose(c executor.Choice) int {
	switch c.Kind {
	case executor.ChooseNext:
		return s.next(c)
	case executor.ChooseSwitch, executor.ChooseYield, executor.ChooseOther:
		return 1
	}
	return s.choose(c)
}

func (s *pctSource) next(c executor.Choice) int {
	best := 0
	for i := range c.Ready {
		if s.of(c.Ready[i].ID) > s.of(c.Ready[best].ID) {
			best = i
		}
	}
	at := s.at
	s.at++
	low, lowered := s.lowers[at]
	if !lowered {
		return best
	}
	s.priority[c.Ready[best].ID] = low
	delete(s.lowers, at)
	s.at--
	return s.next(c)
}

func (s *pctSource) of(id uint64) float64 {
	p, seen := s.priority[id]
	if !seen {
		p = s.Float64()
		s.priority[id] = p
	}
	return p
}
