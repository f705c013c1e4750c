package topology

import (
	"fmt"
	"math"
	"slices"
)

// cores fills in CPUs, Cores and Packages. A core is called after the lowest of its threads, usable or not, so that
// its number does not depend on who asks.
func (r *reader) cores(t *Topology, ids []int) {
	index := map[int]int{} // Core.ID -> in t.Cores
	claims := map[int][]int{}
	for _, id := range ids {
		core := r.coreOf(id, claims)
		i, ok := index[core]
		if !ok {
			i = len(t.Cores)
			index[core] = i
			t.Cores = append(t.Cores, Core{ID: core, Package: r.packageOf(id)})
		}
		c := &t.Cores[i]
		c.CPUs = append(c.CPUs, id)
		t.CPUs = append(t.CPUs, CPU{ID: id, Core: c.ID, Package: c.Package})
	}
	slices.SortFunc(t.Cores, func(a, b Core) int { return a.ID - b.ID })
	for _, c := range t.Cores {
		i, ok := slices.BinarySearchFunc(t.Packages, c.Package, func(p Package, id int) int { return p.ID - id })
		if !ok {
			t.Packages = slices.Insert(t.Packages, i, Package{ID: c.Package})
		}
		t.Packages[i].Cores = append(t.Packages[i].Cores, c.ID)
	}
}

// coreOf returns the number of the core of id, which comes after all lower ones. claims has, for each CPU, what was
// first said of its siblings, be it by another: threads of one core must say the same, or cores would overlap.
func (r *reader) coreOf(id int, claims map[int][]int) int {
	file := cpuFile(id, "topology/core_cpus_list")
	text, err := r.text(file)
	if err != nil { // until Linux 5.2 it had another name
		old := cpuFile(id, "topology/thread_siblings_list")
		if again, oldErr := r.text(old); oldErr == nil {
			file, text, err = old, again, nil
		}
	}
	var siblings []int
	if err == nil {
		siblings, err = parseList(text)
	}
	if err == nil {
		err = contest(id, siblings, claims)
	}
	if err != nil {
		r.note(file, problem(err), "each such CPU is a core of its own")
		siblings = []int{id}
	}
	if _, ok := claims[id]; !ok || err != nil {
		for _, other := range siblings {
			claims[other] = siblings
		}
	}
	return siblings[0]
}

// contest returns an error if the siblings of id are not what was said before.
func contest(id int, siblings []int, claims map[int][]int) error {
	if !slices.Contains(siblings, id) {
		return fmt.Errorf("says %s, which leaves out CPU %d itself", clip(FormatCPUs(siblings)), id)
	}
	for _, cpu := range siblings {
		if said, ok := claims[cpu]; ok && !slices.Equal(said, siblings) {
			return fmt.Errorf("says %s, but of CPU %d another says %s", clip(FormatCPUs(siblings)), cpu, clip(FormatCPUs(said)))
		}
	}
	return nil
}

// packageOf returns the number of the package of id. All threads of a core are where the first one is.
func (r *reader) packageOf(id int) int {
	file := cpuFile(id, "topology/physical_package_id")
	n, err := r.number(file, math.MaxInt32)
	if err != nil {
		r.note(file, problem(err), "such cores are in package 0")
		return 0
	}
	return n
}
