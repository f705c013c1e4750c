package backlog

// A gate keeps the values of one sender and its signals in order where the order
// of arrival is not the order. It exists while the sender has something here.
type gate[T any, S comparable] struct {
	n    int        // ordered values of the sender
	held list[T, S] // behind them: a signal first, then all that came after it
	next *gate[T, S]
}

// put takes an item in.
func (b *Backlog[T, S]) put(it *Item[T, S]) {
	b.arrivals++
	it.older, it.newer = b.newest, nil
	if b.newest == nil {
		b.oldest = it
	} else {
		b.newest.newer = it
	}
	b.newest = it
	if it.Signal {
		b.signals++
	} else {
		b.n++
		b.bytes += it.Size
		b.note(it)
	}
	it.state = ordered
	if b.gates == nil {
		return
	}
	g := b.gateOf(it.From)
	switch {
	case g.held.head != nil || it.Signal && g.n > 0:
		it.state = held
		g.held.push(it)
	case it.Signal:
		it.state = ready
		b.ready.push(it)
		b.close(it.From, g)
	default:
		g.n++
		b.order(it)
	}
}

// note enters what is known of a value beside its turn.
func (b *Backlog[T, S]) note(it *Item[T, S]) {
	if it.Key != nil {
		if b.keys == nil {
			b.keys = make(map[any]*Item[T, S])
		}
		b.keys[it.Key] = it
	}
	if it.Due > 0 && b.own == nil {
		b.due.push(it)
	}
}

// order hands an item to whatever decides on its turn.
func (b *Backlog[T, S]) order(it *Item[T, S]) {
	it.state = ordered
	switch {
	case b.ranks != nil:
		b.ranks.add(it)
	case b.own != nil && !b.own.Add(it):
		b.plain()
	}
}

// takeOwn asks the order of the user's own. Nil: nothing waits there, or it broke
// down just now.
func (b *Backlog[T, S]) takeOwn() *Item[T, S] {
	if b.Len() == 0 {
		return nil
	}
	it := b.own.Take()
	if it == nil || b.Find(it.Ticket()) == nil {
		b.plain()
		return nil
	}
	return it
}

// plain goes on in the order of arrival.
func (b *Backlog[T, S]) plain() {
	b.own, b.gates, b.spent, b.spentN, b.ready = nil, nil, nil, 0, list[T, S]{}
	for it := b.oldest; it != nil; it = it.newer {
		it.state, it.prev, it.next = ordered, nil, nil
		if it.Due > 0 {
			b.due.push(it)
		}
	}
}

// replace puts it in the place of an older one with the same key, or at the end if
// that is another place, or one before a signal.
func (b *Backlog[T, S]) replace(old, it *Item[T, S]) {
	if b.rules.Ranked && old.Rank != it.Rank || b.rules.Fair && old.From != it.From || b.signals > 0 {
		b.cut(old)
		b.put(it)
		return
	}
	it.older, it.newer = old.older, old.newer
	if it.older == nil {
		b.oldest = it
	} else {
		it.older.newer = it
	}
	if it.newer == nil {
		b.newest = it
	} else {
		it.newer.older = it
	}
	b.arrivals++
	b.bytes += it.Size - old.Size
	b.forget(old)
	b.note(it)
	it.state = ordered
	if l := old.lane; l != nil {
		it.lane, old.lane = l, nil
		l.items.swap(old, it)
		l.level.bytes += it.Size - old.Size
	}
	old.state, old.older, old.newer = free, nil, nil
	if b.gates != nil && old.From != it.From {
		b.gateOf(it.From).n++
		b.leave(old.From)
	}
}

// cut takes out an item that waits, wherever it is.
func (b *Backlog[T, S]) cut(it *Item[T, S]) {
	if it.older == nil {
		b.oldest = it.newer
	} else {
		it.older.newer = it.newer
	}
	if it.newer == nil {
		b.newest = it.older
	} else {
		it.newer.older = it.older
	}
	it.older, it.newer = nil, nil
	if it.Signal {
		b.signals--
	} else {
		b.n--
		b.bytes -= it.Size
		b.forget(it)
	}
	was := it.state
	it.state = free
	if b.gates == nil {
		return
	}
	switch was {
	case ready:
		b.ready.cut(it)
	case held:
		g := b.gateOf(it.From)
		g.held.cut(it)
	case ordered:
		if b.ranks != nil {
			b.ranks.cut(it)
		}
		b.leave(it.From)
	}
}

// forget is the reverse of note.
func (b *Backlog[T, S]) forget(it *Item[T, S]) {
	if it.Key != nil && b.keys[it.Key] == it {
		delete(b.keys, it.Key)
	}
	if it.at >= 0 {
		b.due.cut(it)
	}
}

// leave notes that a value of a sender is no longer ordered, and lets what waited
// behind it go on.
func (b *Backlog[T, S]) leave(from S) {
	g := b.gateOf(from)
	if g.n--; g.n > 0 {
		return
	}
	for g.held.head != nil && g.held.head.Signal {
		b.arrivals++ // of a kind: it can be seen only now
		it := g.held.head
		g.held.cut(it)
		it.state = ready
		b.ready.push(it)
		for g.held.head != nil && !g.held.head.Signal {
			it := g.held.head
			g.held.cut(it)
			g.n++
			b.order(it)
			if b.gates == nil {
				return // the order of the user's own broke down
			}
		}
		if g.n > 0 {
			return
		}
	}
	b.close(from, g)
}

func (b *Backlog[T, S]) gateOf(from S) *gate[T, S] {
	g := b.gates[from]
	if g == nil {
		if g = b.spent; g == nil {
			g = new(gate[T, S])
		} else {
			b.spent, g.next = g.next, nil
			b.spentN--
		}
		b.gates[from] = g
	}
	return g
}

// close forgets a gate behind which there is nothing.
func (b *Backlog[T, S]) close(from S, g *gate[T, S]) {
	if g.n > 0 || g.held.head != nil {
		return
	}
	delete(b.gates, from)
	if b.spentN < spares {
		g.next, b.spent = b.spent, g
		b.spentN++
	}
}
