package executor

import "math/rand/v2"

// Source makes the choices of a seeded run. One that makes the same choices makes the same run. It is called by one
// goroutine at a time.
type Source interface {
	// Choose returns a number from 0 to c.N-1. Anything else is taken for 0.
	Choose(c Choice) int
}

// Choice is a question to a [Source].
type Choice struct {
	Kind ChoiceKind
	// N is how many answers there are: at least 2.
	N int
	// Ready are the N candidates of ChooseNext, in an order that is the same in the same run. It is only lent.
	Ready []Candidate
	// Last is the ID of the candidate that ran until now.
	Last uint64
	// Odds is how likely 1 is meant to be, of ChooseChance.
	Odds float64
}

// ChoiceKind says what is to be chosen.
type ChoiceKind uint8

// What is to be chosen. Of those that ask yes or no, 0 is the answer with fewer switches.
const (
	// ChooseNext: which candidate goes on.
	ChooseNext ChoiceKind = iota
	// ChooseSwitch: at a point where it need not, 1: the strand gives the baton on.
	ChooseSwitch
	// ChooseYield: after a unit of work, 1: the slice ends.
	ChooseYield
	// ChooseCase: which of the conditions that hold a strand has waited for.
	ChooseCase
	// ChooseFraction: a random number, as N parts of 1.
	ChooseFraction
	// ChooseOther: what the layer above asks by [Seeded.Choose]; 0 is the usual.
	ChooseOther
	// ChooseDraw: a number, none likelier than another: what a test draws by [Seeded.Draw].
	ChooseDraw
	// ChooseChance: 1, something that is not usual happens, as likely as Odds says ([Seeded.Chance]).
	ChooseChance
)

var choiceKinds = [...]string{"next", "switch", "yield", "case", "fraction", "other", "draw", "chance"}

func (k ChoiceKind) String() string {
	if int(k) < len(choiceKinds) {
		return choiceKinds[k]
	}
	return "unknown"
}

// Candidate is what can go on: a strand, a task that is ready, or a timer that is due.
type Candidate struct {
	// ID is the same for the same strand or task throughout a run, and of no other; a timer has one for each firing.
	ID uint64

	strand *strand
	task   readyTask
	timer  *virtualTimer
}

// Name names the candidate for people. It is made when called.
func (c Candidate) Name() string {
	switch {
	case c.strand != nil:
		return c.strand.title()
	case c.timer != nil:
		return c.timer.title()
	}
	return taskName(c.task.t)
}

// RandomSource chooses uniformly who goes on. How willing it is to switch where nothing needs it is drawn from the
// seed as well, from every time to hardly ever: some faults need many switches, others long stretches.
func RandomSource(seed uint64) Source {
	r := &randomSource{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), 0, 0}
	r.switching, r.yielding = 1+(1<<r.IntN(6)), 1<<r.IntN(6)
	return r
}

type randomSource struct {
	*rand.Rand
	switching, yielding int // one in so many
}

// Choose implements Source.
func (r *randomSource) Choose(c Choice) int {
	switch c.Kind {
	case ChooseSwitch:
		return oneIn(r.IntN(r.switching))
	case ChooseOther:
		return oneIn(r.IntN(r.switching)) * (1 + r.IntN(c.N-1))
	case ChooseYield:
		return oneIn(r.IntN(r.yielding))
	case ChooseChance:
		if r.Float64() < c.Odds {
			return 1
		}
		return 0
	}
	return r.IntN(c.N)
}

func oneIn(drawn int) int {
	if drawn == 0 {
		return 1
	}
	return 0
}

// Choose asks the source for a number below n, in the name of the layer above: 0, the usual, where there is nothing to
// choose, and for a goroutine that is no strand.
func (s *Seeded) Choose(n int) int { return s.choose(Choice{Kind: ChooseOther, N: n}) }

// Draw asks the source for a number below n, none likelier than another. 0 where there is nothing to draw, and for a
// goroutine that is no strand.
func (s *Seeded) Draw(n int) int { return s.choose(Choice{Kind: ChooseDraw, N: n}) }

// Chance asks the source whether something happens that is as likely as odds says, from 0, never, to 1, always. For a
// goroutine that is no strand it never does.
func (s *Seeded) Chance(odds float64) bool {
	switch {
	case odds <= 0:
		return false
	case odds >= 1:
		return s.self() != nil
	}
	return s.choose(Choice{Kind: ChooseChance, N: 2, Odds: odds}) == 1
}

// fractions is how finely Fraction divides.
const fractions = 1 << 30

// Fraction asks the source for a number from 0 to below 1, as [rand.Float64] gives. A goroutine that is no strand gets 0.
func (s *Seeded) Fraction() float64 {
	return float64(s.choose(Choice{Kind: ChooseFraction, N: fractions})) / fractions
}

func (s *Seeded) choose(c Choice) int {
	if c.N < 2 || s.self() == nil {
		return 0
	}
	return s.ask(c)
}

// ask asks the source, for the strand that has the baton.
func (s *Seeded) ask(c Choice) int {
	if i := s.src.Choose(c); i >= 0 && i < c.N {
		return i
	}
	return 0
}
