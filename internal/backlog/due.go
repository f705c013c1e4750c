package backlog

import "container/heap"

// dues are the values that expire, the next first.
type dues[T any, S comparable] struct{ heap dueHeap[T, S] }

func (d *dues[T, S]) push(it *Item[T, S]) { heap.Push(&d.heap, it) }

func (d *dues[T, S]) cut(it *Item[T, S]) { heap.Remove(&d.heap, it.at) }

// expire takes out what is due.
func (b *Backlog[T, S]) expire(now int64, out *chain[T, S]) {
	for len(b.due.heap) > 0 && b.due.heap[0].Due <= now {
		it := b.due.heap[0]
		b.cut(it)
		out.add(it, Expired)
	}
}

// Expire takes out what is due, as a chain.
func (b *Backlog[T, S]) Expire(now int64) (gone *Item[T, S]) {
	var out chain[T, S]
	b.expire(now, &out)
	return out.first
}

type dueHeap[T any, S comparable] []*Item[T, S]

func (h dueHeap[T, S]) Len() int           { return len(h) }
func (h dueHeap[T, S]) Less(i, j int) bool { return h[i].Due < h[j].Due }
func (h dueHeap[T, S]) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }

// Push implements heap.Interface.
func (h *dueHeap[T, S]) Push(x any) {
	it := x.(*Item[T, S])
	it.at = len(*h)
	*h = append(*h, it)
}

// Pop implements heap.Interface.
func (h *dueHeap[T, S]) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	it.at = -1
	(*h)[last] = nil
	*h = (*h)[:last]
	return it
}
