package executor

import (
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/bastion-go/bastion/executor/topology"
)

// On the real machine: pinned workers run on the CPUs of their places, and the process as a whole may still use all.
func TestE4_PinnedWorkersRunWhereTheyClaim(t *testing.T) {
	m := topology.Local()
	n := len(m.CPUs)
	e := started(t, Config{Workers: n, Topology: m, Affinity: AffinityCore})
	var here, astray atomic.Int64
	done := make(chan struct{}, n)
	for range n {
		e.Submit(task(func(w *Worker) {
			if !slices.Contains(w.seat.Load().pin, currentCPU()) {
				astray.Add(1)
			}
			for here.Add(1); here.Load() < int64(n); { // all at once, so that all places are taken
				w.Step()
				runtime.Gosched()
			}
			done <- struct{}{}
		}))
	}
	for range n {
		within(t, done, "a worker on each CPU")
	}
	if err := e.Stats().Unpinned; err != nil {
		t.Skip("threads may not be pinned here: ", err)
	}
	if astray.Load() > 0 {
		t.Errorf("%d of %d slices ran on a CPU that was not their worker's", astray.Load(), n)
	}
	if after := topology.Local(); len(after.CPUs) != n {
		t.Errorf("the process seems to have %d CPUs of %d: its first thread was pinned", len(after.CPUs), n)
	}
	atRest(t, e)
}
