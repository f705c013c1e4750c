package executor

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion/executor/topology"
)

// hopper submits the next one until the shared count is used up.
type hopper struct {
	Task
	next *hopper
	left *int
	done chan struct{}
}

func (h *hopper) Run(w *Worker) bool {
	if *h.left--; *h.left <= 0 {
		h.done <- struct{}{}
		return false
	}
	w.Submit(&h.next.Task)
	return false
}

func hoppers(n int) []*hopper {
	hs := make([]*hopper, n)
	left, done := new(int), make(chan struct{}, 1)
	for i := range hs {
		hs[i] = &hopper{left: left, done: done}
		hs[i].Init(hs[i])
	}
	for i := range hs {
		hs[i].next = hs[(i+1)%n]
	}
	return hs
}

func benchmarkHops(b *testing.B, n int) {
	e := started(b, Config{})
	hs := hoppers(n)
	hop := func(count int) {
		*hs[0].left = count
		e.Submit(&hs[0].Task)
		<-hs[0].done
	}
	hop(10_000)
	b.ReportAllocs()
	b.ResetTimer()
	hop(b.N)
}

// BenchmarkP1 is the executor's part of the hop of performance.md, next to what it is measured against.
func BenchmarkP1(b *testing.B) {
	b.Run("atomic-add", func(b *testing.B) {
		var x atomic.Uint64
		for range b.N {
			x.Add(1)
		}
	})
	b.Run("pingpong", func(b *testing.B) { benchmarkHops(b, 2) })
	b.Run("ring1000", func(b *testing.B) { benchmarkHops(b, 1000) })
	b.Run("pairs64", func(b *testing.B) {
		e := started(b, Config{})
		var pairs [64][]*hopper
		b.ReportAllocs()
		for i := range pairs {
			pairs[i] = hoppers(2)
			*pairs[i][0].left = b.N/len(pairs) + 1
		}
		b.ResetTimer()
		for _, p := range pairs {
			e.Submit(&p[0].Task)
		}
		for _, p := range pairs {
			<-p[0].done
		}
	})
	b.Run("again", func(b *testing.B) {
		e := started(b, Config{})
		done := make(chan struct{})
		left := b.N
		t := &fn{f: func(*Worker) bool {
			left--
			if left <= 0 {
				close(done)
			}
			return left > 0
		}}
		t.Init(t)
		b.ReportAllocs()
		b.ResetTimer()
		e.Submit(&t.Task)
		<-done
	})
}

// BenchmarkInject is a task from outside, one at a time: queue, wake, run, answer.
func BenchmarkInject(b *testing.B) {
	b.Run("roundtrip", func(b *testing.B) {
		e := started(b, Config{})
		done := make(chan struct{}, 1)
		t := &fn{f: func(*Worker) bool { done <- struct{}{}; return false }}
		t.Init(t)
		b.ReportAllocs()
		for b.Loop() {
			e.Submit(&t.Task)
			<-done
		}
	})
	b.Run("channel-roundtrip", func(b *testing.B) {
		in, out := make(chan struct{}), make(chan struct{})
		go func() {
			for range in {
				out <- struct{}{}
			}
		}()
		defer close(in)
		for b.Loop() {
			in <- struct{}{}
			<-out
		}
	})
	b.Run("many", func(b *testing.B) {
		e := started(b, Config{})
		const n = 1024
		var left atomic.Int64
		done := make(chan struct{}, 1)
		ts := make([]fn, n)
		for i := range ts {
			ts[i].f = func(*Worker) bool {
				if left.Add(-1) == 0 {
					done <- struct{}{}
				}
				return false
			}
			ts[i].Init(&ts[i])
		}
		b.ReportAllocs()
		for i := 0; i < b.N; i += n {
			left.Store(n)
			for j := range ts {
				e.Submit(&ts[j].Task)
			}
			<-done
		}
	})
}

// BenchmarkBlock is an own wait that ends at once: the permit is handed on and taken back.
func BenchmarkBlock(b *testing.B) {
	e := started(b, Config{})
	done := make(chan struct{})
	t := &fn{f: func(w *Worker) bool {
		for range b.N {
			w.Block()
			w.Unblock()
		}
		close(done)
		return false
	}}
	t.Init(t)
	b.ReportAllocs()
	b.ResetTimer()
	e.Submit(&t.Task)
	<-done
}

// BenchmarkFuture is a future spawned and awaited.
func BenchmarkFuture(b *testing.B) {
	e := started(b, Config{})
	b.ReportAllocs()
	for b.Loop() {
		f := Spawn(e, FutureSpec{}, func(context.Context) (int, error) { return 1, nil })
		if _, err := f.Await(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkP11 is the latency of a stranger while two tasks for each permit block for 10 ms over and over.
func BenchmarkP11(b *testing.B) {
	e := started(b, Config{})
	var stop atomic.Bool
	var left sync.WaitGroup
	for range 2 * e.permits {
		left.Add(1)
		e.Submit(again(func(*Worker) bool {
			<-time.After(10 * time.Millisecond)
			if stop.Load() {
				left.Done()
				return false
			}
			return true
		}))
	}
	done := make(chan struct{}, 1)
	stranger := task(func(*Worker) { done <- struct{}{} })
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		e.Submit(stranger)
		<-done
		took = append(took, time.Since(began))
		<-time.After(100 * time.Microsecond)
	}
	stop.Store(true)
	left.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}

// BenchmarkAffinity is what it costs to tie threads to CPUs: a task from outside that wakes a worker, and hops that
// keep all workers busy. On a machine with one node the first two do nothing.
func BenchmarkAffinity(b *testing.B) {
	for _, a := range []Affinity{AffinityFollow, AffinityNode, AffinityCore} {
		b.Run(a.String()+"/wake", func(b *testing.B) {
			e := started(b, Config{Topology: topology.Local(), Affinity: a})
			done := make(chan struct{}, 1)
			t := task(func(*Worker) { done <- struct{}{} })
			for b.Loop() {
				e.Submit(t)
				<-done
				for s := e.Stats(); s.Idle < s.Permits; s = e.Stats() {
					runtime.Gosched()
				}
			}
		})
		b.Run(a.String()+"/hop", func(b *testing.B) {
			e := started(b, Config{Topology: topology.Local(), Affinity: a})
			hs := hoppers(2)
			*hs[0].left = b.N
			b.ResetTimer()
			e.Submit(&hs[0].Task)
			<-hs[0].done
		})
	}
}
