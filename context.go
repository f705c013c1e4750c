package bastion

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/goid"
	"github.com/bastion-go/bastion/internal/mailbox"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// A Context is what one incarnation of a process knows and may do. It is a
// context.Context, done when the incarnation must end, and so goes straight into
// net/http, database/sql and everything else.
//
// Handing it to any verb makes the call one of this process: it is the sender,
// and when the incarnation has ended the verb answers ErrEnded. A context
// derived from it, or carried to a bare goroutine, still counts as this process.
// Only what concerns the message in hand (Sender, Forward, Unhandled, Recv) is
// for the process's own goroutine.
//
// Only the runtime makes one. A verb that is handed a nil or a zero Context takes
// the call for one from outside; to call a method of such a Context is a mistake.
type Context struct {
	p    *process
	life atomic.Pointer[life] // what only some incarnations need
	// w is the worker whose slice runs a handler. The slice writes it, anyone
	// reads; whether it is of use is for Worker.Here to say.
	w relaxed.Pointer[executor.Worker]
	// cur is the message in hand. The owner writes; abandon reads it when it has
	// seen the hand not empty.
	cur  relaxed.Pointer[mailbox.Node[envelope]]
	own  *ownGoroutine // of a loop's own Context and of one of ctx.Go; set before it is shared
	inc  uint32
	hand hand // of the owner; see there
	kind uint8
	// What middleware needs; see equip. The owner writes them before any user code
	// has the Context, and passing on the Context's own goroutine alone.
	sends   bool // there is some on what is sent
	takes   bool // there is some on what a loop receives
	passing bool // a send is on its way through it
	// cancelled is set once, by cancel, before life is told.
	cancelled atomic.Bool
}

// An ownGoroutine is what a Context has that does not run on a worker.
type ownGoroutine struct {
	g    atomic.Uintptr // its identity, written by itself
	loop loopLocal      // of a loop
}

const (
	contextHandler = iota
	contextLoop
	contextGo
)

// nobody reports whether the runtime did not make this Context.
func (c *Context) nobody() bool { return c == nil || c.p == nil }

// mine reports whether the calling goroutine is the one this Context runs on.
// Where goroutines cannot be told apart it trusts the caller.
func (c *Context) mine() bool {
	if w := c.w.Load(); w != nil {
		return w.Here() || goid.Self() == 0
	}
	return c.own != nil && c.own.g.Load() == goid.Self()
}

// ended reports whether the incarnation is over, so that nothing may come from it.
func (c *Context) ended() bool { return lifeEnded(c.p.state.load(), c.inc) }

// Self is a reference to the process.
func (c *Context) Self() Ref { return Ref{c.p} }

// System is the system the process lives in.
func (c *Context) System() *System { return c.p.sys() }

// Supervisor is the nearest supervisor above the process. For a member of a
// group that is the group's supervisor.
func (c *Context) Supervisor() *Supervisor {
	b := c.p.plan.parent
	for b.grouped {
		b = b.parent
	}
	return &Supervisor{b.self.(*supervisor)}
}

// Incarnation counts the lives of the process, from 1.
func (c *Context) Incarnation() uint64 { return uint64(c.inc) }

// Index is the number of the process in its group, 0 for a single child.
func (c *Context) Index() int {
	if !c.p.plan.parent.grouped {
		return 0
	}
	return int(c.p.index)
}

// inHand is the node in hand, for the process's own goroutine only.
func (c *Context) inHand() *mailbox.Node[envelope] {
	if !c.mine() || c.ended() {
		return nil
	}
	if h := c.hand.load(); h != handQueued && h != handFolded {
		return nil
	}
	return c.cur.Load()
}

// Stopping is closed when the process has been told to stop. A loop's Context is
// done at the same moment; a handler's only when its shutdown time is over, so
// this is how a long handler learns earlier.
func (c *Context) Stopping() <-chan struct{} { return c.more().stopped() }

// ShutdownTime is what the child's spec gives between the order to stop and being
// abandoned, BrutalKill and UnlimitedShutdown included: for whoever has to stop
// something else within it. Members of a group share it.
func (c *Context) ShutdownTime() time.Duration { return c.p.plan.terms().shutdown() }

// Sleep waits for d on the system's clock, or until the Context is done, and
// then returns its error. The process's slot goes to others meanwhile.
func (c *Context) Sleep(d time.Duration) error {
	if err := c.Err(); err != nil {
		return err
	}
	woken := make(chan struct{})
	t := c.p.sys().clock.AfterFunc(d, func() { close(woken) })
	defer t.Stop()
	return c.Await(woken)
}

// Await waits until done is closed, or until the Context is done, and then
// returns its error. A nil done waits for the Context alone. The process's slot
// goes to others meanwhile, and the wait does not count against MaxBlocked; in a
// seeded run, unlike a receive from the channel, it is seen and controlled.
// Nothing must ever be sent on done.
func (c *Context) Await(done <-chan struct{}) error {
	if err := c.Err(); err != nil {
		return err
	}
	defer c.block()()
	if sys := c.p.sys(); sys.seeded != nil {
		switch sys.waits("a channel, or its end", nil, executor.Closed(done), executor.Closed(c.Done())) {
		case 0:
			return nil
		case 1:
			return c.Err()
		}
	}
	select {
	case <-done:
		return nil
	case <-c.Done():
		return c.Err()
	}
}

// block gives the slot of a handler on before a wait inside Bastion, and returns
// what ends that.
func (c *Context) block() func() {
	if w := c.w.Load(); w != nil && w.Here() {
		w.Block()
		return w.Unblock
	}
	return func() {}
}

// Deadline is part of context.Context; an incarnation has none.
func (c *Context) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done is closed when the incarnation must end.
func (c *Context) Done() <-chan struct{} { return c.more().context().Done() }

// Err is nil until Done is closed.
func (c *Context) Err() error {
	if l := c.life.Load(); l != nil {
		return l.err()
	}
	if c.cancelled.Load() {
		return context.Canceled
	}
	return nil
}

// Value is part of context.Context. Bastion finds the process by it, and package
// context its own cancellation, so that derived contexts cost no goroutine.
func (c *Context) Value(k any) any {
	if _, ours := k.(contextKey); ours {
		return c
	}
	l := c.life.Load()
	if l == nil && c.cancelled.Load() {
		l = c.more() // context.Cause asks like this, perhaps as the first to ask for anything
	}
	if l == nil {
		return nil
	}
	return l.value(k)
}

// cancel makes the Context done.
func (c *Context) cancel(cause error) {
	c.cancelled.Store(true)
	if l := c.life.Load(); l != nil {
		l.cancel(cause)
	}
}
