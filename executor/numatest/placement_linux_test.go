package numatest

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

var affinities = []executor.Affinity{executor.AffinityFollow, executor.AffinityNode, executor.AffinityCore}

// checkPlaces: E3, E4: workers run where they claim to.
func checkPlaces(g *guest) {
	t := topology.Local()
	for _, a := range affinities {
		e, end := g.started(executor.Config{Workers: len(t.CPUs), Topology: t, Affinity: a})
		var slices, right atomic.Int64
		for range 200 {
			everywhere(e, len(t.CPUs), func(w *executor.Worker) {
				slices.Add(1)
				if g.nodeOf(cpu()) == w.Node() {
					right.Add(1)
				}
			})
		}
		g.logf("%v: %d of %d slices ran on the node of their worker's place", a, right.Load(), slices.Load())
		if a != executor.AffinityFollow && right.Load() != slices.Load() {
			g.errorf("%v: only %d of %d slices ran on the node of their worker's place", a, right.Load(), slices.Load())
		}
		g.pinned(e, a)
		end()
	}
}

// pinned checks that every thread of a pinned worker is on one of the CPUs of some place, and that all are in use.
func (g *guest) pinned(e *executor.Executor, a executor.Affinity) {
	places := e.Places()
	perPlace := map[executor.Affinity]int{executor.AffinityFollow: 0, executor.AffinityNode: g.cpus, executor.AffinityCore: g.threads}[a]
	for i, p := range places {
		if len(p.Pinned) != perPlace || perPlace > 0 && !slices.Contains(p.Pinned, p.CPU) || p.Node != g.nodeOf(p.CPU) {
			g.errorf("%v: place %d: %+v", a, i, p)
		}
	}
	if s := e.Stats(); s.Affinity != a || s.Unpinned != nil {
		g.errorf("%v: it is %v, %v", a, s.Affinity, s.Unpinned)
	}
}

// checkPairs: P14: pairs stay on one node.
func checkPairs(g *guest) {
	for _, a := range affinities {
		e, end := g.started(executor.Config{Topology: topology.Local(), Affinity: a})
		h := g.pairs(e, 32, 20_000)
		g.logf("%v: %.2f %% of %d hops stayed on their node, %.0f %% of slices were on the node of their worker's place",
			a, h.percent(), h.all.Load(), 100*float64(h.placed.Load())/float64(h.all.Load()))
		chance := 100 / float64(g.nodes)
		if placed := 100 * float64(h.placed.Load()) / float64(h.all.Load()); placed < chance+(100-chance)/5 {
			g.errorf("%v: only %.0f %% of slices were on the node of their worker's place", a, placed)
		}
		if h.percent() < 95 {
			g.errorf("%v: only %.2f %% of %d hops stayed on their node", a, h.percent(), h.all.Load())
		}
		end()
	}
}

// checkCost logs what a wake costs; it judges nothing.
func checkCost(g *guest) {
	for _, a := range affinities {
		e, end := g.started(executor.Config{Topology: topology.Local(), Affinity: a})
		const rounds = 500
		ran := make(chan struct{})
		began := time.Now()
		for range rounds {
			e.Submit(task(func(*executor.Worker) bool { ran <- struct{}{}; return false }))
			<-ran
			for s := e.Stats(); s.Idle < s.Permits; s = e.Stats() {
				runtime.Gosched()
			}
		}
		g.logf("%v: %v for a task from outside to an executor at rest, and until it rests again", a, time.Since(began)/rounds)
		end()
	}
}
