package bastiontest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion/executor"
)

// A schedule is the choices of a run, short: only those that are not usual, by their numbers. As text, for
// -bastion.schedule, it is 12=1,40=2.9f3a2c11: at the twelfth choice answer 1, at the fortieth 2, and the fingerprint of
// the whole run.
type schedule struct {
	unusual []unusual // by at
	print   fingerprint
}

type unusual struct {
	at     int
	answer uint32
}

// schedule is what was chosen, as far as it was not usual.
func (t *tape) schedule() *schedule {
	s := &schedule{print: t.print}
	for i, c := range t.choices {
		if c.answer != c.usual {
			s.unusual = append(s.unusual, unusual{i, c.answer})
		}
	}
	return s
}

func (s *schedule) String() string {
	var b strings.Builder
	for i, u := range s.unusual {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d=%d", u.at, u.answer)
	}
	fmt.Fprintf(&b, ".%08x", uint32(s.print))
	return b.String()
}

func parseSchedule(text string) (*schedule, error) {
	list, print, found := strings.Cut(text, ".")
	if !found {
		return nil, fmt.Errorf("%q is not a schedule as it is printed: it ends with a fingerprint", text)
	}
	s := &schedule{}
	var err error
	if s.print, err = parsePrint(print); err != nil {
		return nil, err
	}
	if list == "" {
		return s, nil
	}
	for _, one := range strings.Split(list, ",") {
		at, answer, _ := strings.Cut(one, "=")
		where, err := strconv.ParseUint(at, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%q is not a choice", one)
		}
		what, err := strconv.ParseUint(answer, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is not a choice", one)
		}
		s.unusual = append(s.unusual, unusual{int(where), uint32(what)})
	}
	if !slices.IsSortedFunc(s.unusual, func(a, b unusual) int { return cmp.Compare(a.at, b.at) }) {
		return nil, fmt.Errorf("the choices are not in order")
	}
	return s, nil
}

// source plays the schedule.
func (s *schedule) source() executor.Source { return &player{left: s.unusual} }

type player struct {
	left []unusual
	at   int
}

// Choose implements executor.Source.
func (p *player) Choose(c executor.Choice) int {
	answer := usual(c)
	if len(p.left) > 0 && p.left[0].at == p.at {
		answer = min(int(p.left[0].answer), c.N-1)
		p.left = p.left[1:]
	}
	p.at++
	return answer
}
