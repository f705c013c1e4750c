package numatest

import (
	"runtime"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
)

// work is a task made of a function, which says whether it wants to run again.
type work struct {
	executor.Task
	f func(w *executor.Worker) bool
}

func (t *work) Run(w *executor.Worker) bool { return t.f(w) }

func task(f func(w *executor.Worker) bool) *executor.Task {
	t := &work{f: f}
	t.Init(t)
	return &t.Task
}

// everywhere runs f in slices until each of n workers has called it at least once, all of them busy at once.
func everywhere(e *executor.Executor, n int, f func(w *executor.Worker)) {
	var here atomic.Int64
	done := make(chan struct{}, n)
	for range n {
		first := true
		e.Submit(task(func(w *executor.Worker) bool {
			f(w)
			if first {
				first = false
				here.Add(1)
			}
			if here.Load() < int64(n) && !w.Yield() {
				w.Step()
				runtime.Gosched()
			}
			if here.Load() < int64(n) {
				return true
			}
			done <- struct{}{}
			return false
		}))
	}
	for range n {
		<-done
	}
}

// hops counts where messages went, and how often the worker was where it claimed to be.
type hops struct{ all, inside, placed atomic.Int64 }

func (h *hops) percent() float64 {
	return 100 * float64(h.inside.Load()) / float64(max(h.all.Load(), 1))
}

// pairs lets pairs of tasks submit one another until each pair has done so count times. A hop counts, after a tenth of
// them, as inside if both its ends ran on the same node: by the CPU that the thread was on.
func (g *guest) pairs(e *executor.Executor, pairs, count int) *hops {
	var h hops
	var left atomic.Int64
	left.Store(int64(pairs))
	done := make(chan struct{})
	for range pairs {
		var ab [2]*executor.Task
		n, last := 0, -1
		for i := range ab {
			ab[i] = task(func(w *executor.Worker) bool {
				node := g.nodeOf(cpu())
				if n > count/10 {
					h.all.Add(1)
					if node == last {
						h.inside.Add(1)
					}
					if node == w.Node() {
						h.placed.Add(1)
					}
				}
				last = node
				if n++; n < count {
					w.Submit(ab[1-i])
				} else if left.Add(-1) == 0 {
					close(done)
				}
				return false
			})
		}
		e.Submit(ab[0])
	}
	<-done
	return &h
}
