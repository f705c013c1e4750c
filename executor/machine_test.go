package executor

import (
	"testing"

	"github.com/bastion-go/bastion/executor/topology"
)

// machine describes nodes × caches × cores × threads, CPUs numbered through in that order, all nodes 20 apart but
// neighbours in number, which are 15 apart.
func machine(nodes, caches, cores, threads int) *topology.Topology {
	t := &topology.Topology{Origin: "test"}
	core, cpu := 0, 0
	for n := range nodes {
		node := topology.Node{ID: n}
		pack := topology.Package{ID: n}
		for range caches {
			cache := topology.Cache{Level: 3}
			for range cores {
				c := topology.Core{ID: core, Package: n}
				for range threads {
					t.CPUs = append(t.CPUs, topology.CPU{ID: cpu, Core: core, Package: n, Node: n})
					c.CPUs = append(c.CPUs, cpu)
					cache.CPUs = append(cache.CPUs, cpu)
					node.CPUs = append(node.CPUs, cpu)
					cpu++
				}
				t.Cores = append(t.Cores, c)
				pack.Cores = append(pack.Cores, core)
				core++
			}
			t.Caches = append(t.Caches, cache)
		}
		for m := range nodes {
			node.Distance = append(node.Distance, map[int]int{0: 10, 1: 15, -1: 15}[n-m])
			if node.Distance[m] == 0 {
				node.Distance[m] = 20
			}
		}
		t.Nodes = append(t.Nodes, node)
		t.Packages = append(t.Packages, pack)
	}
	return t
}

// laidOut returns an executor that was not started, with a worker on each seat, for tests of single steps.
func laidOut(tb testing.TB, c Config) *Executor {
	tb.Helper()
	e, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	for i, s := range e.seats {
		e.sit(e.all[i], s)
	}
	return e
}

// stand makes the seat of worker i idle.
func stand(e *Executor, i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all[i].ctl.leave(parked)
	e.rise(e.all[i], false)
}

// nowhere is a processor that no topology has, for threads that nobody follows.
var nowhere = processors{current: func() int { return -1 }, pin: func([]int) error { return nil }, first: func() bool { return false }}
