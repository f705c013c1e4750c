package floorplan

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// machines are those whose sys and proc folders the topology package reads in its own tests.
const machines = "../../../../executor/topology/testdata"

// read knows the form of the machine files; package topology's tests say what it is.
func read(t *testing.T, name string) *topology.Topology {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(machines, name+".machine"))
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for line := range strings.Lines(string(text)) {
		if pattern, content, ok := strings.Cut(line, ":"); ok && line[0] != '#' {
			content = strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(strings.TrimPrefix(content, " "))
			for _, path := range expand(pattern) {
				files[path] = &fstest.MapFile{Data: []byte(content)}
			}
		}
	}
	return topology.Read(files, nil)
}

func expand(pattern string) []string {
	before, rest, _ := strings.Cut(pattern, "{")
	inside, after, ok := strings.Cut(rest, "}")
	if !ok {
		return []string{pattern}
	}
	words := strings.Split(inside, ",")
	if ids, err := topology.ParseCPUs(inside); err == nil {
		words = strings.Fields(strings.Trim(fmt.Sprint(ids), "[]"))
	}
	var all []string
	for _, word := range words {
		for _, tail := range expand(after) {
			all = append(all, before+word+tail)
		}
	}
	return all
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
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
}

const width = 100

func plan(t *testing.T, m *topology.Topology, workers int, a executor.Affinity) *Plan {
	t.Helper()
	p, err := New(m, workers, a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What ties workers to their places is said, and stands in the JSON.
func TestAffinities(t *testing.T) {
	m := read(t, "two-sockets")
	for a, want := range map[executor.Affinity]string{
		executor.AffinityAuto: "takes a free place", executor.AffinityNode: "of its memory node.", executor.AffinityCore: "to its core.",
	} {
		p := plan(t, m, 4, a)
		text, err := p.JSON()
		if !strings.Contains(p.Draw(width), want) || err != nil || strings.Contains(string(text), `"pinned": null`) != (a == executor.AffinityAuto) {
			t.Errorf("%v: %v\n%s\n%s", a, err, p.Draw(width), text)
		}
	}
	if text := plan(t, topology.Flat(4), 2, executor.AffinityNode).Draw(width); !strings.Contains(text, "nothing to pin") {
		t.Error(text)
	}
	if _, err := New(m, len(m.CPUs)+1, executor.AffinityCore); err == nil || !strings.Contains(err.Error(), "Config.Workers") {
		t.Errorf("more workers than CPUs: %v", err)
	}
}

func TestMachines(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(machines, "*.machine"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		name = strings.TrimSuffix(filepath.Base(name), ".machine")
		m := read(t, name)
		p := plan(t, m, m.Parallelism(), executor.AffinityAuto)
		golden(t, name+".golden", p.Draw(width))
		text, err := p.JSON()
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		if name == "container-v2" || name == "sysfs-missing" {
			golden(t, name+".json", string(text))
		}
	}
}

// Every CPU and every worker is somewhere in the drawing, boxes are closed, and only a box's title may exceed the width.
func TestDrawingsAreWhole(t *testing.T) {
	for _, name := range []string{"epyc-nps4", "laptop-hybrid", "contradictory"} {
		m := read(t, name)
		for _, columns := range []int{0, 40, 80, 200} {
			text := plan(t, m, len(m.CPUs)+1, executor.AffinityAuto).Draw(columns)
			corners := func(corner string) int { return strings.Count(text, corner) }
			if corners("┌") != corners("┘") || corners("┐") != corners("└") || corners("┌") < len(m.Cores)+len(m.Packages) {
				t.Errorf("%s at %d: boxes are open\n%s", name, columns, text)
			}
			for w := range len(m.CPUs) + 1 {
				if !strings.Contains(text, fmt.Sprintf(" w%d ", w)) {
					t.Errorf("%s at %d: where is worker %d?\n%s", name, columns, w, text)
				}
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "│") && columns >= 80 && utf8.RuneCountInString(line)-1 > columns {
					t.Errorf("%s at %d: too wide: %s", name, columns, line)
				}
			}
		}
	}
}

func TestAmounts(t *testing.T) {
	for n, want := range map[int64]string{1: "1 B", 1023: "1023 B", 32 << 10: "32 KiB", 1280 << 10: "1.25 MiB", 67373060672: "62.7 GiB", 10 << 30: "10 GiB", 1<<63 - 1: "8 EiB"} {
		if got := amount(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// More workers than CPUs share; more than three are counted.
func TestCrowdedCPU(t *testing.T) {
	text := plan(t, topology.Flat(1), 6, executor.AffinityAuto).Draw(width)
	if !strings.Contains(text, "│ 0   w0 w1 w2 +3 │") {
		t.Error(text)
	}
}
