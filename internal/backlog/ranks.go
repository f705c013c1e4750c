package backlog

import (
	"cmp"
	"container/heap"
	"slices"
)

// ranks are the values in order of rank, and within a rank those of each sender in
// turn. Few ranks are expected to be there at a time: one that comes or goes moves
// those above it.
type ranks[T any, S comparable] struct {
	fair   bool
	levels []*level[T, S] // lowest first; none is empty
	spent  []*level[T, S]
}

// A level is one rank.
type level[T any, S comparable] struct {
	rank     int
	n, bytes int
	first    *lane[T, S] // whose turn it is; all in a ring, none is empty
	lanes    map[S]*lane[T, S]
	most     longest[T, S]
	spent    *lane[T, S]
	spentN   int
}

// A lane is what one sender has in a level, or without Fair all that is there.
type lane[T any, S comparable] struct {
	level      *level[T, S]
	from       S
	n          int
	items      list[T, S]
	prev, next *lane[T, S]
	at         int // among the longest
}

func (r *ranks[T, S]) find(rank int) (at int, there bool) {
	return slices.BinarySearchFunc(r.levels, rank, func(l *level[T, S], rank int) int { return cmp.Compare(l.rank, rank) })
}

func (r *ranks[T, S]) add(it *Item[T, S]) {
	at, there := r.find(it.Rank)
	if !there {
		r.levels = slices.Insert(r.levels, at, r.fresh(it.Rank))
	}
	l := r.levels[at]
	lane := l.laneOf(it.From, r.fair)
	it.lane = lane
	lane.items.push(it)
	lane.n++
	l.n++
	l.bytes += it.Size
	heap.Fix(&l.most, lane.at)
}

func (r *ranks[T, S]) fresh(rank int) *level[T, S] {
	if last := len(r.spent) - 1; last >= 0 {
		l := r.spent[last]
		r.spent = r.spent[:last]
		l.rank = rank
		return l
	}
	return &level[T, S]{rank: rank, lanes: make(map[S]*lane[T, S])}
}

// turn is the oldest item of the sender whose turn it is in the highest rank.
func (r *ranks[T, S]) turn() *Item[T, S] {
	if len(r.levels) == 0 {
		return nil
	}
	l := r.levels[len(r.levels)-1]
	it := l.first.items.head
	l.first = l.first.next // taking it out closes the lane if it is empty then
	return it
}

// first is the first of the highest rank.
func (r *ranks[T, S]) first() *Item[T, S] {
	if len(r.levels) == 0 {
		return nil
	}
	return r.levels[len(r.levels)-1].first.items.head
}

// next is what follows an item, as Backlog.Next has it.
func (r *ranks[T, S]) next(it *Item[T, S]) *Item[T, S] {
	switch {
	case it.next != nil:
		return it.next // in its lane, or among the signals
	case it.lane == nil:
		return r.first()
	case it.lane.next != it.lane.level.first:
		return it.lane.next.items.head
	}
	if at, _ := r.find(it.lane.level.rank); at > 0 {
		return r.levels[at-1].first.items.head
	}
	return nil
}

// victim is the oldest item of the sender who has most in the lowest rank.
func (r *ranks[T, S]) victim() *Item[T, S] { return r.levels[0].most[0].items.head }

func (r *ranks[T, S]) cut(it *Item[T, S]) {
	lane := it.lane
	l := lane.level
	it.lane = nil
	lane.items.cut(it)
	lane.n--
	l.n--
	l.bytes -= it.Size
	heap.Fix(&l.most, lane.at)
	if lane.n > 0 {
		return
	}
	l.close(lane)
	if l.n > 0 {
		return
	}
	at, _ := r.find(l.rank)
	r.levels = slices.Delete(r.levels, at, at+1)
	if len(r.spent) < spares {
		r.spent = append(r.spent, l)
	}
}

func (l *level[T, S]) laneOf(from S, fair bool) *lane[T, S] {
	if !fair {
		if l.first != nil {
			return l.first
		}
	} else if lane := l.lanes[from]; lane != nil {
		return lane
	}
	n := l.spent
	if n == nil {
		n = &lane[T, S]{level: l}
	} else {
		l.spent = n.next
		l.spentN--
	}
	n.from = from
	if l.first == nil {
		n.prev, n.next, l.first = n, n, n
	} else { // its turn comes last
		n.prev, n.next = l.first.prev, l.first
		n.prev.next, n.next.prev = n, n
	}
	if fair {
		l.lanes[from] = n
	}
	heap.Push(&l.most, n)
	return n
}

// close takes an empty lane out of the ring.
func (l *level[T, S]) close(n *lane[T, S]) {
	heap.Remove(&l.most, n.at)
	if l.lanes[n.from] == n {
		delete(l.lanes, n.from)
	}
	if n.next == n {
		l.first = nil
	} else {
		n.prev.next, n.next.prev = n.next, n.prev
		if l.first == n {
			l.first = n.next
		}
	}
	var nobody S
	n.from, n.prev, n.next = nobody, nil, nil
	if l.spentN < spares {
		n.next, l.spent = l.spent, n
		l.spentN++
	}
}

// longest is a heap of lanes with the longest first.
type longest[T any, S comparable] []*lane[T, S]

func (h longest[T, S]) Len() int           { return len(h) }
func (h longest[T, S]) Less(i, j int) bool { return h[i].n > h[j].n }
func (h longest[T, S]) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }

// Push implements heap.Interface.
func (h *longest[T, S]) Push(x any) {
	n := x.(*lane[T, S])
	n.at = len(*h)
	*h = append(*h, n)
}

// Pop implements heap.Interface.
func (h *longest[T, S]) Pop() any {
	last := len(*h) - 1
	n := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return n
}
