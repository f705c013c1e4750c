package wheel

import (
	"math"
	"math/bits"
)

const (
	// tickBits is the length of a tick, 2^20 ns or about a millisecond: only what is
	// due within one is kept in order.
	tickBits = 20
	// slotBits is how many of a tick's bits a level looks at.
	slotBits = 6
	slots    = 1 << slotBits
	levels   = (63 - tickBits + slotBits - 1) / slotBits
)

// A Wheel is ready for use when Dead is set.
//
// An entry that is far away waits in the level of the highest digit in which its
// tick differs from the present one, in the slot of that digit; so whatever is in
// a lower level, or in an earlier slot, is due earlier. When the time comes to a
// slot, its entries go to lower levels, and from the lowest to the heap.
type Wheel[T any] struct {
	// Dead reports whether an entry is not wanted any more.
	Dead func(T) bool

	tick    int64 // the present one
	seq     uint64
	n       int
	orphans int // at most so many are dead without Gone
	near    heap[T]
	levels  [levels]*level[T]
}

type level[T any] struct {
	full  uint64 // a bit for each slot that holds something
	slots [slots]slot[T]
}

// A slot is a plain array: to walk a list of a million timers is to miss the
// cache a million times.
type slot[T any] struct {
	entries []entry[T]
	min     int64 // no entry is due before
	dead    int   // told by Gone
}

type entry[T any] struct {
	due  int64
	seq  uint64
	what T
}

// Len is how many entries there are, those that are dead and not dropped yet among them.
func (w *Wheel[T]) Len() int { return w.n }

// Add puts something in that is due at a time; also one that has passed.
func (w *Wheel[T]) Add(due int64, what T) {
	w.seq++
	w.n++
	w.put(entry[T]{due, w.seq, what})
}

func (w *Wheel[T]) put(e entry[T]) {
	l, i := w.place(e.due)
	if l < 0 {
		w.near.push(e)
		return
	}
	if w.levels[l] == nil {
		w.levels[l] = new(level[T])
	}
	lv := w.levels[l]
	s := &lv.slots[i]
	if lv.full&(1<<i) == 0 {
		lv.full |= 1 << i
		s.min = e.due
	}
	s.entries = append(s.entries, e)
	s.min = min(s.min, e.due)
}

// place says where an entry waits that is due then: its level and slot, or a
// negative level for the heap.
func (w *Wheel[T]) place(due int64) (l, i int) {
	tick := due >> tickBits
	if tick <= w.tick {
		return -1, 0
	}
	l = (bits.Len64(uint64(tick^w.tick)) - 1) / slotBits
	return l, int(tick>>(l*slotBits)) & (slots - 1)
}

// Next is a time before which nothing is due. False: there is nothing.
func (w *Wheel[T]) Next() (due int64, ok bool) {
	if len(w.near.entries) > 0 {
		return w.near.entries[0].due, true
	}
	if s, _, _ := w.first(); s != nil {
		return s.min, true
	}
	return 0, false
}

// first is the slot whose time comes next, the tick with which that begins, and its level.
func (w *Wheel[T]) first() (s *slot[T], start int64, l int) {
	for l, lv := range w.levels {
		if lv == nil || lv.full == 0 {
			continue
		}
		i := bits.TrailingZeros64(lv.full)
		low := (l + 1) * slotBits
		start = w.tick>>low<<low | int64(i)<<(l*slotBits)
		return &lv.slots[i], start, l
	}
	return nil, 0, 0
}

// Pop appends what is due at a time to batch, as far as that has room, and returns
// it. What is dead takes room, too, so that nothing is said about what is left:
// Next says that.
func (w *Wheel[T]) Pop(now int64, batch []T) []T {
	w.advance(now >> tickBits)
	first := len(batch)
	for len(batch) < cap(batch) && len(w.near.entries) > 0 && w.near.entries[0].due <= now {
		batch = append(batch, w.near.pop().what)
		w.n--
	}
	// Only now, all in a row: each look misses the cache where there are very many,
	// and misses in a row overlap.
	alive := batch[:first]
	for _, x := range batch[first:] {
		if !w.Dead(x) {
			alive = append(alive, x)
		}
	}
	w.near.dead = max(w.near.dead-(len(batch)-len(alive)), 0)
	clear(batch[len(alive):])
	return alive
}

// advance makes a later tick the present one.
func (w *Wheel[T]) advance(to int64) {
	for w.tick < to {
		s, start, l := w.first()
		if s == nil || start > to {
			w.tick = to
			return
		}
		w.tick = start
		w.levels[l].full &^= 1 << (start >> (l * slotBits) & (slots - 1))
		w.open(s)
	}
}

// open moves the entries of a slot, whose time has come, closer.
func (w *Wheel[T]) open(s *slot[T]) {
	entries := s.entries
	look := s.dead > 0 || w.orphans > 0 // only then: it costs a cache miss each
	s.entries, s.dead = nil, 0
	for _, e := range entries {
		if look && w.Dead(e.what) {
			w.n--
			continue
		}
		w.put(e)
	}
	s.keep(entries)
}

// maxIdle is how many entries' room an empty slot or heap keeps.
const maxIdle = 256

func (s *slot[T]) keep(entries []entry[T]) {
	if cap(entries) <= maxIdle {
		clear(entries)
		s.entries = entries[:0]
	}
}

// minDead is how many may be dead in one place without being looked for.
const minDead = 32

// Gone says that an entry with this time has become Dead.
func (w *Wheel[T]) Gone(due int64) {
	l, i := w.place(due)
	if l < 0 {
		w.near.dead++
		if tooMany(w.near.dead, len(w.near.entries)) {
			w.n -= w.near.compact(w.Dead)
		}
		return
	}
	s := &w.levels[l].slots[i]
	s.dead++
	if tooMany(s.dead, len(s.entries)) {
		w.compact(l, i)
	}
}

// Orphan says that so many entries have become Dead, wherever they are, and
// reports whether it is time to Sweep.
func (w *Wheel[T]) Orphan(n int) (sweep bool) {
	w.orphans += n
	return tooMany(w.orphans, w.n)
}

// Sweep drops what is Dead.
func (w *Wheel[T]) Sweep() {
	w.orphans = 0
	w.n -= w.near.compact(w.Dead)
	for l, lv := range w.levels {
		for i := 0; lv != nil && i < slots; i++ {
			if lv.full&(1<<i) != 0 {
				w.compact(l, i)
			}
		}
	}
}

func tooMany(dead, of int) bool { return dead > minDead && dead > of/2 }

// compact drops what is Dead in a slot.
func (w *Wheel[T]) compact(l, i int) {
	s := &w.levels[l].slots[i]
	before := len(s.entries)
	s.entries = living(s.entries, w.Dead)
	w.n -= before - len(s.entries)
	s.dead, s.min = 0, math.MaxInt64
	for _, e := range s.entries {
		s.min = min(s.min, e.due)
	}
	if len(s.entries) == 0 {
		w.levels[l].full &^= 1 << i
	}
}

// living returns the entries that are not dead, in an array that suits them.
func living[T any](entries []entry[T], dead func(T) bool) []entry[T] {
	alive := entries[:0]
	for _, e := range entries {
		if !dead(e.what) {
			alive = append(alive, e)
		}
	}
	clear(entries[len(alive):])
	if cap(entries) > maxIdle && len(alive) < cap(entries)/4 {
		alive = append([]entry[T](nil), alive...)
	}
	return alive
}
