package bastion

import (
	"reflect"
	"time"

	"github.com/bastion-go/bastion/internal/backlog"
)

// A Mailbox says how the messages of a process wait (contracts O1, O3, O4). It is
// plain data; its zero value is a mailbox without a bound, first come, first
// served, which costs least. Each member of a group has one of its own. All parts
// go together unless they say otherwise.
//
// What a mailbox discards is counted by reason, its sender's ask fails at once,
// and it goes to the dead letters (contract D4). A Down or a trapped Exit passes
// every bound, is never discarded or expired, and comes behind all that its
// subject has sent, whatever the order is otherwise (contract O2).
//
// The functions are called by the sender, on its goroutine, before the message is
// accepted, and by several at a time. If one panics, nothing is sent and the send returns
// the PanicError.
type Mailbox struct {
	// Bound above 0 is how many messages may wait; what is in hand does not.
	Bound int
	// BoundBytes above 0 is how many bytes may wait. A message that is larger by
	// itself is refused with ErrTooLarge, whatever the policy.
	BoundBytes int
	// Size is how many bytes a message counts for, at least 1. Nil: what its own
	// method Size() int says, else the length of a string or []byte, else what its
	// type takes without what it points to.
	Size func(msg any) int
	// Full says what becomes of a message for which there is no room.
	Full Overflow
	// Priority makes messages of a higher priority go first; those of the same in
	// the order in which they came. What waits may starve behind higher ones. Meant
	// for few different priorities at a time. Nil: all are the same.
	Priority func(msg any) int
	// Fair makes the senders take turns, within a priority: one that sends much does
	// not delay the others. All that comes from outside counts as one sender.
	Fair bool
	// Key makes a message replace the one with the same key that still waits, which
	// is discarded. It takes its place in the order, unless it has another priority
	// (or, with Fair, another sender), or a Down or Exit waits: then it goes to the end.
	// A nil key replaces nothing. Keys are compared by ==; one that cannot be
	// compared is a panic.
	Key func(msg any) any
	// TTL above 0 is how long a message may wait. One that has waited for so long is
	// discarded, at the latest when its turn comes; not by a timer, so its ask fails
	// then and not earlier: an asker's own patience is its context.
	TTL time.Duration
	// TTLOf is the TTL of one message; not above 0: that in TTL.
	TTLOf func(msg any) time.Duration
	// Queue makes an order of the program's own for each process, instead of
	// Priority, Fair and Key. See Queue.
	Queue func() Queue
}

// An Overflow says what becomes of a message for which a mailbox has no room
// (contract O1). A broadcast is refused by a full mailbox whatever its policy.
type Overflow uint8

const (
	// RefuseNew answers the send with ErrFull.
	RefuseNew Overflow = iota
	// DropNew accepts the new message and discards it: the send returns nil.
	DropNew
	// DropOldest discards the oldest of the lowest priority that waits, with Fair of
	// the sender who has most of them; with a Queue the one whose turn it is. If
	// only messages of a higher priority wait, the new one is discarded.
	DropOldest
	// WaitForRoom makes the sender wait, under the context of the send, in the order
	// in which they came. See Ref.Tell.
	WaitForRoom
)

func (o Overflow) String() string {
	return pick(int(o), "refuse new", "drop new", "drop oldest", "wait for room")
}

// zero reports whether m asks for nothing but the box.
func (m *Mailbox) zero() bool {
	return m.Bound == 0 && m.BoundBytes == 0 && m.Priority == nil && !m.Fair && m.Key == nil &&
		m.TTL == 0 && m.TTLOf == nil && m.Queue == nil
}

// A keeping is a Mailbox as its stores take it, shared by all members of a group.
type keeping struct {
	Mailbox
	full  backlog.Full
	rules backlog.Rules
	asks  bool // there are functions to be asked about each message
	timed bool // messages expire
}

// shuffles reports whether what comes later may stand before what waits.
func (k *keeping) shuffles() bool {
	return k.Priority != nil || k.Fair || k.Key != nil || k.Queue != nil
}

// newKeeping is nil for a mailbox that is nothing but a box.
func newKeeping(m Mailbox) *keeping {
	if m.zero() {
		return nil
	}
	k := &keeping{Mailbox: m, rules: backlog.Rules{
		Count: m.Bound, Bytes: m.BoundBytes, Ranked: m.Priority != nil, Fair: m.Fair,
	}}
	switch m.Full {
	case DropNew:
		k.full = backlog.DropNew
	case DropOldest:
		k.full = backlog.DropOldest
	}
	k.timed = m.TTL > 0 || m.TTLOf != nil
	k.asks = m.BoundBytes > 0 || m.Priority != nil || m.Key != nil || m.TTLOf != nil
	return k
}

// checkMailbox finds what is wrong with a mailbox, and what does not go together.
func checkMailbox(m *Mailbox, f *faults) {
	if m.Bound < 0 {
		f.add("Bound", "must not be negative, is %d", m.Bound)
	}
	if m.BoundBytes < 0 {
		f.add("BoundBytes", "must not be negative, is %d", m.BoundBytes)
	}
	if m.Size != nil && m.BoundBytes == 0 {
		f.add("Size", "says nothing without BoundBytes")
	}
	switch {
	case m.Full > WaitForRoom:
		f.add("Full", "unknown policy %d", m.Full)
	case m.Full != RefuseNew && m.Bound == 0 && m.BoundBytes == 0:
		f.add("Full", "%v says nothing without Bound or BoundBytes", m.Full)
	}
	if m.TTL < 0 {
		f.add("TTL", "must not be negative, is %v", m.TTL)
	}
	if m.Queue == nil {
		return
	}
	for _, other := range []struct {
		field string
		set   bool
	}{{"Priority", m.Priority != nil}, {"Fair", m.Fair}, {"Key", m.Key != nil}} {
		if other.set {
			f.add(other.field, "does not go with Queue, which decides on the order alone")
		}
	}
}

// same reports whether two mailboxes are the same as far as can be told: their
// functions are when they are the same code.
func (m *Mailbox) same(o *Mailbox) bool {
	a, b := reflect.ValueOf(*m), reflect.ValueOf(*o)
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Kind() == reflect.Func && x.Pointer() != y.Pointer() || x.Kind() != reflect.Func && !x.Equal(y) {
			return false
		}
	}
	return true
}
