package wheel

// A heap has its earliest entry first. Each entry has up to four below it: half
// the depth of a binary one, and the four lie beside each other.
type heap[T any] struct {
	entries []entry[T]
	dead    int // told by Gone
}

const fanOut = 4

func (e *entry[T]) before(f *entry[T]) bool {
	return e.due < f.due || e.due == f.due && e.seq < f.seq
}

func (h *heap[T]) push(e entry[T]) {
	h.entries = append(h.entries, e)
	h.up(len(h.entries) - 1)
}

// up moves the entry at i to where it belongs among those above it.
func (h *heap[T]) up(i int) {
	e := h.entries[i]
	for i > 0 {
		above := (i - 1) / fanOut
		if !e.before(&h.entries[above]) {
			break
		}
		h.entries[i] = h.entries[above]
		i = above
	}
	h.entries[i] = e
}

func (h *heap[T]) pop() entry[T] {
	first := h.entries[0]
	last := len(h.entries) - 1
	h.entries[0] = h.entries[last]
	h.entries[last] = entry[T]{}
	h.entries = h.entries[:last]
	switch {
	case last > 0:
		h.down(0)
	case cap(h.entries) > maxIdle:
		h.entries, h.dead = nil, 0
	default:
		h.dead = 0
	}
	return first
}

// down moves the entry at i to where it belongs among those below it.
func (h *heap[T]) down(i int) {
	e := h.entries[i]
	for {
		least := i*fanOut + 1
		if least >= len(h.entries) {
			break
		}
		for j := least + 1; j < min(i*fanOut+1+fanOut, len(h.entries)); j++ {
			if h.entries[j].before(&h.entries[least]) {
				least = j
			}
		}
		if !h.entries[least].before(&e) {
			break
		}
		h.entries[i] = h.entries[least]
		i = least
	}
	h.entries[i] = e
}

// compact drops what is dead and says how many that were.
func (h *heap[T]) compact(dead func(T) bool) int {
	before := len(h.entries)
	h.entries, h.dead = living(h.entries, dead), 0
	for i := (len(h.entries) - 2) / fanOut; i >= 0 && len(h.entries) > 1; i-- {
		h.down(i)
	}
	return before - len(h.entries)
}
