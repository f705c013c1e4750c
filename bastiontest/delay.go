package bastiontest

import (
	"cmp"
	"strconv"

	"github.com/bastion-go/bastion/executor"
)

// DelayBounded lets whoever runs go on as long as it can, and then the next in order; at a few places of the run, drawn
// beforehand, it takes the one after that (Emmi, Qadeer, Rakamarić: Delay-Bounded Scheduling, POPL 2011). Most bugs need
// few such delays, and there are far fewer schedules with two delays than schedules.
type DelayBounded struct {
	// Delays is how many; 0: 2.
	Delays int
}

// String implements Strategy.
func (d DelayBounded) String() string { return "delay:" + strconv.Itoa(cmp.Or(d.Delays, 2)) }

// Source implements Strategy.
func (d DelayBounded) Source(seed uint64, choices int) executor.Source {
	s := &delaySource{draws: newDraws(seed, 0x94d049bb133111eb), delays: make(map[int]int)}
	for range cmp.Or(d.Delays, 2) {
		s.delays[s.IntN(max(choices, 1))]++
	}
	return s
}

type delaySource struct {
	draws
	delays map[int]int // at which choice, how many
	at     int
	owed   int // delays for the next who goes on
}

// Choose implements executor.Source.
func (s *delaySource) Choose(c executor.Choice) int {
	switch c.Kind {
	case executor.ChooseNext, executor.ChooseSwitch, executor.ChooseYield:
	case executor.ChooseOther, executor.ChooseCase:
		return 0
	default:
		return s.choose(c)
	}
	s.owed += s.delays[s.at]
	s.at++
	if c.Kind != executor.ChooseNext {
		return min(s.owed, 1)
	}
	by := s.owed
	s.owed = 0
	return (inTurn(c) + by) % c.N
}

// inTurn is who goes on without a delay: who ran until now, or the next in order.
func inTurn(c executor.Choice) int {
	best, after := -1, 0
	for i := range c.Ready {
		id := c.Ready[i].ID
		if id == c.Last {
			return i
		}
		if id > c.Last && (best < 0 || id < c.Ready[best].ID) {
			best = i
		}
		if id < c.Ready[after].ID {
			after = i
		}
	}
	if best < 0 {
		return after
	}
	return best
}
