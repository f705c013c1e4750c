package topology

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A machine file holds the sys and proc folders of one machine, "path: content" to a line, where \n and \t in the
// content are line break and tab. Braces in a path make several files: cpu{0-1,8} is cpu0, cpu1 and cpu8, and
// {level,size} both of these. # begins a comment.

func parseMachine(text string) (fstest.MapFS, error) {
	const most = 20_000 // files: the fuzzer writes machines as well
	files := fstest.MapFS{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		pattern, content, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("no colon in %q", line)
		}
		paths, err := expand(pattern, most)
		if err != nil {
			return nil, err
		}
		content = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(strings.TrimPrefix(content, " ")) + "\n"
		for _, p := range paths {
			if len(files) == most || !fs.ValidPath(p) {
				return nil, fmt.Errorf("%q: a bad path, or too many files", p)
			}
			files[p] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return files, nil
}

func expand(pattern string, most int) ([]string, error) {
	before, rest, ok := strings.Cut(pattern, "{")
	if !ok {
		return []string{pattern}, nil
	}
	inside, after, ok := strings.Cut(rest, "}")
	if !ok {
		return nil, fmt.Errorf("%q: a brace is open", pattern)
	}
	tails, err := expand(after, most)
	if err != nil {
		return nil, err
	}
	words := strings.Split(inside, ",")
	if ids, err := ParseCPUs(inside); err == nil {
		words = strings.Fields(strings.Trim(fmt.Sprint(ids), "[]"))
	}
	if len(words)*len(tails) > most {
		return nil, fmt.Errorf("%q: too many files", pattern)
	}
	var all []string
	for _, word := range words {
		for _, tail := range tails {
			all = append(all, before+word+tail)
		}
	}
	return all, nil
}

// A folder is what parseMachine returns, with an index: a fstest.MapFS looks at every file to say that one is missing,
// which is most of what happens when the fuzzer's machine has 16,384 CPUs.
type folder struct {
	files fstest.MapFS
	above map[string]bool
}

func indexed(files fstest.MapFS) folder {
	f := folder{files, map[string]bool{}}
	for p := range files {
		for ; p != "."; p = path.Dir(p) {
			f.above[p] = true
		}
	}
	return f
}

func (f folder) Open(name string) (fs.File, error) {
	if !f.above[name] {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f.files.Open(name)
}

func machineNames(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*.machine")
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	for i := range names {
		names[i] = strings.TrimSuffix(filepath.Base(names[i]), ".machine")
	}
	return names
}

func machineText(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".machine"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func machine(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	files, err := parseMachine(machineText(t, name))
	if err != nil {
		t.Fatal(name, err)
	}
	return files
}

// inconsistent returns what Read promises and t does not keep: each CPU is in exactly one core, package and node, and in
// one cache of a level and kind at most; lists are in ascending order; a placement can be made.
func inconsistent(t *Topology) error {
	if err := t.Validate(); err != nil {
		return err
	}
	var ids, cored, noded []int
	packaged := map[int]int{} // Core.ID -> Package.ID
	for _, p := range t.Packages {
		if len(p.Cores) == 0 || !slices.IsSorted(p.Cores) {
			return fmt.Errorf("package %d: cores %v", p.ID, p.Cores)
		}
		for _, c := range p.Cores {
			if _, ok := packaged[c]; ok {
				return fmt.Errorf("core %d is in two packages", c)
			}
			packaged[c] = p.ID
		}
	}
	cpus := map[int]CPU{}
	for _, c := range t.CPUs {
		ids = append(ids, c.ID)
		cpus[c.ID] = c
	}
	for _, c := range t.Cores {
		cored = append(cored, c.CPUs...)
		for _, id := range c.CPUs {
			if cpus[id].Core != c.ID || cpus[id].Package != c.Package {
				return fmt.Errorf("core %+v has CPU %+v", c, cpus[id])
			}
		}
		if p, ok := packaged[c.ID]; !ok || p != c.Package || !slices.IsSorted(c.CPUs) {
			return fmt.Errorf("core %+v", c)
		}
	}
	for _, n := range t.Nodes {
		noded = append(noded, n.CPUs...)
		for _, id := range n.CPUs {
			if cpus[id].Node != n.ID {
				return fmt.Errorf("node %+v has CPU %+v", n, cpus[id])
			}
		}
		if !slices.IsSorted(n.CPUs) {
			return fmt.Errorf("node %+v", n)
		}
	}
	slices.Sort(cored)
	slices.Sort(noded)
	if !slices.IsSorted(ids) || !slices.Equal(ids, cored) || !slices.Equal(ids, noded) {
		return fmt.Errorf("CPUs %v, of cores %v, of nodes %v", ids, cored, noded)
	}
	if t.Quota < 0 || t.Parallelism() < 1 || t.Parallelism() > len(t.CPUs) {
		return fmt.Errorf("quota %v, parallelism %d", t.Quota, t.Parallelism())
	}
	if p := Place(t, 3); len(p.CPU) != 3 || len(p.Victims(1)) == 0 || !t.has(p.CPU[2]) {
		return fmt.Errorf("placement %+v", p)
	}
	return inconsistentCaches(t)
}

func inconsistentCaches(t *Topology) error {
	type shelf struct {
		level int
		kind  CacheKind
		cpu   int
	}
	taken := map[shelf]bool{}
	for _, c := range t.Caches {
		if len(c.CPUs) == 0 || !slices.IsSorted(c.CPUs) || c.Size < 0 || c.Line < 0 {
			return fmt.Errorf("cache %+v", c)
		}
		for _, id := range c.CPUs {
			if !t.has(id) || taken[shelf{c.Level, c.Kind, id}] {
				return fmt.Errorf("cache %+v: CPU %d is not ours, or has two of these", c, id)
			}
			taken[shelf{c.Level, c.Kind, id}] = true
		}
	}
	return nil
}
