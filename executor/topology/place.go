package topology

import (
	"cmp"
	"slices"
)

// Domain is a set of CPUs that share their last cache and their memory node.
type Domain struct {
	Node int   // Node.ID
	CPUs []int // CPU.ID, ascending
}

// Placement says where a number of workers belong on a machine. It is read-only and safe for concurrent use.
type Placement struct {
	Domains []Domain
	// Domain[i] is the index in Domains of worker i's domain.
	Domain []int
	// CPU[i] is the CPU (CPU.ID) that worker i was laid out on: what it would be pinned to, and what decides who its
	// core's sibling is. More workers than CPUs share.
	CPU []int

	t    *Topology
	core map[int]int // CPU.ID -> Core.ID
}

// Place lays n workers out on t, which must be valid ([Topology.Validate]). Workers fill one domain after the other,
// in proportion to the CPUs of each, so that neighbours in number are neighbours in the machine; inside a domain,
// workers take a core each before two of them share one.
func Place(t *Topology, n int) *Placement {
	p := &Placement{Domains: domains(t), t: t, core: make(map[int]int, len(t.CPUs))}
	for _, c := range t.CPUs {
		p.core[c.ID] = c.Core
	}
	var order []int
	var of []int
	for d := range p.Domains {
		for _, cpu := range p.coresFirst(p.Domains[d].CPUs) {
			order = append(order, cpu)
			of = append(of, d)
		}
	}
	for i := range n {
		at := i % len(order)
		if n < len(order) {
			at = spread(p.Domains, i, n)
		}
		p.CPU = append(p.CPU, order[at])
		p.Domain = append(p.Domain, of[at])
	}
	return p
}

// spread returns the place, in the list of all CPUs by domain, of worker i of n when there are more CPUs than workers:
// each domain gets its share (the remainders go to the first ones), filled from its front.
func spread(ds []Domain, i, n int) int {
	total := 0
	for _, d := range ds {
		total += len(d.CPUs)
	}
	start, seen := 0, 0
	for _, d := range ds {
		first := (seen*n + total - 1) / total // workers that belong before this domain
		seen += len(d.CPUs)
		last := (seen*n + total - 1) / total
		if i < last {
			return start + i - first
		}
		start += len(d.CPUs)
	}
	return i // not reached: the last domain's last is n
}

// domains groups the CPUs by memory node and by the largest unified or data cache they share.
func domains(t *Topology) []Domain {
	type key struct{ node, cache int }
	var ds []Domain
	at := map[key]int{}
	last := lastCaches(t)
	for _, c := range t.CPUs {
		k := key{c.Node, -1}
		if cache, ok := last[c.ID]; ok {
			k.cache = cache
		}
		i, ok := at[k]
		if !ok {
			i = len(ds)
			at[k] = i
			ds = append(ds, Domain{Node: c.Node})
		}
		ds[i].CPUs = append(ds[i].CPUs, c.ID)
	}
	slices.SortStableFunc(ds, func(a, b Domain) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(slices.Min(a.CPUs), slices.Min(b.CPUs)))
	})
	for i := range ds {
		slices.Sort(ds[i].CPUs)
	}
	return ds
}

// lastCaches returns, for each CPU that has one, the index of the highest cache above level 2 that holds its data:
// smaller caches belong to a core or two, and would make every core a domain.
func lastCaches(t *Topology) map[int]int {
	last := map[int]int{}
	for i, c := range t.Caches {
		if c.Kind == Instruction || c.Level <= 2 {
			continue
		}
		for _, cpu := range c.CPUs {
			if old, ok := last[cpu]; !ok || c.Level > t.Caches[old].Level {
				last[cpu] = i
			}
		}
	}
	return last
}

// coresFirst orders cpus so that the first threads of all cores come before any second thread, and among those the fast
// cores before the slow ones.
func (p *Placement) coresFirst(cpus []int) []int {
	rank := map[int]int{} // CPU.ID -> how many threads of its core come before it
	used := map[int]int{}
	for _, id := range cpus {
		core := p.core[id]
		rank[id] = used[core]
		used[core]++
	}
	out := slices.Clone(cpus)
	class := map[int]int{} // Core.ID -> Core.Class
	for _, c := range p.t.Cores {
		class[c.ID] = c.Class
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank[a], rank[b]), cmp.Compare(class[p.core[a]], class[p.core[b]]))
	})
	return out
}

// DomainOrder returns all domains in the order in which domain from should look for work: itself, those on its node,
// then those on other nodes, the near before the far; among equals it starts behind itself and goes round, so that not
// everybody robs domain 0 first. from must be an index in Domains.
func (p *Placement) DomainOrder(from int) []int {
	order := make([]int, len(p.Domains))
	for i := range order {
		order[i] = (from + i) % len(order)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.far(from, a), p.far(from, b)) })
	return order
}

// far is the cost of going from one domain to another: 0 for itself, 1 on the same node, else the nodes' distance.
func (p *Placement) far(from, to int) int {
	if from == to {
		return 0
	}
	return p.nodesApart(p.Domains[from].Node, p.Domains[to].Node)
}

func (p *Placement) nodesApart(a, b int) int {
	if a == b {
		return 1
	}
	const unknown = 20 // the firmware's usual figure for "another node"
	i := slices.IndexFunc(p.t.Nodes, func(n Node) bool { return n.ID == a })
	j := slices.IndexFunc(p.t.Nodes, func(n Node) bool { return n.ID == b })
	if i < 0 || j < 0 || p.t.Nodes[i].Distance == nil {
		return unknown
	}
	return max(p.t.Nodes[i].Distance[j], 2)
}

// Victims returns whom worker w should rob, in tiers: workers on its own core, in its domain, on its node, and then
// one tier for each distance. A tier lists the workers behind w first. Empty tiers are left out; w itself is in none.
func (p *Placement) Victims(w int) [][]int {
	byCost := map[int][]int{}
	n := len(p.Domain)
	for i := 1; i < n; i++ {
		v := (w + i) % n
		cost := -1 // the same core
		if p.core[p.CPU[v]] != p.core[p.CPU[w]] {
			cost = p.far(p.Domain[w], p.Domain[v])
		}
		byCost[cost] = append(byCost[cost], v)
	}
	costs := make([]int, 0, len(byCost))
	for c := range byCost {
		costs = append(costs, c)
	}
	slices.Sort(costs)
	tiers := make([][]int, 0, len(costs))
	for _, c := range costs {
		tiers = append(tiers, byCost[c])
	}
	return tiers
}
