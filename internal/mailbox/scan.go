package mailbox

// Here stands how an owner looks through what waits and takes something out of the
// middle. What it leaves stays in the box, in order: no other queue holds it, so
// everything that counts, drains, shuts or seizes the box finds it.

// After returns the user node that comes after n, which must still wait, or for nil
// the oldest, and leaves it where it is. Nil: there is no newer one. Owner only.
func (b *Box[T]) After(n *Node[T]) *Node[T] {
	if next := b.after(n); next != nil || b.head.Load() == nil {
		return next
	}
	storeTakes(&b.takes, b.takes.Load()+1)
	first, more := reverse(b.head.Swap(nil), nil)
	if n == nil {
		b.rest = first
	} else {
		n.link(first)
	}
	storeLen(&b.restLen, b.restLen.Load()+more)
	return first
}

func (b *Box[T]) after(n *Node[T]) *Node[T] {
	if n == nil {
		return b.rest
	}
	return n.next
}

// Pick takes the node after n out of the box: what After(n) returned, or would
// have. It is the caller's then. Owner only.
func (b *Box[T]) Pick(n *Node[T]) *Node[T] {
	picked := b.After(n)
	if picked == nil {
		return nil
	}
	if n == nil {
		b.rest = picked.next
	} else {
		n.link(picked.next)
	}
	storeLen(&b.restLen, b.restLen.Load()-1)
	return picked
}

// ReleaseUnread is Release for an owner that has looked at all that waits (After
// returned nil) and wants none of it: it is idle then with something in it, and
// the next push is First.
func (b *Box[T]) ReleaseUnread() bool {
	return !b.HasSys() && b.head.CompareAndSwap(nil, idleMark[T]())
}
