package demo

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets of an eighth of a power of two, so that a quantile is at most 12.5 % off. Any
// number of goroutines may add to it while others read.
type histogram struct {
	buckets [64 * eighths]atomic.Uint64
}

const eighths = 8

func (h *histogram) add(d time.Duration) { h.buckets[bucketOf(d)].Add(1) }

// quantile is the upper end of the bucket in which the q-th part of all durations is reached; 0 if there are none.
func (h *histogram) quantile(q float64) time.Duration {
	var counts [len(h.buckets)]uint64
	var total uint64
	for i := range h.buckets {
		counts[i] = h.buckets[i].Load()
		total += counts[i]
	}
	if total == 0 {
		return 0
	}
	want, seen := max(uint64(q*float64(total)), 1), uint64(0)
	for i, n := range counts {
		if seen += n; seen >= want {
			return endOf(i)
		}
	}
	return endOf(len(counts) - 1)
}

func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1))
	exponent := bits.Len64(n) - 1
	if exponent < 3 {
		return int(n) // too small for eighths: exact
	}
	return exponent*eighths + int(n>>(exponent-3))&(eighths-1)
}

func endOf(bucket int) time.Duration {
	exponent, part := bucket/eighths, bucket%eighths
	if exponent < 3 {
		return time.Duration(bucket)
	}
	return time.Duration(eighths+part+1)<<(exponent-3) - 1
}
