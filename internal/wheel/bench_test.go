package wheel

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmarks compare the wheel, with a lock round it as its user has one,
// with the timers of package time, at two sizes: what one costs should not depend
// on how many there are.

var sizes = []int{1_000, 1_000_000}

func delaysOf(n int) []time.Duration {
	r := rand.New(rand.NewPCG(1, 2))
	ds := make([]time.Duration, n)
	for i := range ds {
		ds[i] = time.Hour + time.Duration(r.Int64N(int64(time.Hour)))
	}
	return ds
}

// each does all of n in each round and reports the cost of one.
func each(b *testing.B, n int, round func()) {
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n), "ns/item")
}

// Set and cancel: what becomes of most timeouts.
func BenchmarkSetAndCancel(b *testing.B) {
	for _, n := range sizes {
		ds := delaysOf(n)
		b.Run(fmt.Sprint("wheel/", n), func(b *testing.B) {
			all := make([]*thing, n)
			each(b, n, func() {
				w, mu := newWheel(), sync.Mutex{}
				for i, d := range ds {
					all[i] = &thing{due: int64(d)}
					mu.Lock()
					w.Add(int64(d), all[i])
					mu.Unlock()
				}
				for _, x := range all {
					mu.Lock()
					x.off = true
					w.Gone(x.due)
					mu.Unlock()
				}
			})
		})
		b.Run(fmt.Sprint("time/", n), func(b *testing.B) {
			all := make([]*time.Timer, n)
			each(b, n, func() {
				for i, d := range ds {
					all[i] = time.AfterFunc(d, func() {})
				}
				for _, x := range all {
					x.Stop()
				}
			})
		})
	}
}

// Set and come due, spread over a second of the wheel's time.
func BenchmarkSetAndFire(b *testing.B) {
	for _, n := range sizes {
		ds := delaysOf(n)
		b.Run(fmt.Sprint("wheel/", n), func(b *testing.B) {
			each(b, n, func() {
				w, mu, batch := newWheel(), sync.Mutex{}, make([]*thing, 0, 64)
				for _, d := range ds {
					x := &thing{due: int64(d) / 3600}
					mu.Lock()
					w.Add(x.due, x)
					mu.Unlock()
				}
				for fired := 0; fired < n; {
					mu.Lock()
					due, _ := w.Next()
					fired += len(w.Pop(due+1e6, batch))
					mu.Unlock()
				}
			})
		})
		b.Run(fmt.Sprint("time/", n), func(b *testing.B) {
			each(b, n, func() {
				var left atomic.Int64
				left.Store(int64(n))
				done := make(chan struct{})
				for range ds {
					time.AfterFunc(0, func() {
						if left.Add(-1) == 0 {
							close(done)
						}
					})
				}
				<-done
			})
		})
	}
}
