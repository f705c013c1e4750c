package numatest

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// checkTheft: E3: a worker robs the near before the far. A few workers, two of them on the first node, each make some
// tasks and hold their places. Then one of those two lets go, and runs the tasks of all.
//
// A virtual CPU that stands still makes its worker look blocked, and then what it has queued is moved: from that moment a
// trial says nothing. So there are many, and at least one must show a theft on the node and one from another.
func checkTheft(g *guest) {
	whole := topology.Local()
	few := g.some(whole, 0, 1, g.cpus, (g.nodes-1)*g.cpus)
	e, end := g.started(executor.Config{Workers: len(few.CPUs), Topology: few, Affinity: executor.AffinityCore})
	defer end()
	const patience = 2 * time.Minute
	conclusive, trials := 0, 0
	for began := time.Now(); conclusive < 5 && time.Since(began) < patience; trials++ {
		distances := g.theft(e, len(few.CPUs))
		if !slices.IsSorted(distances) {
			g.errorf("it ran tasks from the distances %v, in this order", distances)
			return
		}
		if slices.Contains(distances, 10) && slices.Max(distances) > 10 {
			conclusive++
		}
	}
	g.logf("%d conclusive ones of %d trials", conclusive, trials)
	if conclusive == 0 {
		g.errorf("not one of %d trials was undisturbed", trials)
	}
}

// some returns t with these CPUs only.
func (g *guest) some(t *topology.Topology, cpus ...int) *topology.Topology {
	few := *t
	few.CPUs = slices.DeleteFunc(slices.Clone(t.CPUs), func(c topology.CPU) bool { return !slices.Contains(cpus, c.ID) })
	return &few
}

// trial is one try of theft.
type trial struct {
	*guest
	e     *executor.Executor
	calm  uint64       // revocations at its beginning
	here  atomic.Int64 // holders that hold their places
	ready atomic.Int64 // those that have made their tasks as well
	left  atomic.Int64 // tasks
	thief atomic.Pointer[executor.Worker]
	seen  []int // distances; the thief's
	done  chan struct{}
}

// theft returns from how far away the thief's tasks were that it robbed, in order, until the first disturbance.
func (g *guest) theft(e *executor.Executor, n int) []int {
	const each = 5
	t := &trial{guest: g, e: e, calm: revocations(e), done: make(chan struct{})}
	t.left.Store(int64(each * n))
	for range n {
		e.Submit(task(func(w *executor.Worker) bool {
			if w.Node() == 0 {
				t.thief.CompareAndSwap(nil, w)
			}
			for t.here.Add(1); t.here.Load() < int64(n); {
				w.Step() // nobody is on the way, who would take some of the tasks along
			}
			for i := range each {
				// The last one lies in the cell, where nobody robs it; it comes when the watcher has moved it.
				w.Submit(t.booty(w, i == each-1))
			}
			for t.ready.Add(1); t.ready.Load() < int64(n) || t.thief.Load() != w && t.left.Load() > 0; {
				w.Step()
			}
			return false
		}))
	}
	<-t.done
	return t.seen
}

// booty is one task that maker makes.
func (t *trial) booty(maker *executor.Worker, inCell bool) *executor.Task {
	return task(func(w *executor.Worker) bool {
		if w == t.thief.Load() && w != maker && !inCell && revocations(t.e) == t.calm {
			t.seen = append(t.seen, t.distance[0][maker.Node()])
		}
		if t.left.Add(-1) == 0 {
			close(t.done)
		}
		return false
	})
}

func revocations(e *executor.Executor) (n uint64) {
	for _, w := range e.Stats().Workers {
		n += w.Revocations
	}
	return n
}
