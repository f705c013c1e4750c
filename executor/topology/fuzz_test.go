package topology

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string]string{
		"":             "[]",
		" \n":          "[]",
		"0":            "[0]",
		"0-3,8\n":      "[0 1 2 3 8]",
		"8,0-1":        "[0 1 8]",
		"0-2,1-3,1":    "[0 1 2 3]",
		"16383":        "[16383]",
		"3-1":          `topology: list of CPUs: "3-1" runs backwards`,
		"1,":           `topology: list of CPUs: "" is no number`,
		"-1":           `topology: list of CPUs: "" is no number`,
		"+1":           `topology: list of CPUs: "+1" is no number`,
		"1-":           `topology: list of CPUs: "" is no number`,
		"0-3:1/2":      `topology: list of CPUs: "3:1/2" is no number`,
		"16384":        `topology: list of CPUs: "16384" is too large`,
		"0-4294967295": `topology: list of CPUs: "4294967295" is too large`,
		"99999999999999999999999999999999999999999999": `topology: list of CPUs: "9999999999999999999999999999999999999999…" is too large`,
		"0-16383,0-16383": "topology: list of CPUs: more than 16384",
	} {
		cpus, err := ParseCPUs(list)
		got := fmt.Sprint(cpus)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", list, got, want)
		}
	}
}

func TestFormatCPUs_IsTheInverse(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 1000 {
		var cpus []int
		for range random.IntN(20) {
			cpus = append(cpus, random.IntN(40))
		}
		given := slices.Clone(cpus)
		list := FormatCPUs(cpus)
		got, err := ParseCPUs(list)
		want := slices.Compact(slices.Sorted(slices.Values(cpus)))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v is %q is %v, %v", seed, cpus, list, got, err)
		}
		if !slices.Equal(cpus, given) {
			t.Fatalf("seed %d: FormatCPUs changed its argument", seed)
		}
	}
}

func FuzzParseCPUs(f *testing.F) {
	for _, list := range []string{"", "0-3,8\n", "8,0-1", "0-0", "3-1", "1,,2", "0-16383", "16384"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		cpus, err := ParseCPUs(list)
		if err != nil {
			if cpus != nil {
				t.Fatalf("%v and %v", cpus, err)
			}
			return
		}
		if len(cpus) > maxNumber || !slices.IsSorted(cpus) || len(slices.Compact(slices.Clone(cpus))) != len(cpus) {
			t.Fatalf("%v", cpus)
		}
		again, err := ParseCPUs(FormatCPUs(cpus))
		if err != nil || !slices.Equal(again, cpus) {
			t.Fatalf("%v became %v, %v", cpus, again, err)
		}
	})
}

// The other parsers: whatever they are given, they return an error or something that can be.
func FuzzParsers(f *testing.F) {
	for _, text := range []string{"32768K\n", "10 21\n", "Node 0 MemTotal: 1024 kB\n", "MemTotal:", "0::/a\n", "4:cpu,cpuset:/a/../b\n",
		"max 100000", "150000 100000", "1 0", "-1", "Cpus_allowed_list:\t0-3\n", "cpu  1\ncpu0 1\ncpux\n", "9223372036854775807G",
		`1 2 0:3 /../.. /sys/fs/cgroup\040x rw shared:1 - cgroup2 cgroup2 rw`, "1 2 0:3 / /c rw - cgroup cgroup rw,cpu,cpuset"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseSize(text); n < 0 || err != nil && n != 0 {
			t.Errorf("size %d, %v", n, err)
		}
		if n, err := parseMemTotal(text); n < 0 || err != nil && n != 0 {
			t.Errorf("memory %d, %v", n, err)
		}
		if n, err := parseID(text); n < 0 || err != nil && n != 0 {
			t.Errorf("number %d, %v", n, err)
		}
		if q, err := parseQuota(text); !(q >= 0) || err != nil && q != 0 {
			t.Errorf("quota %v, %v", q, err)
		}
		for n := range 3 {
			row, err := parseDistances(text, n)
			if err == nil && (len(row) != n || n > 0 && slices.Min(row) < 1) {
				t.Errorf("distances %v", row)
			}
		}
		for _, parse := range []func(string) ([]int, error){parseList, parseStat, func(s string) ([]int, error) { return parseStatus(s, "Cpus_allowed_list") }} {
			if list, err := parse(text); err == nil && (len(list) == 0 || list[0] < 0) {
				t.Errorf("list %v", list)
			}
		}
		for _, name := range []string{"cpu", "cpuset"} {
			dirs, _ := controller(name, parseGroups(text), parseMounts(text))
			if len(dirs) > maxDepth {
				t.Errorf("%d folders", len(dirs))
			}
		}
	})
}

// Machines of testdata with files replaced (an empty one counts as well) or added: no panic, and the result is
// consistent. The fuzzer gets only what is different, because it is slow to shorten long inputs.
func FuzzRead(f *testing.F) {
	const cpu, node = cpuDir + "/", nodeDir + "/"
	for _, line := range []string{
		"",
		cpu + "online: 0-1,5,9",
		cpu + "online: 0-16383",
		cpu + "cpu{0-3}/topology/core_cpus_list: 0-3\n" + cpu + "cpu3/topology/core_cpus_list: 2-3",
		cpu + "cpu{0,2}/topology/physical_package_id: 7",
		cpu + "cpu{0-9}/cpu_capacity: 100\n" + cpu + "cpu4/cpu_capacity: 1024",
		cpu + "cpu{0-3}/cache/index{0-3}/shared_cpu_list: 0-3\n" + cpu + "cpu{0-3}/cache/index{0-3}/level: 2",
		cpu + "cpu1/cache/index3/type: Instruction",
		node + "online: 1,3\n" + node + "node{1,3}/cpulist: 1-2",
		node + "node{0-2}/distance: 10 20 0",
		node + "node{0-2}/meminfo: Node 0 MemTotal: 0 kB",
		"proc/self/status: Cpus_allowed_list: 99\nsys/devices/cpu_atom/cpus: 0-99",
		"proc/self/cgroup: 0::/../a\nsys/fs/cgroup/cpu.max: 1 3",
	} {
		for i := range 3 {
			f.Add(uint8(i), line, "")
		}
		f.Add(uint8(3), line, "1-2")
	}
	var bases []string
	for _, name := range []string{"memory-only", "laptop-hybrid", "cgroup-v1", "contradictory"} {
		bases = append(bases, machineText(f, name))
	}
	f.Fuzz(func(t *testing.T, base uint8, lines, allowed string) {
		files, err := parseMachine(bases[int(base)%len(bases)] + lines)
		ids, err2 := ParseCPUs(allowed)
		if err != nil || err2 != nil || len(files) > 1000 {
			return
		}
		m := Read(indexed(files), ids)
		if err := inconsistent(m); err != nil {
			t.Errorf("%v\n%s", err, dump(m))
		}
	})
}
