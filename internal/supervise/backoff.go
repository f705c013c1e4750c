package supervise

import (
	"math"
	"time"
)

// BackoffKind is the law by which waits grow.
type BackoffKind uint8

const (
	NoBackoff   BackoffKind = iota // restart at once
	Constant                       // First
	Linear                         // First, First+Step, First+2·Step, …
	Exponential                    // First, First·Factor, First·Factor², …
)

// Backoff is how long a child waits before its n-th restart in a row (S6). The zero value waits not at all.
type Backoff struct {
	Kind   BackoffKind
	First  time.Duration
	Step   time.Duration
	Factor float64       // 0: 2
	Max    time.Duration // no wait is longer; 0: no cap

	// Jitter is the share of the wait that is left to chance, 0 to 1: the wait lies between (1-Jitter) times and once
	// what it would be. Chance only shortens, so that Max holds.
	Jitter float64

	// Healthy is how long the child must have been up for its next failure to count as a first one. 0: never.
	Healthy time.Duration
}

// Delay returns the wait before restart number attempt (from 1) in a row. jitter in [0,1) is the driver's random draw.
func (b Backoff) Delay(attempt int, jitter float64) time.Duration {
	n := float64(max(attempt, 1) - 1)
	first := float64(b.First)
	var d float64
	switch b.Kind {
	case Constant:
		d = first
	case Linear:
		d = first + n*float64(b.Step)
	case Exponential:
		factor := b.Factor
		if factor == 0 {
			factor = 2
		}
		d = first * math.Pow(factor, n)
	}
	limit := time.Duration(math.MaxInt64)
	if b.Max > 0 {
		limit = b.Max
	}
	d = min(d, float64(limit))
	d -= d * unit(b.Jitter) * unit(jitter)
	switch {
	case !(d > 0): // also NaN, from 0·Inf
		return 0
	case d >= float64(limit): // compared as floats: above 2^53 ns a conversion may round up past the limit
		return limit
	}
	return time.Duration(d)
}

// unit clamps x into [0,1]; NaN becomes 0.
func unit(x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return min(x, 1)
}

// Streak counts a child's restarts in a row. The zero value is ready.
type Streak struct{ n int }

// Next counts one more failure after a life of length up and returns its number in the row, from 1. A life of at least
// healthy (if that is positive) ends the row before.
func (s *Streak) Next(up, healthy time.Duration) int {
	if healthy > 0 && up >= healthy {
		s.n = 0
	}
	s.n++
	return s.n
}
