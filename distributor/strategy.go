package distributor

import (
	"slices"
	"sync/atomic"

	"github.com/bastion-go/bastion"
)

// A Strategy chooses who gets a message that goes to one. It may be called by many
// goroutines at once, on the goroutine of whoever sends; a panic is the sender's.
type Strategy interface {
	// Pick returns the index of the chosen one in c.Members, or an error, which the
	// sender gets. If the chosen one has refused the message before, c.Next of it is
	// tried.
	Pick(c Call) (int, error)
}

// An Indexer is a Strategy that wants to work out something about the members once
// and not for each message.
type Indexer interface {
	Strategy
	// Index is called before the first message after a change of membership; what it
	// returns comes with every Call until the next. It must not call the Distributor.
	Index(members []bastion.Ref) any
}

// A Call is one question to a Strategy.
type Call struct {
	// Members are all there are, at least one. They belong to the Distributor.
	Members []bastion.Ref
	// Index is what the strategy's own Index returned for them.
	Index any
	// Message is what is to be sent.
	Message any
	// Refused are those who were tried and did not accept it.
	Refused []Result

	sys *bastion.System
}

// Next is i, or else the next index after it, round the end, whose member has not
// refused the message.
func (c Call) Next(i int) int {
	for range c.Refused {
		if !c.refusedBy(c.Members[i]) {
			return i
		}
		if i++; i == len(c.Members) {
			i = 0
		}
	}
	return i
}

func (c Call) refusedBy(m bastion.Ref) bool {
	return slices.ContainsFunc(c.Refused, func(r Result) bool { return r.To == m })
}

// Random draws a number below n, in a seeded run from its source; see
// bastion.System.Random.
func (c Call) Random(n int) int { return c.sys.Random(n) }

// RoundRobin takes one after the other. It counts by itself, so one is used by
// pointer, and by one Distributor: new(RoundRobin).
type RoundRobin struct {
	// turns counts picks. Whoever picks adds one, and has that turn alone.
	turns atomic.Uint64
}

// Pick implements Strategy.
func (r *RoundRobin) Pick(c Call) (int, error) {
	return int((r.turns.Add(1) - 1) % uint64(len(c.Members))), nil
}

// Random takes anyone, all with the same chance.
type Random struct{}

// Pick implements Strategy.
func (Random) Pick(c Call) (int, error) { return c.Random(len(c.Members)), nil }

// LeastMailbox takes who has the least to do: of those that run the one with the
// fewest messages before it, of equals any. It looks at every member for each
// message; among many, TwoChoices is nearly as good and looks at two. More than 256
// messages are counted by neither.
type LeastMailbox struct{}

// Pick implements Strategy.
func (LeastMailbox) Pick(c Call) (int, error) {
	n := len(c.Members)
	best, least := 0, burden{}
	first := c.Random(n)
	for i := range n {
		at := first + i
		if at >= n {
			at -= n
		}
		if b := burdenOf(c.Members[at], least, i > 0); i == 0 || b.less(least) {
			best, least = at, b
		}
		if least == (burden{}) {
			break // nobody has less than nothing
		}
	}
	return best, nil
}

// TwoChoices takes two at random and of them the one that has less to do: the power
// of two choices. The longest mailbox stays far below that of a single random choice
// (Mitzenmacher, 1996), at the cost of looking at two.
type TwoChoices struct{}

// Pick implements Strategy.
func (TwoChoices) Pick(c Call) (int, error) {
	n := len(c.Members)
	if n == 1 {
		return 0, nil
	}
	i, j := c.Random(n), c.Random(n-1)
	if j >= i {
		j++
	}
	a := burdenOf(c.Members[i], burden{}, false)
	if b := burdenOf(c.Members[j], a, true); b.less(a) {
		return j, nil
	}
	return i, nil
}

// A burden is what a process has to do before a message that comes now.
type burden struct {
	down    bool // it does not run: nothing is done before it does
	backlog int
}

func (b burden) less(than burden) bool {
	if b.down != than.down {
		return than.down
	}
	return b.backlog < than.backlog
}

// burdenOf reads the burden of a process, no farther than is needed to know whether
// it is less than another, if there is one.
func burdenOf(r bastion.Ref, than burden, compared bool) burden {
	most := maxCounted
	if compared && !than.down {
		most = max(1, than.backlog)
	}
	l := r.Load(most)
	return burden{l.State != bastion.StateRunning && l.State != bastion.StateStarting, l.Backlog()}
}

// maxCounted bounds what is counted of a mailbox: who has so much is as busy as
// anyone with more.
const maxCounted = 1 << 8

// scatter makes of numbers that are close to one another some that are not
// (the finalizer of SplitMix64).
func scatter(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
