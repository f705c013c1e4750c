package mailbox

import "sync/atomic"

// Pushed is what a push found.
type Pushed uint8

const (
	// Queued: the box has an owner, who will see the value.
	Queued Pushed = iota
	// First: the box was idle; the pusher now owns it and must see that it is run.
	First
	// Closed: the value was refused and the node still belongs to the caller.
	Closed
)

// A Box is a mailbox with two lanes. Any goroutine may push; taking is for the
// owner alone. Ownership is not a lock: it is the fact that head is not idle. It
// is gained by the push that finds the box idle (or by Own), handed on freely by
// whoever has it, and given up only by Release or Fold.
//
// The zero Box is owned (by its maker), open and empty.
//
// The owner's words come first and head comes last, so that whoever embeds a Box
// can lay the border of a cache line between them (see process in the root
// package): senders and owner work at the same time, and an owner whose own
// words go away with every push takes more than twice as long for each message.
type Box[T any] struct {
	// rest is what the owner has taken and turned round but not handed out yet.
	// Written by the owner; Len reads restLen instead.
	rest *Node[T]
	// restLen counts rest. Written by the owner, read by Len.
	restLen atomic.Int32
	// takes counts swaps of head by the owner, so that Len notices that the
	// chain it walks has gone. Written by the owner, read by Len.
	takes atomic.Uint32
	// sys is the system lane: newest first, nil when empty, closedMark when shut.
	// Looked at by the owner for every message, pushed to seldom.
	sys atomic.Pointer[Node[T]]
	// head is the newest node of a chain in reverse order, or nil (owned, nothing
	// new), or a mark. Pushers and the owner move it by CAS and swap only. The
	// successful CAS of a pusher pairs with the owner's swap: what was written to
	// the node before is visible after.
	head atomic.Pointer[Node[T]]
}

// Push offers n on the user lane. From any goroutine.
func (b *Box[T]) Push(n *Node[T]) Pushed {
	for {
		h := b.head.Load()
		switch h {
		case idleMark[T]():
			n.link(nil)
			if b.head.CompareAndSwap(h, n) {
				return First
			}
		case closedMark[T]():
			return Closed
		default:
			n.link(h)
			if b.head.CompareAndSwap(h, n) {
				return Queued
			}
		}
	}
}

// PushSys offers n on the system lane, which goes before the user lane and is
// never bounded. First: the box was idle, as with Push.
func (b *Box[T]) PushSys(n *Node[T]) Pushed {
	for {
		h := b.sys.Load()
		if h == closedMark[T]() {
			return Closed
		}
		n.link(h)
		if b.sys.CompareAndSwap(h, n) {
			break
		}
	}
	// The owner looks at sys after it has set head to idle (see Release): either it
	// sees our node, or we see its idle mark.
	if b.Own() {
		return First
	}
	return Queued
}

// Own takes an idle box and reports whether it did. From any goroutine.
func (b *Box[T]) Own() bool {
	return b.head.CompareAndSwap(idleMark[T](), nil)
}

// Idle reports whether nobody owns the box at this moment.
func (b *Box[T]) Idle() bool { return b.head.Load() == idleMark[T]() }

// HasSys reports whether the system lane holds something.
func (b *Box[T]) HasSys() bool {
	h := b.sys.Load()
	return h != nil && h != closedMark[T]()
}

// TakeSys empties the system lane and returns its nodes oldest first, linked by
// Next. Owner only.
func (b *Box[T]) TakeSys() *Node[T] {
	h := b.sys.Load()
	if h == nil || h == closedMark[T]() {
		return nil
	}
	first, _ := reverse(b.sys.Swap(nil), nil)
	return first
}

// Take returns the oldest user node. folded says that it is still in the box,
// alone at the head: the owner finishes it with Fold, which saves two of three
// locked operations. A node that is not folded belongs to the caller at once.
// Owner only.
func (b *Box[T]) Take() (n *Node[T], folded bool) {
	if n = b.rest; n != nil {
		b.rest = n.next
		storeLen(&b.restLen, b.restLen.Load()-1)
		return n, false
	}
	h := b.head.Load()
	if h == nil {
		return nil, false
	}
	if h.next == nil {
		return h, true
	}
	b.refill(nil)
	return b.Take()
}

// refill takes the chain at head and turns it round into rest, leaving out drop,
// which if not nil is the chain's oldest node.
func (b *Box[T]) refill(drop *Node[T]) {
	storeTakes(&b.takes, b.takes.Load()+1)
	first, n := reverse(b.head.Swap(nil), drop)
	b.rest = first
	storeLen(&b.restLen, n)
}

