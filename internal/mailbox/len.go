package mailbox

import "math"

// Len counts the user nodes that nobody has taken in hand. It is exact while
// nobody pushes or takes, and close to it otherwise; a folded node counts until
// it is finished, so callers subtract one for a message in hand that is folded.
// From any goroutine; it never disturbs the owner.
//
// The walk over the chain at head is safe because nodes are never freed, only
// reused: a chain that was taken meanwhile may lead astray, which takes tells,
// and the walk starts again a few times.
func (b *Box[T]) Len() int { return b.LenUpTo(math.MaxInt) }

// LenUpTo is Len for whoever does not care how many more than most there are: it
// walks no farther, and returns most then.
func (b *Box[T]) LenUpTo(most int) int {
	const tries = 4
	n := 0
	for range tries {
		takes := b.takes.Load()
		n = int(b.restLen.Load())
		if n < most {
			n += b.walk(takes, most-n)
		}
		n = min(n, most)
		if b.takes.Load() == takes {
			return n
		}
	}
	return n
}

// walk counts the chain at head as far as most, giving up when the owner takes it.
func (b *Box[T]) walk(takes uint32, most int) int {
	h := b.head.Load()
	if h == idleMark[T]() || h == closedMark[T]() {
		return 0
	}
	n := 0
	for n < most && h != nil && h != idleMark[T]() && h != closedMark[T]() {
		n++
		if n%64 == 0 && b.takes.Load() != takes {
			return n
		}
		h = h.load()
	}
	return n
}
