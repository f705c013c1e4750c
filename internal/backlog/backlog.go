package backlog

// Rules say what a backlog is. The zero Rules are first come, first served
// without a bound.
type Rules struct {
	Count  int  // items at most; 0: no bound
	Bytes  int  // of their sizes together; 0: no bound
	Ranked bool // Rank counts
	Fair   bool // senders take turns
}

// Full says what becomes of an item for which there is no room.
type Full uint8

const (
	// Refuse it: Offer answers NoRoom.
	Refuse Full = iota
	// DropNew: it is to be discarded; Offer answers Dropped.
	DropNew
	// DropOldest: the oldest of the lowest rank make room, with Fair those of the
	// sender who has most of them. Never those of a higher rank than its own: if
	// the others do not suffice, Offer answers Dropped.
	DropOldest
)

// A Verdict is what became of an offered item.
type Verdict uint8

const (
	// Taken: it waits.
	Taken Verdict = iota
	// NoRoom: it was refused, and is its caller's.
	NoRoom
	// Dropped: the rules say that it goes, and it is its caller's to discard.
	Dropped
	// TooLarge: it alone exceeds the bound in bytes, and is its caller's.
	TooLarge
)

// An Order is one of the user's own. Items that were added come out of Take, each
// once. If Add returns false, or Take nil although items wait or one that does not
// wait here, the backlog goes on without it, in the order of arrival.
type Order[T any, S comparable] interface {
	Add(it *Item[T, S]) bool
	Take() *Item[T, S]
}

// A Backlog is what waits. See the package comment.
type Backlog[T any, S comparable] struct {
	rules  Rules
	own    Order[T, S]       // nil: none, or it broke down
	ranks  *ranks[T, S]      // nil: neither ranked nor fair
	gates  map[S]*gate[T, S] // nil: the order of arrival is the order
	spent  *gate[T, S]       // for reuse
	spentN int
	ready  list[T, S] // signals that go next

	oldest, newest *Item[T, S] // all, in the order of arrival
	n, bytes       int         // without signals
	signals        int
	arrivals       uint64
	keys           map[any]*Item[T, S]
	due            dues[T, S]

	free  *Item[T, S]
	spare int
}

// New returns an empty backlog.
func New[T any, S comparable](r Rules) *Backlog[T, S] {
	b := &Backlog[T, S]{rules: r}
	if r.Ranked || r.Fair {
		b.ranks = &ranks[T, S]{fair: r.Fair}
		b.gates = make(map[S]*gate[T, S])
	}
	return b
}

// NewOwn returns an empty backlog in an order of the user's own.
func NewOwn[T any, S comparable](r Rules, own Order[T, S]) *Backlog[T, S] {
	return &Backlog[T, S]{rules: r, own: own, gates: make(map[S]*gate[T, S])}
}

// Len is how many items wait, with signals.
func (b *Backlog[T, S]) Len() int { return b.n + b.signals }

// Arrivals is how many items were taken in so far.
func (b *Backlog[T, S]) Arrivals() uint64 { return b.arrivals }

// Count is how many wait without signals: what the bound is on.
func (b *Backlog[T, S]) Count() int { return b.n }

// Bytes is how many bytes wait.
func (b *Backlog[T, S]) Bytes() int { return b.bytes }

// Fits reports whether there is room for an item of that size.
func (b *Backlog[T, S]) Fits(size int) bool { return b.fits(b.n, b.bytes, size) }

func (b *Backlog[T, S]) fits(n, bytes, size int) bool {
	return (b.rules.Count == 0 || n < b.rules.Count) && (b.rules.Bytes == 0 || bytes+size <= b.rules.Bytes)
}

