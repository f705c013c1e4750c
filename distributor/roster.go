package distributor

import (
	"cmp"
	"maps"
	"slices"

	"github.com/bastion-go/bastion"
)

// A roster is who the members were at some moment. It does not change; what changes
// the membership makes the next one be made, by whoever sends next.
type roster struct {
	members  []bastion.Ref
	index    any // the strategy's
	version  uint64
	groups   []*bastion.Group
	editions []uint64 // of the groups
}

// roster is who the members are now.
func (d *Distributor) roster() *roster {
	r := d.current.Load()
	if r.version != d.version.Load() || !r.fresh() {
		return d.refresh()
	}
	return r
}

func (r *roster) fresh() bool {
	for i, g := range r.groups {
		if g.Edition() != r.editions[i] {
			return false
		}
	}
	return true
}

// refresh makes a roster of what is known now: the followed groups one after the
// other, then those added one by one, each once.
func (d *Distributor) refresh() *roster {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.current.Load(); r.version == d.version.Load() && r.fresh() {
		return r // somebody else was faster
	}
	r := &roster{version: d.version.Load(), groups: slices.Clone(d.groups)}
	r.editions = make([]uint64, len(r.groups))
	for i, g := range r.groups {
		r.editions[i] = g.Edition() // before the members: they are at least as new
		r.members = append(r.members, g.Serving()...)
	}
	single := slices.SortedFunc(maps.Keys(d.hand), func(a, b bastion.Ref) int {
		return cmp.Compare(d.hand[a].seq, d.hand[b].seq)
	})
	r.members = once(append(r.members, single...), len(r.groups) > 1 || len(r.groups) == 1 && len(single) > 0)
	if x, ok := d.strategy.(Indexer); ok && len(r.members) > 0 {
		r.index = x.Index(r.members)
	}
	d.current.Store(r)
	return r
}

// once leaves out who is there twice, if that can be.
func once(refs []bastion.Ref, doubtful bool) []bastion.Ref {
	if !doubtful {
		return refs
	}
	seen := make(map[bastion.Ref]bool, len(refs))
	return slices.DeleteFunc(refs, func(r bastion.Ref) bool {
		twice := seen[r]
		seen[r] = true
		return twice
	})
}

// Members are all members now, in an order that changes only where the membership does.
func (d *Distributor) Members() []bastion.Ref { return slices.Clone(d.roster().members) }

// Len is how many members there are.
func (d *Distributor) Len() int { return len(d.roster().members) }
