package backlog

// A Reason says why an item had to go.
type Reason uint8

const (
	// Overflow: it made room for a newer one.
	Overflow Reason = iota + 1
	// Replaced: a newer one with the same key took its place.
	Replaced
	// Expired: its time was over.
	Expired
)

// Where an item is.
const (
	free    = iota // with its caller, or in the free list
	ordered        // where its turn is decided
	held           // behind a signal of its sender that is not ready
	ready          // a signal that nothing keeps back
)

// An Item is one value that waits. The exported fields are the caller's to set
// between Item and Offer, and to read between Pop and Recycle.
type Item[T any, S comparable] struct {
	Value  T
	From   S
	Rank   int   // higher goes first
	Key    any   // nil: none; must be comparable, and equal to itself
	Size   int   // bytes
	Due    int64 // when it expires; 0: never
	Signal bool
	Why    Reason // of one that had to go

	in    *Backlog[T, S]
	state uint8
	gen   uint32
	older *Item[T, S] // in the order of arrival
	newer *Item[T, S] // likewise; and the next in a chain or free list
	prev  *Item[T, S] // in its lane or among those held or ready
	next  *Item[T, S] // likewise
	lane  *lane[T, S]
	at    int // among the due; -1: not there
}

// Ticket is the item's present use: Find knows by it whether it still waits.
func (it *Item[T, S]) Ticket() Ticket[T, S] { return Ticket[T, S]{it, it.gen} }

// A Ticket stands for an item that an order of the user's own has in its care.
type Ticket[T any, S comparable] struct {
	it  *Item[T, S]
	gen uint32
}

// Find is the item of a ticket, if it waits in b and it is for b's Order to say
// when its turn is; otherwise nil.
func (b *Backlog[T, S]) Find(t Ticket[T, S]) *Item[T, S] {
	if t.it == nil || t.it.in != b || t.it.gen != t.gen || t.it.state != ordered {
		return nil
	}
	return t.it
}

// Next is the item that follows one that waits, among those that nothing holds back,
// in the order of their turns as it is now; with an order of the user's own in
// that of arrival. It is the first if that one does not wait any more.
func (b *Backlog[T, S]) Next(after Ticket[T, S]) *Item[T, S] {
	it := after.it
	here := it != nil && it.in == b && it.gen == after.gen && (it.state == ordered || it.state == ready)
	switch {
	case b.ranks != nil && here:
		return b.ranks.next(it)
	case b.ranks != nil && b.ready.head != nil:
		return b.ready.head
	case b.ranks != nil:
		return b.ranks.first()
	case here:
		it = it.newer
	default:
		it = b.oldest
	}
	for it != nil && it.state == held {
		it = it.newer
	}
	return it
}

// Pick takes an item out of turn; nil if it does not wait any more, or is held back.
func (b *Backlog[T, S]) Pick(t Ticket[T, S]) *Item[T, S] {
	it := t.it
	if it == nil || it.in != b || it.gen != t.gen || it.state != ordered && it.state != ready {
		return nil
	}
	b.cut(it)
	return it
}

// Reorder adds what waits to an order of the user's own that is new.
func (b *Backlog[T, S]) Reorder() {
	for it := b.oldest; it != nil && b.own != nil; it = it.newer {
		if it.state == ordered && !b.own.Add(it) {
			b.plain()
		}
	}
}

// spares is how many items, and how many of everything else, a backlog keeps for
// reuse.
const spares = 256

// Item returns an empty item for Offer.
func (b *Backlog[T, S]) Item() *Item[T, S] {
	it := b.free
	if it == nil {
		return &Item[T, S]{in: b, at: -1}
	}
	b.free, it.newer = it.newer, nil
	b.spare--
	return it
}

// Recycle takes back an item that was popped, refused or had to go, and returns
// the next of its chain.
func (b *Backlog[T, S]) Recycle(it *Item[T, S]) (next *Item[T, S]) {
	next = it.newer
	gen := it.gen + 1
	*it = Item[T, S]{in: b, at: -1, gen: gen}
	if b.spare < spares {
		it.newer, b.free = b.free, it
		b.spare++
	}
	return next
}

// A chain is a list of items by newer, oldest first.
type chain[T any, S comparable] struct{ first, last *Item[T, S] }

func (c *chain[T, S]) add(it *Item[T, S], why Reason) {
	it.Why, it.newer = why, nil
	if c.last == nil {
		c.first = it
	} else {
		c.last.newer = it
	}
	c.last = it
}

// A list is a list of items by prev and next.
type list[T any, S comparable] struct{ head, tail *Item[T, S] }

func (l *list[T, S]) push(it *Item[T, S]) {
	it.prev, it.next = l.tail, nil
	if l.tail == nil {
		l.head = it
	} else {
		l.tail.next = it
	}
	l.tail = it
}

func (l *list[T, S]) cut(it *Item[T, S]) {
	if it.prev == nil {
		l.head = it.next
	} else {
		it.prev.next = it.next
	}
	if it.next == nil {
		l.tail = it.prev
	} else {
		it.next.prev = it.prev
	}
	it.prev, it.next = nil, nil
}

// swap puts it where old is.
func (l *list[T, S]) swap(old, it *Item[T, S]) {
	it.prev, it.next = old.prev, old.next
	if it.prev == nil {
		l.head = it
	} else {
		it.prev.next = it
	}
	if it.next == nil {
		l.tail = it
	} else {
		it.next.prev = it
	}
	old.prev, old.next = nil, nil
}
