package bastiontest

import (
	"cmp"
	"slices"
	"time"
)

// shrink looks for a shorter schedule that fails in the same way: one with fewer choices that are not usual, and of as
// many one with smaller answers. It is delta debugging (Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing
// Input, 2002): what is left out changes what is asked afterwards, so that each candidate is run, and what it did is
// what is kept.
func (c *campaign) shrink(o *outcome) (best *outcome, runs int) {
	s := &shrinker{c: c, best: o, until: time.Now().Add(cmp.Or(c.shrinkFor, shrinkTime)), limit: 2*len(o.tape.choices) + 10_000}
	s.parts()
	s.answers()
	return s.best, s.runs
}

type shrinker struct {
	c     *campaign
	best  *outcome
	runs  int
	limit int // of steps
	until time.Time
}

// parts leaves out ever smaller parts, until no single choice can be left out.
func (s *shrinker) parts() {
	size := len(s.best.tape.schedule().unusual)
	for size > 0 {
		shorter := false
		for at := 0; ; {
			all := s.best.tape.schedule().unusual
			if at >= len(all) || s.spent() {
				break
			}
			if s.try(slices.Concat(all[:at], all[min(at+size, len(all)):])) {
				shorter = true
			} else {
				at += size
			}
		}
		if s.spent() {
			return
		}
		if !shorter || size > 1 {
			size /= 2
		}
	}
}

// answers makes them smaller, one after the other.
func (s *shrinker) answers() {
	for i := 0; i < len(s.best.tape.schedule().unusual); i++ {
		for !s.spent() {
			all := slices.Clone(s.best.tape.schedule().unusual)
			if i >= len(all) || all[i].answer < 2 {
				break
			}
			all[i].answer /= 2
			if !s.try(all) {
				break
			}
		}
	}
}

func (s *shrinker) spent() bool { return s.runs >= s.c.c.Shrink || time.Now().After(s.until) }

// try runs a candidate, and keeps it if it fails as the best does and is shorter.
func (s *shrinker) try(list []unusual) bool {
	s.runs++
	o := s.c.attempt(attempt{seed: s.best.seed, from: (&schedule{unusual: list}).source(), limit: s.limit})
	if !o.failed() || o.trouble[0].key != s.best.trouble[0].key || !shorter(o, s.best) {
		return false
	}
	s.best = o
	return true
}

// shorter reports whether a has fewer choices that are not usual than b, or as many and smaller answers.
func shorter(a, b *outcome) bool {
	x, y := a.tape.schedule().unusual, b.tape.schedule().unusual
	if len(x) != len(y) {
		return len(x) < len(y)
	}
	var sumX, sumY uint64
	for i := range x {
		sumX, sumY = sumX+uint64(x[i].answer), sumY+uint64(y[i].answer)
	}
	return sumX < sumY
}
