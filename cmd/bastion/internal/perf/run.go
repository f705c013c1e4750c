package perf

import (
	"fmt"
	"runtime"
	"time"
)

// Run is one run of one side: how much to do, and the clock to do it under.
type Run struct {
	Ops   int
	Crowd int

	// A Go benchmark starts and stops its own clock (and its profile of
	// allocations) where ours starts and stops.
	begin, end func()
}

// laps warms up with a tenth of the operations, then times all of them, and
// returns nanoseconds for each.
func (r *Run) laps(lap func(n int) error) (float64, error) {
	return r.warm(lap, r.wall)
}

// warm is laps with another clock.
func (r *Run) warm(lap func(n int) error, clock func(func() error) (float64, error)) (float64, error) {
	if err := lap(max(1, r.Ops/10)); err != nil {
		return 0, fmt.Errorf("warming up: %w", err)
	}
	total, err := clock(func() error { return lap(r.Ops) })
	return total / float64(r.Ops), err
}

// wall runs f after a garbage collection and returns the nanoseconds it took.
func (r *Run) wall(f func() error) (float64, error) {
	runtime.GC()
	r.started()
	start := time.Now()
	err := f()
	took := time.Since(start)
	r.stopped()
	return float64(took), err
}

// cpu is wall by the CPU time of the whole program: what the supervisor, the
// workers and the collector spent counts, waiting does not.
func (r *Run) cpu(f func() error) (float64, error) {
	runtime.GC()
	r.started()
	start := cpuTime()
	err := f()
	took := cpuTime() - start
	r.stopped()
	return float64(took), err
}

// mallocs is wall by the number of objects that the program allocated.
func (r *Run) mallocs(f func() error) (float64, error) {
	runtime.GC()
	r.started()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	r.stopped()
	return float64(after.Mallocs - before.Mallocs), err
}

func (r *Run) started() {
	if r.begin != nil {
		r.begin()
	}
}

func (r *Run) stopped() {
	if r.end != nil {
		r.end()
	}
}

// batches calls f with n split into portions of at most size.
func batches(n, size int, f func(n int) error) error {
	for n > 0 {
		portion := min(n, size)
		if err := f(portion); err != nil {
			return err
		}
		n -= portion
	}
	return nil
}

// share is what the i-th of k gets of n, so that the shares add up to n.
func share(n, k, i int) int {
	if i < n%k {
		return n/k + 1
	}
	return n / k
}
