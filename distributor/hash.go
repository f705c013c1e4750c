package distributor

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bastion-go/bastion"
)

// ConsistentHash gives what has the same key to the same member, and moves few keys
// when members come and go: with n members about one in n, those that the new one
// takes over or the old one had (Karger and others, 1997). Members are known by
// their paths, so the keys go the same ways in the next run of the program, and to
// whoever takes the number of a member that has left.
type ConsistentHash struct {
	// Key makes the key of a message. Nil: the message is Keyed.
	Key Key
	// Points is how many points each member has on the ring: more spread keys more
	// evenly, and make each change of membership dearer. Zero: 128, with which the
	// busiest of ten members has some 20 % more keys than the average.
	Points int
}

const defaultPoints = 128

func (h ConsistentHash) faults() []string {
	if h.Points < 0 {
		return []string{fmt.Sprintf("Points: must not be negative, is %d", h.Points)}
	}
	return nil
}

// A point belongs to a member; so do the keys between the point before and it.
type point struct {
	at     uint64
	member int
}

// Index implements Indexer: it is the ring.
func (h ConsistentHash) Index(members []bastion.Ref) any {
	each := cmp.Or(h.Points, defaultPoints)
	ring := make([]point, 0, each*len(members))
	for i, m := range members {
		at := KeyOf(m.Path())
		for range each {
			at = scatter(at + 0x9e3779b97f4a7c15)
			ring = append(ring, point{at, i})
		}
	}
	slices.SortFunc(ring, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.member, b.member))
	})
	return ring
}

// Pick implements Strategy. The next attempt is the next member along the ring: who
// would have the key if the one before were gone.
func (h ConsistentHash) Pick(c Call) (int, error) {
	key, err := h.Key.of(c.Message)
	if err != nil {
		return 0, err
	}
	ring := c.Index.([]point)
	at := scatter(key)
	i, _ := slices.BinarySearchFunc(ring, at, func(p point, at uint64) int { return cmp.Compare(p.at, at) })
	if i == len(ring) {
		i = 0
	}
	for range ring {
		m := ring[i].member
		if len(c.Refused) == 0 || !c.refusedBy(c.Members[m]) {
			return m, nil
		}
		if i++; i == len(ring) {
			i = 0
		}
	}
	return ring[i].member, nil
}
