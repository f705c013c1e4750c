package bastion

import (
	"errors"

	"github.com/bastion-go/bastion/internal/backlog"
)

// A Queue is an order of the program's own in which the messages of one process
// wait: Mailbox.Queue. What was pushed comes out of Pop, each letter once and as it
// was given; Pop returns false only if none waits. Bounds, policies and TTL are the
// mailbox's business, not the queue's. A Down or an Exit never comes here.
//
// Its methods are called one at a time, under the lock of the mailbox, by senders
// and by the receiver: they need no lock of their own, must return soon, and must
// call nothing of Bastion. The mailbox is the only user of what the factory has made,
// and drops it, with what is in it, when the mailbox is dropped or closed.
//
// A queue that panics, loses letters or gives one out twice is put aside: that is
// logged, and all that waits, and comes after, is handled in the order in which it
// came. Package mailboxtest finds such queues.
type Queue interface {
	// Push adds a letter.
	Push(Letter)
	// Pop takes out the letter whose turn it is; false: none waits.
	Pop() (Letter, bool)
}

// A Letter is a message as it waits in a Queue.
type Letter struct {
	Message any // as it was sent
	Sender  Ref // zero: from outside
	Bytes   int // its size, in a mailbox that is bounded in bytes

	ticket ticket
}

// An ownOrder is a Queue as the backlog knows it. Under the store's lock.
type ownOrder struct {
	log  *backlog.Backlog[envelope, *process]
	make func() Queue
	q    Queue // nil: to be made
	err  error // why it was put aside
	told bool
	// picked is how many letters in the queue were taken past it by a selective receive.
	picked int
}

var (
	errNoQueue     = errors.New("bastion: the factory returned nil")
	errQueueLost   = errors.New("bastion: the queue is empty although letters wait in it")
	errQueueForged = errors.New("bastion: the queue gave out a letter that does not wait in it")
)

// Add implements backlog.Order.
func (o *ownOrder) Add(it *item) (ok bool) {
	defer func() {
		if !ok && o.err == nil {
			if v := recover(); v != nil {
				o.err = caught(v)
			}
		}
	}()
	if o.q == nil {
		if o.q = o.make(); o.q == nil {
			o.err = errNoQueue
			return false
		}
	}
	e := &it.Value
	o.q.Push(Letter{Message: plain(e.msg), Sender: Ref{e.from}, Bytes: it.Size, ticket: it.Ticket()})
	return true
}

// Take implements backlog.Order.
func (o *ownOrder) Take() (it *item) {
	defer func() {
		if it == nil && o.err == nil {
			if v := recover(); v != nil {
				o.err = caught(v)
			}
		}
	}()
	for {
		l, ok := o.q.Pop()
		if !ok {
			o.err = errQueueLost
			return nil
		}
		if it = o.log.Find(l.ticket); it != nil {
			return it
		}
		if o.picked == 0 {
			o.err = errQueueForged
			return nil
		}
		o.picked--
	}
}

// passedOver notes that a letter was taken out past the queue, and makes a new one
// when it holds more of those than of others.
func (o *ownOrder) passedOver() {
	if o.picked++; o.picked > 64+o.log.Len() {
		o.picked, o.q = 0, nil
		o.log.Reorder()
	}
}

// broken returns, once, why the queue was put aside.
func (o *ownOrder) broken() error {
	if o == nil || o.told || o.err == nil {
		return nil
	}
	o.told = true
	return sound(o.err)
}
