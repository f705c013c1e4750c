package floorplan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// Plan is a machine with workers on it.
type Plan struct {
	machine  *topology.Topology
	place    *topology.Placement
	affinity executor.Affinity
	places   []executor.Place
	workers  map[int][]int // CPU.ID -> workers laid out on it
}

// New lays workers out on t, which must stay as it is: it makes an executor, which never runs, and asks that for the
// places it would give. 0 workers are as many as the executor takes by itself. The error names what is impossible.
func New(t *topology.Topology, workers int, a executor.Affinity) (*Plan, error) {
	e, err := executor.New(executor.Config{Topology: t, Workers: workers, Affinity: a})
	if err != nil {
		return nil, err
	}
	p := &Plan{machine: t, affinity: e.Stats().Affinity, places: e.Places(), workers: map[int][]int{}}
	p.place = topology.Place(t, len(p.places))
	for w, at := range p.places {
		p.workers[at.CPU] = append(p.workers[at.CPU], w)
	}
	return p, e.Close(context.Background())
}

// tie says in a sentence what holds the workers where they are drawn.
func (p *Plan) tie() string {
	domains := map[int]bool{}
	for _, at := range p.places {
		domains[at.Domain] = true
	}
	switch {
	case p.affinity == executor.AffinityFollow && len(domains) == 1:
		return "They are all in one domain, and nothing ties them to CPUs."
	case p.affinity == executor.AffinityFollow:
		return "A worker takes a free place in the domain where the system runs its thread."
	case p.places[0].Pinned == nil:
		return "There is one memory node, and so nothing to pin threads to."
	case p.affinity == executor.AffinityNode:
		return "Each worker's thread is pinned to the CPUs of its memory node."
	}
	return "Each worker's thread is pinned to its core."
}

// A part of the machine is a box with boxes in it; one without parts is a core.
type part struct {
	title string
	cpus  []int
	parts []part
}

// parts returns the machine as packages of nodes of shared caches of cores. Each step divides what the step before
// left together, so that a machine where they cross (a cache of two nodes, a node of two packages) is still a tree;
// a box that shows only some of what it is named for says so.
func (p *Plan) parts() []part {
	t := p.machine
	var all []part
	for _, pkg := range t.Packages {
		in := func(c topology.CPU) bool { return c.Package == pkg.ID }
		cpus := choose(t.CPUs, in)
		all = append(all, part{fmt.Sprintf("package %d", pkg.ID), cpus, p.nodeParts(cpus)})
	}
	p.label(all)
	return all
}

func choose(cpus []topology.CPU, in func(topology.CPU) bool) []int {
	var ids []int
	for _, c := range cpus {
		if in(c) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func (p *Plan) nodeParts(cpus []int) []part {
	var all []part
	for _, n := range p.machine.Nodes {
		own := shared(cpus, n.CPUs)
		if len(own) > 0 {
			all = append(all, part{nodeTitle(n) + some(own, n.CPUs), own, p.cacheParts(own, p.levels())})
		}
	}
	return all
}

func nodeTitle(n topology.Node) string {
	title := fmt.Sprintf("node %d", n.ID)
	if n.Memory > 0 {
		title += " · " + amount(n.Memory)
	}
	return title
}

// some says that a box does not show all that it is named for.
func some(own, all []int) string {
	if len(own) < len(all) {
		return " (part)"
	}
	return ""
}

// levels are the levels of caches that cores share, the highest first. Those that a core has to itself are no box.
func (p *Plan) levels() []int {
	var levels []int
	for _, c := range p.machine.Caches {
		if c.Kind != topology.Instruction && c.Level > 1 && !slices.Contains(levels, c.Level) && p.coresOf(c.CPUs) > 1 {
			levels = append(levels, c.Level)
		}
	}
	slices.SortFunc(levels, func(a, b int) int { return cmp.Compare(b, a) })
	return levels
}

func (p *Plan) coresOf(cpus []int) int {
	n := 0
	for _, c := range p.machine.Cores {
		if len(shared(cpus, c.CPUs)) > 0 {
			n++
		}
	}
	return n
}

// cacheParts divides cpus by the caches of the first level, and each of those by the others. What no cache claims, or
// one that it does not share, is divided further without a box.
func (p *Plan) cacheParts(cpus []int, levels []int) []part {
	if len(levels) == 0 {
		return p.coreParts(cpus)
	}
	var all []part
	left := slices.Clone(cpus)
	for _, c := range p.machine.Caches {
		own := shared(left, c.CPUs)
		if c.Level != levels[0] || c.Kind == topology.Instruction || len(own) == 0 {
			continue
		}
		inside := p.cacheParts(own, levels[1:])
		left = slices.DeleteFunc(left, func(id int) bool { return slices.Contains(own, id) })
		if levels[0] == 2 && p.coresOf(c.CPUs) == 1 {
			all = append(all, inside...)
			continue
		}
		title := fmt.Sprintf("L%d", c.Level)
		if c.Size > 0 {
			title += " " + amount(c.Size)
		}
		all = append(all, part{title + some(own, c.CPUs), own, inside})
	}
	return append(all, p.cacheParts(left, levels[1:])...)
}

func (p *Plan) coreParts(cpus []int) []part {
	var all []part
	for _, c := range p.machine.Cores {
		own := shared(cpus, c.CPUs)
		if len(own) == 0 {
			continue
		}
		title := fmt.Sprintf("core %d", c.ID)
		switch c.Class {
		case 0:
		case 1:
			title += " slow"
		default:
			title += " slower"
		}
		all = append(all, part{title: title, cpus: own})
	}
	return all
}

// label writes the number of each domain on the innermost box, above the cores, that is the domain.
func (p *Plan) label(parts []part) {
	for i := range parts {
		box := &parts[i]
		if len(box.parts) == 0 {
			continue
		}
		p.label(box.parts)
		within := slices.ContainsFunc(box.parts, func(inner part) bool { return len(inner.parts) > 0 && len(inner.cpus) == len(box.cpus) })
		for d, domain := range p.place.Domains {
			if !within && slices.Equal(domain.CPUs, box.cpus) {
				box.title += fmt.Sprintf(" · domain %d", d)
			}
		}
	}
}

// shared returns what of a is in b too, in a's order.
func shared(a, b []int) []int {
	var both []int
	for _, n := range a {
		if slices.Contains(b, n) {
			both = append(both, n)
		}
	}
	return both
}

// amount writes an amount the way it is sold: 32 KiB, 1.25 MiB, 62.7 GiB.
func amount(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	x, unit := float64(n), 0
	for x >= 1024 && unit < len(units)-1 {
		x, unit = x/1024, unit+1
	}
	text := strconv.FormatFloat(x, 'f', 2, 64)
	if x >= 10 {
		text = strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strings.TrimRight(strings.TrimRight(text, "0"), ".") + " " + units[unit]
}
