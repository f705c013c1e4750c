package executor

import (
	"slices"

	"github.com/bastion-go/bastion/executor/topology"
)

// domain is a part of the machine whose workers share an injection queue and wake one another before they wake others.
type domain struct {
	inject injection
	node   int
	cpus   []int
	order  []*domain // all domains, itself first, the near before the far. Fixed by New.

	// Guarded by Executor.mu.

	free   []*seat // idle permits, last used on top
	parked *Worker // workers asleep on their note that sat here, last parked first
}

// tier is what is equally far from a seat. Workers without work look into all of a tier before the next one.
type tier struct {
	reach topology.Reach
	seats []*seat
	doms  []*domain // those of the seats, save the looker's own, which comes first anyway
}

// layOut lays the permits out on the machine. Domains that get none are left out: nobody would look there.
func (e *Executor) layOut() {
	at := make([]*domain, len(e.place.Domains))
	for i := range e.permits {
		n := e.place.Domain[i]
		if at[n] == nil {
			at[n] = &domain{node: e.place.Domains[n].Node, cpus: e.place.Domains[n].CPUs}
			e.domains = append(e.domains, at[n])
		}
		e.seats = append(e.seats, &seat{dom: at[n]})
	}
	for i, d := range at {
		if d == nil {
			continue
		}
		for _, n := range e.place.DomainOrder(i) {
			if at[n] != nil {
				d.order = append(d.order, at[n])
			}
		}
	}
	for i, s := range e.seats {
		for _, victims := range e.place.Victims(i) {
			t := tier{reach: e.place.Reach(i, victims[0])}
			for _, v := range victims {
				victim := e.seats[v]
				t.seats = append(t.seats, victim)
				if victim.dom != s.dom && !slices.Contains(t.doms, victim.dom) {
					t.doms = append(t.doms, victim.dom)
				}
			}
			s.tiers = append(s.tiers, t)
		}
	}
}

// nodes lists, for each memory node of the machine, the domains in which to queue what belongs there: its own that have
// permits, or else the nearest one that has some.
func (e *Executor) nodes() map[int][]*domain {
	at := map[int][]*domain{}
	for i, n := range e.cfg.Topology.Nodes {
		var nearest *domain
		for _, d := range e.domains {
			if d.node == n.ID {
				at[n.ID] = append(at[n.ID], d)
			}
			if nearest == nil || distance(e.cfg.Topology.Nodes, i, d.node) < distance(e.cfg.Topology.Nodes, i, nearest.node) {
				nearest = d
			}
		}
		if at[n.ID] == nil {
			at[n.ID] = []*domain{nearest}
		}
	}
	return at
}

// distance is that from nodes[from] to the node with the number to; 0: not known.
func distance(nodes []topology.Node, from, to int) int {
	j := slices.IndexFunc(nodes, func(n topology.Node) bool { return n.ID == to })
	if j < 0 || nodes[from].Distance == nil {
		return 0
	}
	return nodes[from].Distance[j]
}
