// Package backlog is what waits in a mailbox that is more than first come, first served without end: bounded by number
// or bytes, in order of rank, fair between senders, one value a key, with values that expire, or in an order of the
// user's own. The stores of the root package use it. It is a plain data structure: no lock, no clock, no goroutine, and it knows nothing of messages.
//
//	b := backlog.New[string, int](backlog.Rules{Count: 2})
//	it := b.Item()
//	it.Value, it.From = "hello", 7
//	verdict, gone := b.Offer(it, backlog.DropOldest, now)
//	for it := gone; it != nil; it = b.Recycle(it) { ... } // what had to go for it, and why
//	it, gone = b.Pop(now)
//
// # Order
//
// The highest rank goes first; within a rank, with Fair, senders take turns; what one sender has sent within a rank stays
// in its order. A value that replaces an older one of the same key takes its place if that is one of the same rank and, with Fair,
// of the same sender; otherwise it goes to the end. With an order of the user's own that decides alone.
//
// A signal is a value that no bound counts and nothing but Pop and Clear takes out. It comes behind all that its sender
// had sent before and before all that its sender sends after it, whatever the ranks.
//
// # What may be lost
//
// Nothing unsaid: what is taken in comes out once, from Pop or Clear, or in the chain of what had to go, with its reason.
// An order of the user's own that breaks down (see [Order]) is put aside, and all goes on in the order of arrival.
//
// # Who may call
//
// One goroutine at a time, whoever has the lock around it. The owner of a chain is its caller, who gives every item back
// by Recycle. There is nothing to stop or close: a Backlog that nobody refers to is gone.
package backlog
