package topology

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// dump is a machine in a form that one can read and compare by line.
func dump(t *Topology) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from %s, CPUs %s, parallelism %d, quota %g\n", t.Origin, FormatCPUs(cpuIDs(t)), t.Parallelism(), t.Quota)
	for _, p := range t.Packages {
		fmt.Fprintf(&b, "package %d: cores %s\n", p.ID, FormatCPUs(p.Cores))
	}
	for _, c := range t.Cores {
		fmt.Fprintf(&b, "core %d: package %d, CPUs %s, class %d\n", c.ID, c.Package, FormatCPUs(c.CPUs), c.Class)
	}
	for _, c := range t.Caches {
		fmt.Fprintf(&b, "L%d %s: %d bytes, lines of %d, CPUs %s\n", c.Level, []string{"unified", "data", "instruction"}[c.Kind], c.Size, c.Line, FormatCPUs(c.CPUs))
	}
	for _, n := range t.Nodes {
		fmt.Fprintf(&b, "node %d: CPUs %s, %d bytes, distances %v\n", n.ID, FormatCPUs(n.CPUs), n.Memory, n.Distance)
	}
	p := Place(t, t.Parallelism())
	for i, d := range p.Domains {
		fmt.Fprintf(&b, "domain %d: node %d, CPUs %s, order %v\n", i, d.Node, FormatCPUs(d.CPUs), p.DomainOrder(i))
	}
	fmt.Fprintf(&b, "workers on CPUs %v\n", p.CPU)
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "note: %v\n", n)
	}
	return b.String()
}