// Fold finishes the folded node n if it is still alone: the box is idle then and
// no longer the caller's (but see Release), and n is the caller's again.
// Otherwise nothing was touched, and Unfold is next.
//
// The two halves are apart because an owner that may have lost its right to the
// box (Seize) has to find that out in between: Fold cannot succeed once a marker
// was pushed, so only Unfold needs the right.
func (b *Box[T]) Fold(n *Node[T]) (released bool) {
	return b.head.CompareAndSwap(n, idleMark[T]())
}

// Unfold finishes the folded node n after Fold found newer ones: the caller
// stays the owner, and n is the caller's again.
func (b *Box[T]) Unfold(n *Node[T]) { b.refill(n) }

// Release gives up an empty box, as Fold does after the last node. It fails, and
// the caller stays the owner, when something is there.
//
// After a successful Release or Fold whoever was the owner must look at the
// system lane (HasSys) once more, and if something is there try to Own the box
// again: a PushSys that found the box owned has left its node to the owner.
func (b *Box[T]) Release() bool {
	return b.rest == nil && !b.HasSys() && b.head.CompareAndSwap(nil, idleMark[T]())
}

// Pending reports whether the owner would find a user node. Owner only.
func (b *Box[T]) Pending() bool { return b.rest != nil || b.head.Load() != nil }

// Shut closes the user lane and returns what was waiting, oldest first, linked
// by Next: nothing, when it was closed before. The box stays owned. Owner only.
func (b *Box[T]) Shut() *Node[T] {
	return b.drain(closedMark[T]())
}

// Seal closes the user lane if nothing waits in it, and reports whether it is
// closed now: so that an owner who is to take everything knows when that was all.
// The box stays owned. Owner only.
func (b *Box[T]) Seal() bool {
	return b.rest == nil && (b.head.CompareAndSwap(nil, closedMark[T]()) || b.IsShut())
}

// Drain takes all that waits, oldest first, linked by Next, and leaves the box
// open. Owner only.
func (b *Box[T]) Drain() *Node[T] { return b.drain(nil) }

func (b *Box[T]) drain(leave *Node[T]) *Node[T] {
	storeTakes(&b.takes, b.takes.Load()+1)
	h := (*Node[T])(nil)
	if !b.IsShut() { // what is shut stays so until Reopen, which is the owner's as well
		h = b.head.Swap(leave)
	}
	newer, _ := reverse(h, nil)
	older := b.rest
	b.rest = nil
	storeLen(&b.restLen, 0)
	return join(older, newer)
}

// ShutSys closes the system lane and returns what was in it, oldest first.
func (b *Box[T]) ShutSys() *Node[T] {
	h := b.sys.Swap(closedMark[T]())
	if h == closedMark[T]() {
		return nil
	}
	first, _ := reverse(h, nil)
	return first
}

// Reopen makes a shut box owned, open and empty again.
func (b *Box[T]) Reopen() {
	b.sys.CompareAndSwap(closedMark[T](), nil)
	b.head.CompareAndSwap(closedMark[T](), nil)
}

// IsShut reports whether the user lane is closed. From any goroutine.
func (b *Box[T]) IsShut() bool { return b.head.Load() == closedMark[T]() }

// Seize makes the caller the owner of a box whose owner is stuck with the node
// stuck in hand and has lost its right to the box by other means. What waits is
// kept in order; stuck and marker (a node that the caller pushed to keep stuck
// from being folded) are left out.
func (b *Box[T]) Seize(stuck, marker *Node[T]) {
	var first, last *Node[T]
	count := int32(0)
	for n := b.drain(nil); n != nil; {
		next := n.next
		if n != stuck && n != marker {
			n.link(nil)
			if last == nil {
				first = n
			} else {
				last.link(n)
			}
			last = n
			count++
		}
		n = next
	}
	b.rest = first
	storeLen(&b.restLen, count)
}

// Next is the node after n in a chain returned by TakeSys, Shut or Drain.
func (n *Node[T]) Next() *Node[T] { return n.next }

// reverse turns a chain round, leaving out drop, and counts it.
func reverse[T any](h, drop *Node[T]) (first *Node[T], count int32) {
	for h != nil {
		next := h.next
		if h != drop {
			h.link(first)
			first = h
			count++
		}
		h = next
	}
	return first, count
}

func join[T any](a, b *Node[T]) *Node[T] {
	if a == nil {
		return b
	}
	last := a
	for last.next != nil {
		last = last.next
	}
	last.link(b)
	return a
}
