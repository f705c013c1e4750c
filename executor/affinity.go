package executor

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor/topology"
)

// Affinity says what ties workers to processors. Which is best depends on what a sleep and a wake may cost; see
// docs/decisions/placement.md for what each of them was measured to cost.
type Affinity uint8

const (
	// AffinityAuto takes what was measured to be best, which today is AffinityFollow everywhere.
	AffinityAuto Affinity = iota
	// AffinityFollow leaves threads to the operating system, and moves a worker's place to where its thread runs: the
	// worker asks for its CPU when it wakes and about every thousand slices, and takes a place in that CPU's domain. On a
	// machine with one domain there is nothing to follow, and nothing is done.
	AffinityFollow
	// AffinityNode locks each worker to a thread, and that to the CPUs of its memory node. Each sleep and each wake of
	// a worker then costs a switch of threads (Go hands its P from one to the other), tens of microseconds instead of
	// tenths of one, and so does each wait of a handler for a lock or channel. On a machine with one node nothing is done.
	AffinityNode
	// AffinityCore is AffinityNode with the CPUs of one core.
	AffinityCore
)

// String is "auto", "follow", "node" or "core".
func (a Affinity) String() string {
	if a > AffinityCore {
		return fmt.Sprintf("affinity %d", uint8(a))
	}
	return [...]string{"auto", "follow", "node", "core"}[a]
}

func (a Affinity) pins() bool { return a == AffinityNode || a == AffinityCore }

// processors is what the executor needs of the operating system.
type processors struct {
	// current returns the CPU that the calling thread is on; -1: not known. It may be wrong a moment later.
	current func() int
	// pin restricts the calling thread to cpus.
	pin func(cpus []int) error
	// first reports whether the calling thread is the process's first.
	first func() bool
}

// ties are how workers hold on to CPUs. All but refused is fixed by New.
type ties struct {
	affinity Affinity // what was resolved: follow, node or core
	// slack says that nothing is to be done: there is one domain to follow, or one node to be pinned to.
	slack bool
	// home is, by CPU, the domain that a thread on it belongs to; nil: one that has no permits, or no CPU of the topology.
	home         map[int]*domain
	all          []int // every CPU of the topology: what is left of a pin when its own CPUs are gone
	goschedEvery int   // see the constant; a locked worker pays much more for it
	// refusal is why the operating system does not let threads be pinned. Set once, by the first worker that tried;
	// read by all when they would pin theirs, by the watcher, which reports it, and by Stats.
	refusal atomic.Pointer[error]
}

// pinning reports whether threads are to be pinned, as far as is known.
func (t *ties) pinning() bool { return t.affinity.pins() && !t.slack && t.refusal.Load() == nil }

// tie resolves the config's affinity on the machine as it was laid out.
func (e *Executor) tie() {
	t := &e.ties
	t.affinity, t.goschedEvery = e.cfg.Affinity, goschedEvery
	if t.affinity == AffinityAuto {
		t.affinity = AffinityFollow
	}
	t.home = map[int]*domain{}
	for _, d := range e.domains {
		for _, cpu := range d.cpus {
			t.home[cpu] = d
		}
	}
	for _, c := range e.cfg.Topology.CPUs {
		t.all = append(t.all, c.ID)
	}
	switch t.affinity {
	case AffinityFollow:
		t.slack = len(e.domains) == 1
	case AffinityNode:
		t.slack = len(e.cfg.Topology.Nodes) == 1
	}
	if t.affinity.pins() && !t.slack {
		t.goschedEvery *= goschedLocked
	}
	for i, s := range e.seats {
		s.cpu = e.place.CPU[i]
		s.pin = pinOf(e.cfg.Topology, t.affinity, s.cpu)
	}
}

// pinOf returns the CPUs that the seat on cpu is pinned to; nil: none.
func pinOf(t *topology.Topology, a Affinity, cpu int) []int {
	i := slices.IndexFunc(t.CPUs, func(c topology.CPU) bool { return c.ID == cpu })
	var cpus []int
	for _, c := range t.CPUs {
		if a == AffinityNode && c.Node == t.CPUs[i].Node || a == AffinityCore && c.Core == t.CPUs[i].Core {
			cpus = append(cpus, c.ID)
		}
	}
	return cpus
}

// Place is where one of an executor's permits stands in the machine.
type Place struct {
	CPU    int   // what it was laid out on
	Node   int   // that CPU's memory node
	Domain int   // the index of its domain, of those that have places
	Pinned []int // the CPUs that the thread of a worker is restricted to; nil: it is not
}

// Places returns where the permits stand, in the order in which they were laid out, whoever has them at present.
func (e *Executor) Places() []Place {
	places := make([]Place, len(e.seats))
	for i, s := range e.seats {
		places[i] = Place{CPU: s.cpu, Node: s.dom.node, Domain: slices.Index(e.domains, s.dom)}
		if !e.ties.slack {
			places[i].Pinned = slices.Clone(s.pin)
		}
	}
	return places
}
