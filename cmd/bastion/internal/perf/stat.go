package perf

import (
	"math"
	"slices"
)

// median of the values, the mean of the middle two when their number is even;
// NaN when there are none. The values are not changed.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// percentile is the smallest value that at least the fraction p of the values
// does not exceed (nearest rank: never a value that was not measured).
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// spread is how far the values lie apart, as a part of their median: 0.1 says
// that the largest exceeds the smallest by a tenth of the median.
func spread(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	mid := median(values)
	if mid == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / mid
}
