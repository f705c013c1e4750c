package distributor

import (
	"cmp"
	"fmt"
	"sync"

	"github.com/bastion-go/bastion"
)

// Sticky chooses a member for a key the first time it comes, and the same one ever
// after, as long as that is a member and accepts: then another is chosen, and kept.
// Unlike ConsistentHash it moves no key when a member is added, can choose the first time by any
// other strategy, and has to remember. One is used by pointer, and by one Distributor.
type Sticky struct {
	// Key makes the key of a message. Nil: the message is Keyed.
	Key Key
	// First chooses for a new key. Nil: LeastMailbox.
	First Strategy
	// Keys is how many keys are remembered at most. Those that did not come for longest are
	// forgotten, and chosen for anew. Zero: 65,536.
	Keys int

	mu sync.Mutex
	// young and old remember. When young is half full it becomes old, and old is forgotten;
	// what is used moves to young.
	young, old map[uint64]bastion.Ref
}

const defaultKeys = 1 << 16

func (s *Sticky) faults() []string {
	if s.Keys < 0 {
		return []string{fmt.Sprintf("Keys: must not be negative, is %d", s.Keys)}
	}
	return nil
}

// A stickyIndex finds members by their references.
type stickyIndex struct {
	places map[bastion.Ref]int
	first  any // of First
}

// Index implements Indexer.
func (s *Sticky) Index(members []bastion.Ref) any {
	x := &stickyIndex{places: make(map[bastion.Ref]int, len(members))}
	for i, m := range members {
		x.places[m] = i
	}
	if first, ok := s.First.(Indexer); ok {
		x.first = first.Index(members)
	}
	return x
}

// Pick implements Strategy.
func (s *Sticky) Pick(c Call) (int, error) {
	key, err := s.Key.of(c.Message)
	if err != nil {
		return 0, err
	}
	x := c.Index.(*stickyIndex)
	if i, ok := x.place(s.recall(key), c); ok {
		return i, nil
	}
	first := s.First
	if first == nil {
		first = LeastMailbox{}
	}
	of := c
	of.Index = x.first
	i, err := first.Pick(of)
	if err != nil || i < 0 || i >= len(c.Members) {
		return i, err
	}
	return s.settle(key, c.Next(i), x, c), nil
}

// place is the index of a member that has not refused the message.
func (x *stickyIndex) place(m bastion.Ref, c Call) (int, bool) {
	i, ok := x.places[m]
	return i, ok && !(len(c.Refused) > 0 && c.refusedBy(m))
}

func (s *Sticky) recall(key uint64) bastion.Ref {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known(key)
}

// known is the member of a key; zero: none is known. mu is held.
func (s *Sticky) known(key uint64) bastion.Ref {
	if m, ok := s.young[key]; ok {
		return m
	}
	m, ok := s.old[key]
	if ok {
		s.note(key, m)
	}
	return m
}

// settle gives a key the ith member, unless somebody has given it another meanwhile
// that will do; then it is that.
func (s *Sticky) settle(key uint64, i int, x *stickyIndex, c Call) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if has, ok := x.place(s.known(key), c); ok {
		return has
	}
	s.note(key, c.Members[i])
	return i
}

// note remembers the member of a key. mu is held.
func (s *Sticky) note(key uint64, m bastion.Ref) {
	if s.young == nil {
		s.young = make(map[uint64]bastion.Ref)
	}
	s.young[key] = m
	if 2*len(s.young) > cmp.Or(s.Keys, defaultKeys) {
		s.young, s.old = nil, s.young
	}
}
