package topology

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
)

const (
	maxIndex = 16 // how many caches of one CPU are looked for
	maxLevel = 8
)

// caches fills in Caches. Each is read through one of the CPUs that share it: what the others say would cost a file
// or five each, on a large machine tens of milliseconds, to learn nothing.
func (r *reader) caches(t *Topology) {
	type place struct{ index, cpu int }
	type shelf struct {
		level int
		kind  CacheKind
		cpu   int
	}
	told, taken := map[place]bool{}, map[shelf]bool{}
	for _, cpu := range t.CPUs {
		for index := range maxIndex {
			if told[place{index, cpu.ID}] {
				continue
			}
			dir := cpuFile(cpu.ID, "cache/index"+strconv.Itoa(index))
			c, err := r.cache(dir, cpu.ID)
			if errors.Is(err, errNoCache) {
				break
			}
			if err != nil {
				r.note(dir, problem(err), "there is no such cache")
				continue
			}
			c.CPUs = slices.DeleteFunc(c.CPUs, func(id int) bool { return !t.has(id) })
			n := len(c.CPUs)
			c.CPUs = slices.DeleteFunc(c.CPUs, func(id int) bool { return taken[shelf{c.Level, c.Kind, id}] })
			if len(c.CPUs) < n {
				r.note(dir, "claims a CPU that another cache of its level and kind has claimed", "the first claim holds")
			}
			for _, id := range c.CPUs {
				told[place{index, id}] = true
				taken[shelf{c.Level, c.Kind, id}] = true
			}
			if len(c.CPUs) > 0 {
				t.Caches = append(t.Caches, c)
			}
		}
	}
	if len(t.Caches) == 0 {
		r.note(cpuFile(t.CPUs[0].ID, "cache"), "describes no cache", "all CPUs of a memory node share their last cache")
	}
	slices.SortStableFunc(t.Caches, func(a, b Cache) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.CPUs[0], b.CPUs[0]))
	})
}

// errNoCache says that a CPU has no more caches.
var errNoCache = errors.New("no such cache")

// cache reads one cache of cpu, with all CPUs that share it.
func (r *reader) cache(dir string, cpu int) (Cache, error) {
	var c Cache
	var err error
	if c.Level, err = r.number(dir+"/level", maxLevel); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = errNoCache
		}
		return c, err
	}
	text, err := r.text(dir + "/type")
	if err == nil {
		c.Kind, err = parseKind(text)
	}
	if err == nil {
		text, err = r.text(dir + "/shared_cpu_list")
	}
	if err == nil {
		c.CPUs, err = parseList(text)
	}
	if err != nil {
		return c, err
	}
	if _, ok := slices.BinarySearch(c.CPUs, cpu); !ok {
		return c, fmt.Errorf("is shared by %s, which leaves out CPU %d itself", clip(FormatCPUs(c.CPUs)), cpu)
	}
	if text, err = r.text(dir + "/size"); err == nil {
		c.Size, _ = parseSize(text) // virtual machines often have none: 0 says so
	}
	c.Line, _ = r.number(dir+"/coherency_line_size", 1<<16)
	return c, nil
}

// classes fills in Core.Class. Hybrid processors of Intel have a list of CPUs for each kind of core; on others the
// kernel has a figure for each CPU, 1024 for the fastest, if there is a difference at all.
func (r *reader) classes(t *Topology) {
	rank := map[int]int{} // CPU.ID -> class
	for class, kind := range []string{"cpu_core", "cpu_atom", "cpu_lowpower"} {
		if text, err := r.text("sys/devices/" + kind + "/cpus"); err == nil {
			list, _ := ParseCPUs(text)
			for _, id := range list {
				rank[id] = class
			}
		}
	}
	if len(rank) == 0 {
		rank = r.capacities(t)
	}
	for i, c := range t.Cores {
		t.Cores[i].Class = rank[c.CPUs[0]]
	}
}

// capacities ranks CPUs by the kernel's figure. Favoured cores of one kind differ by a few percent, so a class ends
// where a CPU has less than nine tenths of the fastest in it.
func (r *reader) capacities(t *Topology) map[int]int {
	capacity := map[int]int{}
	for _, c := range t.CPUs {
		n, err := r.number(cpuFile(c.ID, "cpu_capacity"), 1<<20)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			r.note(cpuFile(c.ID, "cpu_capacity"), problem(err), "all cores are of one kind")
			return nil
		}
		capacity[c.ID] = n
	}
	ids := make([]int, 0, len(capacity))
	for _, c := range t.CPUs {
		ids = append(ids, c.ID)
	}
	slices.SortStableFunc(ids, func(a, b int) int { return capacity[b] - capacity[a] })
	rank := map[int]int{}
	class, top := 0, capacity[ids[0]]
	for _, id := range ids {
		if capacity[id]*10 < top*9 {
			class, top = class+1, capacity[id]
		}
		rank[id] = class
	}
	return rank
}
