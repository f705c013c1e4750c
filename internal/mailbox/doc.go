// Package mailbox is the queue between senders and one receiver that changes hands: any goroutine puts values in, and
// whoever owns the box takes them out. It knows nothing of processes; the layer above decides what runs when a box
// gets an owner.
//
//	var b mailbox.Box[int]       // owned by its maker, open, empty
//	depot := mailbox.NewDepot[int]()
//	cache := depot.Cache()       // one for each goroutine that sends or takes much
//
//	n := cache.Get()             // sender
//	n.Value = 42
//	switch b.Push(n) {
//	case mailbox.First:          // the box was idle and is now ours: see that its receiver runs
//	case mailbox.Closed:
//		cache.Put(n)             // refused: the node is still ours
//	}
//
//	n, folded := b.Take()        // owner
//	use(n.Value)
//	if folded && b.Fold(n) {     // finished the only value, and gave the box up in the same instruction
//		cache.Put(n)
//		return
//	} else if folded {
//		b.Unfold(n)              // others came in: still the owner
//	}
//	cache.Put(n)
//
// # The design
//
// The user lane is a stack of nodes, newest first, that pushers extend by one CAS; the owner takes all of it by one
// swap and turns it round. Ownership is not a lock but the value of the stack's head: "idle" is a head value of its
// own, so the push that replaces it knows, without another word to look at, that nobody runs the receiver and that it
// has to see to that. A single value is left in the box while it is handled and finished with the CAS that also gives
// the box up, so a value sent to an idle receiver costs two locked instructions in all.
//
// The system lane is a second stack, for what must get past a full or busy user lane; the owner empties it first.
//
// What waits can be looked through (After) and taken out of the middle (Pick). What is left behind stays where it was, so there is
// no second queue that a count, a drain or a seizure could forget; an owner may even give the box up with it in there
// (ReleaseUnread), to be woken by what comes next.
//
// # Rejected
//
// The benchmarks beside the tests run the rejected queues in the same run. On two shared cores a value sent to an idle
// receiver costs 21 ns here; a mutex with two slices 54 to 85, and its slices stay with idle receivers; a Vyukov list 57,
// with a node allocated for each value, since a node cannot go back to its cache while it is the list's stub; a Go channel
// 61 to 69, and it is bounded, fat while idle, and cannot say "you are the first". In bursts of sixteen the mutex is
// about as fast, and when all cores do nothing but push into one box it is faster (30 to 85 ns, here 90 to 270): the
// price of a CAS that must be tried again. Idle receivers are what a program has most of.
//
// # Order
//
// Values of one goroutine come out in the order in which their pushes returned, whoever owns the box meanwhile. Between
// the lanes there is no order but that the system lane goes first. What a pusher wrote before Push is visible to the
// owner that takes the node, and what an owner wrote before it gave the box up (Fold, Release) to the next one.
//
// # What may be lost
//
// Nothing: a value that was accepted is handed out exactly once, by Take, TakeSys, Shut, ShutSys or Drain, and a value
// that met a closed lane is refused, with its node left to the caller. Discarding is the business of whoever drains.
//
// # Who may call
//
// Push, PushSys, Own, Idle, HasSys, IsShut and Len are for any goroutine. All else is for the owner alone; nothing checks that.
// The owner is its maker, then whoever got First or true from Own, until Fold or Release returns true. Ownership may be
// handed on freely, as long as the handing on is itself ordered. Who has given the box up looks at HasSys once more, and
// takes the box back by Own if something is there: a PushSys that found it owned relies on that. Seize is for a caller that has settled by other means
// that the owner, stuck with a value in hand, will not touch the box again. A [Cache] belongs to one goroutine; a
// [Depot] is safe for all.
//
// # How it stops
//
// Shut closes the user lane and hands out what waited; ShutSys does the same to the system lane. Pushes then answer
// Closed. The box stays owned until Reopen, which makes it as new. There are no goroutines and nothing to wait for.
package mailbox
