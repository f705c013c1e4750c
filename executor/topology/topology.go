package topology

import (
	"fmt"
	"math"
	"slices"
)

// Topology is a machine, as far as scheduling cares. Numbers (ID, Core, Package, Node) are the operating system's own
// and need not be dense; lists are in ascending order.
type Topology struct {
	// Origin says where this came from, for people: "flat", "sysfs", "test".
	Origin   string
	Packages []Package
	Cores    []Core
	// CPUs are those that this program may use: online, and inside its cpuset.
	CPUs   []CPU
	Caches []Cache
	Nodes  []Node
	// Quota is how many CPUs' worth of time this program may use (a control group's limit); 0: no limit.
	Quota float64
	// Notes say what could not be read, and what was assumed. They change nothing.
	Notes []Note
}

// Package is one physical processor (a socket).
type Package struct {
	ID    int
	Cores []int // Core.ID
}

// Core is a physical core; its CPUs are hardware threads that share its execution units.
type Core struct {
	ID      int   // unique in the machine, unlike sysfs's core_id, which is unique in a package
	Package int   // Package.ID
	CPUs    []int // CPU.ID
	Class   int   // of a hybrid machine: 0 for its fastest kind of core, 1 for the next; else 0
}

// CPU is what the operating system schedules on: a hardware thread.
type CPU struct {
	ID      int
	Core    int // Core.ID
	Package int // Package.ID
	Node    int // Node.ID
}

// Cache is one cache and the CPUs that share it.
type Cache struct {
	Level int // 1 is nearest the core
	Kind  CacheKind
	Size  int64 // bytes; 0: not known
	Line  int   // bytes; 0: not known
	CPUs  []int // CPU.ID
}

// CacheKind says what a cache holds.
type CacheKind uint8

// The kinds of caches.
const (
	Unified CacheKind = iota
	Data
	Instruction
)

// Node is a memory node: CPUs and the memory next to them. It may have no CPUs (memory only, or CPUs that this program
// may not use).
type Node struct {
	ID     int
	CPUs   []int // CPU.ID
	Memory int64 // bytes; 0: not known
	// Distance is the relative cost of reaching the memory of Topology.Nodes[i] from here; the firmware's numbers,
	// 10 for one's own. Nil: not known, all others are equally far.
	Distance []int
}

// Local describes the machine that this program runs on, as far as it may use it. Where the operating system's tables
// cannot be read it returns a flat machine, and a note that says so; systems other than Linux are always flat. It does
// not fail. Nothing is kept between calls: each one reads again, which takes less than a millisecond on a small machine
// and some milliseconds per hundred CPUs. Later changes (a CPU taken offline, another mask) change no Topology.
func Local() *Topology { return local() }

// Flat returns a machine of n CPUs, each its own core, that share one cache and one memory node: what to assume when
// nothing can be read. n below 1 counts as 1.
func Flat(n int) *Topology {
	ids := make([]int, max(n, 1))
	for i := range ids {
		ids[i] = i
	}
	return flatOf(ids)
}

func flatOf(ids []int) *Topology {
	t := &Topology{Origin: "flat"}
	for _, id := range ids {
		t.Cores = append(t.Cores, Core{ID: id, CPUs: []int{id}})
		t.CPUs = append(t.CPUs, CPU{ID: id, Core: id})
	}
	t.Packages = []Package{{Cores: slices.Clone(ids)}}
	t.Nodes = []Node{{CPUs: slices.Clone(ids), Distance: []int{10}}}
	return t
}

// Parallelism returns how many workers can really run at once: one a CPU, but no more than the quota pays for, rounded
// up. A quota below 2 counts as 2, as in Go's own default for GOMAXPROCS: one thread then need not wait for the other's
// next period.
func (t *Topology) Parallelism() int {
	n := len(t.CPUs)
	if t.Quota > 0 && t.Quota < float64(n) {
		n = min(n, max(2, int(math.Ceil(t.Quota))))
	}
	return max(n, 1)
}

// Validate returns an error that names the first field whose content contradicts another: a number used twice, a
// reference to something not listed, a table of distances of the wrong size. A machine without CPUs is an error.
func (t *Topology) Validate() error {
	if len(t.CPUs) == 0 {
		return fmt.Errorf("topology: CPUs: empty")
	}
	cores, packages, nodes := map[int]bool{}, map[int]bool{}, map[int]bool{}
	for i, c := range t.Cores {
		if cores[c.ID] {
			return fmt.Errorf("topology: Cores[%d].ID: %d appears twice", i, c.ID)
		}
		cores[c.ID] = true
	}
	for i, p := range t.Packages {
		if packages[p.ID] {
			return fmt.Errorf("topology: Packages[%d].ID: %d appears twice", i, p.ID)
		}
		packages[p.ID] = true
	}
	for i, n := range t.Nodes {
		if nodes[n.ID] {
			return fmt.Errorf("topology: Nodes[%d].ID: %d appears twice", i, n.ID)
		}
		nodes[n.ID] = true
		if n.Distance != nil && len(n.Distance) != len(t.Nodes) {
			return fmt.Errorf("topology: Nodes[%d].Distance: %d entries for %d nodes", i, len(n.Distance), len(t.Nodes))
		}
	}
	return t.validateCPUs(cores, packages, nodes)
}

func (t *Topology) validateCPUs(cores, packages, nodes map[int]bool) error {
	cpus := map[int]bool{}
	for i, c := range t.CPUs {
		switch {
		case c.ID < 0 || c.ID >= maxNumber:
			return fmt.Errorf("topology: CPUs[%d].ID: %d is not from 0 to %d", i, c.ID, maxNumber-1)
		case cpus[c.ID]:
			return fmt.Errorf("topology: CPUs[%d].ID: %d appears twice", i, c.ID)
		case !cores[c.Core]:
			return fmt.Errorf("topology: CPUs[%d].Core: no core %d", i, c.Core)
		case !packages[c.Package]:
			return fmt.Errorf("topology: CPUs[%d].Package: no package %d", i, c.Package)
		case !nodes[c.Node]:
			return fmt.Errorf("topology: CPUs[%d].Node: no node %d", i, c.Node)
		}
		cpus[c.ID] = true
	}
	return nil
}

// has says whether id is one of the CPUs, which are in ascending order.
func (t *Topology) has(id int) bool {
	_, ok := slices.BinarySearchFunc(t.CPUs, id, func(c CPU, id int) int { return c.ID - id })
	return ok
}
