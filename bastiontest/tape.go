package bastiontest

import "github.com/bastion-go/bastion/executor"

// A choice is one question to a source and its answer.
type choice struct {
	kind   executor.ChoiceKind
	n      uint32
	answer uint32
	usual  uint32
}

// A tape is a source that keeps what another one answers.
type tape struct {
	from    executor.Source
	choices []choice
	print   fingerprint
	calm    int // above 0: nothing unusual is chosen. Of the strand that has the baton
}

func newTape(from executor.Source) *tape { return &tape{from: from, print: noChoice} }

// Choose implements executor.Source.
func (t *tape) Choose(c executor.Choice) int {
	if t.calm > 0 {
		return usual(c) // it always is, so that there is nothing to keep
	}
	answer := t.from.Choose(c)
	if answer < 0 || answer >= c.N {
		answer = 0
	}
	t.choices = append(t.choices, choice{c.Kind, uint32(c.N), uint32(answer), uint32(usual(c))})
	t.print = t.print.with(c, answer)
	return answer
}

// scheduling is how many of the choices were between schedules.
func (t *tape) scheduling() (n int) {
	for _, c := range t.choices {
		switch c.kind {
		case executor.ChooseNext, executor.ChooseSwitch, executor.ChooseYield:
			n++
		}
	}
	return n
}

// usual is the answer with which nothing unusual happens: who runs goes on as long as it can, and nothing goes wrong.
func usual(c executor.Choice) int {
	if c.Kind == executor.ChooseNext {
		for i := range c.Ready {
			if c.Ready[i].ID == c.Last {
				return i
			}
		}
	}
	return 0
}

// A fingerprint stands for all choices of a run, the questions and the answers. Another program, or another version of
// one, is asked other questions: so a seed is known that no longer does what it did.
type fingerprint uint32

const (
	noChoice fingerprint = 2166136261
	fnvPrime fingerprint = 16777619
)

func (f fingerprint) with(c executor.Choice, answer int) fingerprint {
	f = (f ^ fingerprint(c.Kind)) * fnvPrime
	f = (f ^ fingerprint(c.N)) * fnvPrime
	return (f ^ fingerprint(answer)) * fnvPrime
}
