package topology

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// twoNodes is a made-up machine: two sockets, a memory node each; two caches of two cores each on a socket; two
// threads a core, numbered as Linux does it (the second threads of all cores come after the first ones).
//
//	node 0: L3 a: cores 0,1 (CPUs 0,8 1,9)   L3 b: cores 2,3 (CPUs 2,10 3,11)
//	node 1: L3 c: cores 4,5 (CPUs 4,12 5,13) L3 d: cores 6,7 (CPUs 6,14 7,15)
func twoNodes() *Topology {
	t := &Topology{Origin: "test"}
	for socket := range 2 {
		t.Packages = append(t.Packages, Package{ID: socket})
		t.Nodes = append(t.Nodes, Node{ID: socket, Distance: [][]int{{10, 21}, {21, 10}}[socket]})
	}
	for core := range 8 {
		socket := core / 4
		cpus := []int{core, core + 8}
		t.Cores = append(t.Cores, Core{ID: core, Package: socket, CPUs: cpus})
		t.Packages[socket].Cores = append(t.Packages[socket].Cores, core)
		t.Nodes[socket].CPUs = append(t.Nodes[socket].CPUs, cpus...)
		t.Caches = append(t.Caches,
			Cache{Level: 1, Kind: Data, CPUs: cpus},
			Cache{Level: 1, Kind: Instruction, CPUs: cpus},
			Cache{Level: 2, CPUs: cpus})
		if core%2 == 0 {
			t.Caches = append(t.Caches, Cache{Level: 3, CPUs: []int{core, core + 1, core + 8, core + 9}})
		}
	}
	for id := range 16 {
		core := id % 8
		t.CPUs = append(t.CPUs, CPU{ID: id, Core: core, Package: core / 4, Node: core / 4})
	}
	return t
}

func TestDomains_AreSharedCachesInsideNodes(t *testing.T) {
	p := Place(twoNodes(), 16)
	want := []Domain{{0, []int{0, 1, 8, 9}}, {0, []int{2, 3, 10, 11}}, {1, []int{4, 5, 12, 13}}, {1, []int{6, 7, 14, 15}}}
	if !reflect.DeepEqual(p.Domains, want) {
		t.Fatalf("domains %v, want %v", p.Domains, want)
	}
}

func TestPlace_FillsCoresBeforeThreads(t *testing.T) {
	for _, tt := range []struct {
		n           int
		cpu, domain string
	}{
		{1, "[0]", "[0]"},
		{2, "[0 4]", "[0 2]"},
		{4, "[0 2 4 6]", "[0 1 2 3]"},
		{8, "[0 1 2 3 4 5 6 7]", "[0 0 1 1 2 2 3 3]"},
		{16, "[0 1 8 9 2 3 10 11 4 5 12 13 6 7 14 15]", "[0 0 0 0 1 1 1 1 2 2 2 2 3 3 3 3]"},
		{18, "[0 1 8 9 2 3 10 11 4 5 12 13 6 7 14 15 0 1]", "[0 0 0 0 1 1 1 1 2 2 2 2 3 3 3 3 0 0]"},
	} {
		p := Place(twoNodes(), tt.n)
		if got := fmt.Sprint(p.CPU); got != tt.cpu {
			t.Errorf("%d workers: CPUs %s, want %s", tt.n, got, tt.cpu)
		}
		if got := fmt.Sprint(p.Domain); got != tt.domain {
			t.Errorf("%d workers: domains %s, want %s", tt.n, got, tt.domain)
		}
	}
}

func TestE3_DomainOrderIsNearBeforeFar(t *testing.T) {
	p := Place(twoNodes(), 16)
	for from, want := range []string{"[0 1 2 3]", "[1 0 2 3]", "[2 3 0 1]", "[3 2 0 1]"} {
		if got := fmt.Sprint(p.DomainOrder(from)); got != want {
			t.Errorf("from %d: %s, want %s", from, got, want)
		}
	}
}

func TestE3_VictimsAreSiblingThenCacheThenNodeThenFar(t *testing.T) {
	p := Place(twoNodes(), 16) // worker 4 is on CPU 2, its core's other thread is worker 6
	got := fmt.Sprint(p.Victims(4))
	want := "[[6] [5 7] [0 1 2 3] [8 9 10 11 12 13 14 15]]"
	if got != want {
		t.Fatalf("victims of 4: %s, want %s", got, want)
	}
}

func TestPlace_UnevenDomainsGetTheirShare(t *testing.T) {
	m := twoNodes()
	m.CPUs = m.CPUs[:6] // a cpuset: CPUs 0..5, domains of 2, 2 and 2
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 6; n++ {
		p := Place(m, n)
		seen := map[int]bool{}
		for _, cpu := range p.CPU {
			if seen[cpu] {
				t.Errorf("%d workers: two share CPU %d: %v", n, cpu, p.CPU)
			}
			seen[cpu] = true
		}
	}
}

func TestPlace_FillsFastCoresFirst(t *testing.T) {
	m := Read(machine(t, "arm64-board"), nil)
	if got := fmt.Sprint(Place(m, 3).CPU); got != "[4 5 0]" {
		t.Errorf("CPUs %s", got)
	}
}

func TestFlat_IsOneDomain(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 3, 64} {
		m := Flat(n)
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		p := Place(m, 5)
		if len(p.Domains) != 1 || len(m.CPUs) != max(n, 1) {
			t.Errorf("Flat(%d): %d domains, %d CPUs", n, len(p.Domains), len(m.CPUs))
		}
		if got := fmt.Sprint(p.DomainOrder(0)); got != "[0]" {
			t.Errorf("order %s", got)
		}
	}
}

func TestValidate_NamesTheField(t *testing.T) {
	for want, spoil := range map[string]func(*Topology){
		"CPUs: empty":       func(t *Topology) { t.CPUs = nil },
		"CPUs[1].ID":        func(t *Topology) { t.CPUs[1].ID = 0 },
		"CPUs[3].Core":      func(t *Topology) { t.CPUs[3].Core = 99 },
		"CPUs[3].Package":   func(t *Topology) { t.CPUs[3].Package = 99 },
		"CPUs[3].Node":      func(t *Topology) { t.CPUs[3].Node = 99 },
		"Cores[1].ID":       func(t *Topology) { t.Cores[1].ID = 0 },
		"Packages[1].ID":    func(t *Topology) { t.Packages[1].ID = 0 },
		"Nodes[1].ID":       func(t *Topology) { t.Nodes[1].ID = 0 },
		"Nodes[0].Distance": func(t *Topology) { t.Nodes[0].Distance = []int{10} },
	} {
		m := twoNodes()
		spoil(m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error about %s, got %v", want, err)
		}
	}
}
