package resizer

import (
	"math"
	"time"
)

// A sample is what one look has found.
type sample struct {
	members int           // that serve
	backlog int           // messages that wait or are in hand
	waiting int           // those of them that wait
	handled uint64        // since the look before
	elapsed time.Duration // likewise
}

// mean is the backlog of a member.
func (s sample) mean() float64 { return float64(s.backlog) / float64(max(s.members, 1)) }

// wait is the time in the queue, by Little's law: how long the members take for what
// waits, at the rate at which they have handled since the last look.
func (s sample) wait() time.Duration {
	switch {
	case s.waiting == 0:
		return 0
	case s.handled == 0:
		return Forever
	}
	w := float64(s.elapsed) * float64(s.waiting) / float64(s.handled)
	if w >= float64(Forever) {
		return Forever
	}
	return time.Duration(w)
}

// decide says how many members there should be, and how many looks in a row have found too
// many so far. It is a function of what it is given, and nothing else.
func (s *Spec) decide(is sample, calm int) (want, calmNow int) {
	n := is.members
	switch {
	case n < s.Min:
		return s.Min, 0
	case n > s.Max:
		return s.Max, 0
	case s.tooFew(is):
		return min(n+portion(n, s.Grow), s.Max), 0
	case !s.tooMany(is):
		return n, 0
	case calm+1 < s.Calm:
		return n, calm + 1
	}
	return max(n-portion(n, s.Shrink), s.Min), 0
}

func (s *Spec) tooFew(is sample) bool {
	return is.mean() > s.Backlog || s.Wait > 0 && is.wait() > s.Wait
}

// tooMany looks at what there would be for each if one were gone, so that shrinking
// is never what makes it grow.
func (s *Spec) tooMany(is sample) bool {
	without := is
	without.members--
	return is.mean() <= s.Idle*s.Backlog && !s.tooFew(without)
}

// portion is a share of n, at least one, as far as an int goes.
func portion(n int, share float64) int {
	p := math.Ceil(float64(n) * share)
	if p >= math.MaxInt32 {
		return math.MaxInt32
	}
	return max(int(p), 1)
}
