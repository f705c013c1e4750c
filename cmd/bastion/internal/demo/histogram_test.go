package demo

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A bucket holds what it should: no duration lies above the end of its bucket, or more than an eighth below.
func TestHistogramBuckets(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		d := time.Duration(rng.Uint64() >> (2 + rng.IntN(62)))
		if end := endOf(bucketOf(d)); end < d || end > d+d/8+1 {
			t.Fatalf("%d is in the bucket that ends at %d", d, end)
		}
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("an empty one has median %v", got)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(rng.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.99, 1} {
		exact := all[max(int(q*float64(len(all)))-1, 0)]
		if got := h.quantile(q); got < exact || got > exact+exact/8+1 {
			t.Errorf("quantile %v: %v, exactly %v", q, got, exact)
		}
	}
}