func cpuIDs(t *Topology) []int {
	var ids []int
	for _, c := range t.CPUs {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestE4_Machines(t *testing.T) {
	for _, name := range machineNames(t) {
		t.Run(name, func(t *testing.T) {
			m := Read(machine(t, name), nil)
			if err := inconsistent(m); err != nil {
				t.Error(err)
			}
			got, file := dump(m), filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestE4_AffinityRestrictsEverything(t *testing.T) {
	files := machine(t, "epyc-nps4")
	m := Read(files, []int{40, 41, 105, 3, 3, 900}) // in any order, twice, and of a CPU that is not there
	if err := inconsistent(m); err != nil {
		t.Fatal(err)
	}
	if got := FormatCPUs(cpuIDs(m)); got != "3,40-41,105" {
		t.Errorf("CPUs %s", got)
	}
	for _, c := range m.Cores {
		if c.ID == 41 && !slices.Equal(c.CPUs, []int{41, 105}) || len(m.Cores) != 3 {
			t.Errorf("cores %+v", m.Cores)
		}
	}
	if len(m.Packages) != 2 || len(m.Nodes) != 8 { // all memory is still ours
		t.Errorf("packages %+v, nodes %+v", m.Packages, m.Nodes)
	}
	if len(m.Notes) != 0 {
		t.Errorf("nothing was missing: %v", m.Notes)
	}
	if got := fmt.Sprint(Place(m, 4).Domains); got != "[{0 [3]} {5 [40 41 105]}]" {
		t.Errorf("domains %s", got)
	}
}

// A mask that allows nothing of what is online is one of somebody else's machine.
func TestE4_AMaskThatFitsNothingIsNotBelieved(t *testing.T) {
	m := Read(machine(t, "memory-only"), []int{100})
	if got := FormatCPUs(cpuIDs(m)); got != "0-3" || len(m.Notes) != 1 {
		t.Errorf("CPUs %s, notes %v", got, m.Notes)
	}
}

func TestE4_NothingIsFlatAndSaysSo(t *testing.T) {
	for allowed, want := range map[string]string{"": "0", "4-5": "4-5"} {
		ids, err := ParseCPUs(allowed)
		if err != nil {
			t.Fatal(err)
		}
		m := Read(fstest.MapFS{}, ids)
		if err := inconsistent(m); err != nil {
			t.Error(err)
		}
		if m.Origin != "flat" || FormatCPUs(cpuIDs(m)) != want || len(Place(m, 3).Domains) != 1 {
			t.Errorf("allowed %q: %s", allowed, dump(m))
		}
		if !slices.ContainsFunc(m.Notes, func(n Note) bool { return n.Assumed == "a flat machine" }) {
			t.Errorf("it does not say that it is flat: %v", m.Notes)
		}
	}
}

// Whatever single file is missing or turns to rubbish, the machine is consistent, and its CPUs are right if they can be.
func TestE4_AnyOneFileSpoilt(t *testing.T) {
	for _, name := range []string{"container-v2", "cgroup-v1", "memory-only", "laptop-hybrid"} {
		files := machine(t, name)
		seen := indexed(files)
		for path, original := range files {
			for _, content := range []string{"", "-1\n", "rubbish\n", "0-1023\n", "99999999999999999999\n", "0-1,0-1\n", "\x00"} {
				files[path] = &fstest.MapFile{Data: []byte(content)}
				if err := inconsistent(Read(seen, nil)); err != nil {
					t.Errorf("%s: %s is %q: %v", name, path, content, err)
				}
			}
			files[path] = &fstest.MapFile{Mode: fs.ModeDir}
			if err := inconsistent(Read(seen, nil)); err != nil {
				t.Errorf("%s: %s is a folder: %v", name, path, err)
			}
			delete(files, path)
			if err := inconsistent(Read(seen, nil)); err != nil {
				t.Errorf("%s: no %s: %v", name, path, err)
			}
			files[path] = original
		}
	}
}

func TestRead_IsRepeatable(t *testing.T) {
	files := machine(t, "contradictory")
	if a, b := Read(files, nil), Read(files, nil); !reflect.DeepEqual(a, b) {
		t.Errorf("%s\n%s", dump(a), dump(b))
	}
}

// A denied file is told apart from a missing one, and one trouble of many CPUs is one note.
func TestNotes_AreCountedAndSayWhy(t *testing.T) {
	files := machine(t, "laptop-hybrid")
	m := Read(denying{files, "physical_package_id"}, nil)
	want := "/sys/devices/system/cpu/cpu0/topology/physical_package_id (and 11 more) may not be read; assumed: such cores are in package 0"
	if len(m.Notes) != 1 || m.Notes[0].String() != want {
		t.Errorf("notes %v", m.Notes)
	}
	n := Note{Problem: "the topology of plan9 is not read", Assumed: "a flat machine"}
	if got := n.String(); got != "the topology of plan9 is not read; assumed: a flat machine" {
		t.Error(got)
	}
}

type denying struct {
	fs.FS
	suffix string
}

func (d denying) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, d.suffix) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.FS.Open(name)
}

// What Read promises of its cost: it is paid at the start of every program.
func TestRead_OpensFewFiles(t *testing.T) {
	for name, want := range map[string]int{"one-cpu": 50, "epyc-nps4": 2100} {
		opened := 0
		m := Read(counting{indexed(machine(t, name)), &opened}, nil)
		promised := 25 + 3*len(m.Nodes) + 25*len(m.Cores) + 3*(len(m.CPUs)-len(m.Cores))
		if opened > want || opened > promised {
			t.Errorf("%s: %d files, want %d, promised %d", name, opened, want, promised)
		}
	}
}

type counting struct {
	fs.FS
	opened *int
}

func (c counting) Open(name string) (fs.File, error) {
	*c.opened++
	return c.FS.Open(name)
}

func TestLocal(t *testing.T) {
	m := Local()
	if err := inconsistent(m); err != nil {
		t.Fatal(err)
	}
	t.Logf("this machine:\n%s", dump(m))
}

func BenchmarkLocal(b *testing.B) {
	for b.Loop() {
		Local()
	}
}

func TestParallelism_IsWhatTheQuotaPaysFor(t *testing.T) {
	for _, tt := range []struct {
		cpus  int
		quota float64
		want  int
	}{{8, 0, 8}, {8, 0.1, 2}, {8, 2.5, 3}, {8, 3, 3}, {8, 7.5, 8}, {8, 100, 8}, {1, 0.5, 1}} {
		m := Flat(tt.cpus)
		m.Quota = tt.quota
		if got := m.Parallelism(); got != tt.want {
			t.Errorf("%d CPUs, quota %g: %d, want %d", tt.cpus, tt.quota, got, tt.want)
		}
	}
	if got := (&Topology{}).Parallelism(); got != 1 {
		t.Errorf("an empty machine: %d", got)
	}
}