// Offer takes the item in, or says what becomes of it, and returns the chain of
// those that had to go. full is what to do without room.
func (b *Backlog[T, S]) Offer(it *Item[T, S], full Full, now int64) (v Verdict, gone *Item[T, S]) {
	if it.Signal {
		b.put(it)
		return Taken, nil
	}
	if b.rules.Bytes > 0 && it.Size > b.rules.Bytes {
		return TooLarge, nil
	}
	if b.ranks != nil && !b.rules.Ranked {
		it.Rank = 0
	}
	var out chain[T, S]
	b.expire(now, &out)
	var old *Item[T, S]
	if it.Key != nil {
		old = b.keys[it.Key]
	}
	switch {
	case old != nil && b.fits(b.n-1, b.bytes-old.Size, it.Size):
		b.replace(old, it)
		out.add(old, Replaced)
	case b.Fits(it.Size):
		b.put(it)
	case full == DropOldest && b.yields(it, old):
		if old != nil {
			b.cut(old)
			out.add(old, Replaced)
		}
		b.displace(it, &out)
		b.put(it)
	case full == Refuse:
		v = NoRoom
	default:
		v = Dropped
	}
	return v, out.first
}

// displace makes room for it, as yields has promised.
func (b *Backlog[T, S]) displace(it *Item[T, S], out *chain[T, S]) {
	for !b.Fits(it.Size) {
		v := b.victim()
		b.cut(v)
		out.add(v, Overflow)
	}
}

// yields reports whether those that may be displaced for it, beside old, make
// enough room.
func (b *Backlog[T, S]) yields(it, old *Item[T, S]) bool {
	if b.ranks == nil {
		return true // of itself it fits, as TooLarge has told
	}
	n, bytes := b.n, b.bytes
	if old != nil {
		n, bytes = n-1, bytes-old.Size
	}
	for _, l := range b.ranks.levels {
		if l.rank > it.Rank {
			break
		}
		n, bytes = n-l.n, bytes-l.bytes
		if old != nil && old.lane != nil && old.lane.level == l {
			n, bytes = n+1, bytes+old.Size
		}
	}
	return b.fits(n, bytes, it.Size)
}

// victim is who goes first to make room.
func (b *Backlog[T, S]) victim() *Item[T, S] {
	if b.ranks != nil {
		return b.ranks.victim() // what is held is behind something that is there
	}
	if b.own != nil {
		if it := b.takeOwn(); it != nil {
			return it
		}
	}
	it := b.oldest
	for it.Signal {
		it = it.newer
	}
	return it
}

// Pop takes out the item whose turn it is, or returns nil, and the chain of those
// that have expired meanwhile.
func (b *Backlog[T, S]) Pop(now int64) (it, gone *Item[T, S]) {
	var out chain[T, S]
	b.expire(now, &out)
	for {
		it = b.turn()
		if it == nil {
			return nil, out.first
		}
		b.cut(it)
		if it.Due == 0 || it.Due > now {
			return it, out.first
		}
		out.add(it, Expired) // an order of the user's own cannot be asked to give it up earlier
	}
}

// turn is whose turn it is.
func (b *Backlog[T, S]) turn() *Item[T, S] {
	switch {
	case b.gates == nil:
		return b.oldest
	case b.ready.head != nil:
		return b.ready.head
	case b.own != nil:
		if it := b.takeOwn(); it != nil || b.Len() == 0 {
			return it
		}
		return b.turn() // it broke down
	}
	return b.ranks.turn()
}

// Clear takes out everything, as a chain in the order of arrival.
func (b *Backlog[T, S]) Clear() *Item[T, S] {
	var out chain[T, S]
	for it := b.oldest; it != nil; {
		next := it.newer
		it.state, it.in = free, nil // of no use to an order of the user's own, which still has them
		out.add(it, 0)
		it = next
	}
	fresh := Backlog[T, S]{rules: b.rules, own: b.own, arrivals: b.arrivals, free: b.free, spare: b.spare}
	if b.ranks != nil {
		fresh.ranks = &ranks[T, S]{fair: b.rules.Fair}
	}
	if b.gates != nil {
		fresh.gates = make(map[S]*gate[T, S])
	}
	*b = fresh
	return out.first
}
