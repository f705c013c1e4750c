package bastion

import (
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/goid"
)

// Recv returns the next message of a loop process, waiting for it if need be.
// The message before it counts as handled, and a question it carried that was
// neither answered nor held fails with ErrUnanswered.
//
// ErrStopping: the process was told to stop (its Context is done, too); the loop
// should return, and what waits in the mailbox is dealt with by the supervisor.
// ErrNotLoop: this is not a loop's own Context, or not its own goroutine.
// ErrBusy: another Recv is in progress. ErrEnded: the incarnation is over.
func (c *Context) Recv() (any, error) {
	n, err := c.receive(&wish{wait: true})
	if err != nil {
		return nil, err
	}
	return n.Value.msg, nil
}

// RecvUntil is Recv that also ends, with false, when until is closed or something
// is received from it: so a loop can wait for its messages and for something else
// at once, on its own goroutine. Of both the channel goes first, and no message is
// taken then. An order to stop goes before either.
func (c *Context) RecvUntil(until <-chan struct{}) (any, bool, error) {
	return c.receiveMaybe(&wish{wait: true, until: until})
}

// TryRecv is Recv without waiting: false if no message is there.
func (c *Context) TryRecv() (any, bool, error) { return c.receiveMaybe(&wish{}) }

// RecvTimeout is Recv that waits no longer than d, on the system's clock, and then
// returns false. A message that is there when the time is over is taken all the
// same. A d of zero or less does not wait, as TryRecv.
func (c *Context) RecvTimeout(d time.Duration) (any, bool, error) {
	w := wish{wait: d > 0, within: d}
	defer w.disarm()
	return c.receiveMaybe(&w)
}

// A wish is what one call of a receive verb is after.
type wish struct {
	wait   bool
	until  <-chan struct{}    // nil: nothing else to wait for
	want   func(msg any) bool // nil: any message
	last   *node              // the newest that was looked at, and is not wanted
	at     ticket             // the same, of a store
	seen   uint64             // of its arrivals
	within time.Duration      // 0: no timeout
	timer  executor.Timer     // of within, once it had to wait; until is what it closes
	late   bool               // the time is over
}

func (c *Context) receiveMaybe(w *wish) (any, bool, error) {
	n, err := c.receive(w)
	if n == nil || err != nil {
		return nil, false, err
	}
	return n.Value.msg, true, nil
}

// receive takes messages until one has come through the middleware.
func (c *Context) receive(w *wish) (*node, error) {
	for {
		n, err := c.take(w)
		if n == nil || err != nil || !c.takes {
			return n, err
		}
		if n, err = c.admit(n); n != nil || err != nil {
			return n, err
		}
		w.last = nil // middleware may have received as well
	}
}

func (c *Context) take(w *wish) (*node, error) {
	if err := c.mayReceive(); err != nil {
		return nil, err
	}
	if goid.Self() == 0 {
		if !c.own.loop.busy.CompareAndSwap(false, true) {
			return nil, ErrBusy
		}
		defer c.own.loop.busy.Store(false)
	}
	p := c.p
	p.sys().point()
	c.Beat()
	c.hand.leave()
	if !p.still(c) {
		return nil, ErrEnded
	}
	p.doneInHand(c)
	n, err := p.next(c, w)
	if err == ErrEnded {
		return nil, err
	}
	if n != nil {
		c.noteMessage(&n.Value, w.want != nil)
		c.cur.Store(n)
		c.hand.set(handQueued)
		err = c.strikes(&n.Value)
	} else {
		c.hand.set(handHook)
	}
	return n, err
}

// mayReceive refuses those who are not a loop on its own goroutine.
func (c *Context) mayReceive() error {
	switch {
	case c.kind != contextLoop:
		return ErrNotLoop
	case c.ended():
		return ErrEnded
	case !c.mine():
		if c.hand.load() == handEmpty {
			return ErrBusy // its own goroutine is in Recv right now
		}
		return ErrNotLoop
	case c.own.loop.shown != nil:
		return ErrBusy // a want is being asked, in the middle of the mailbox
	}
	return nil
}

// next takes the next message that w wants, waiting for it, or for something else,
// if it says so. The hand is empty.
func (p *process) next(c *Context, w *wish) (*node, error) {
	yields := 2
	for {
		if word := p.state.load(); disturbed(word, c.inc) {
			if !p.still(c) {
				return nil, ErrEnded
			}
			if p.told(word) {
				if cause := c.ordered(); cause != nil {
					c.cancel(cause) // whoever gave the order may not have come to it yet, and a drain leaves it to us
				}
				return nil, ErrStopping
			}
		}
		if w.until != nil && w.timer == nil && received(w.until) {
			return nil, nil
		}
		n, err := p.pull(c, w)
		if n != nil || err != nil {
			return n, err
		}
		if !w.wait || w.late {
			return nil, nil
		}
		if yields > 0 {
			// Most answers and next messages are a goroutine switch away; going to sleep
			// and being woken costs two.
			yields--
			pause()
			continue
		}
		slept, over := p.sleep(c, w)
		if over && w.timer == nil {
			return nil, nil
		}
		w.late = over
		if slept {
			yields = 2
		}
	}
}

// arm begins the timeout of a receive that has to wait.
func (w *wish) arm(clock executor.Clock) {
	if w.within <= 0 || w.timer != nil {
		return
	}
	over := make(chan struct{})
	w.until = over
	w.timer = clock.AfterFunc(w.within, func() { close(over) })
}

func (w *wish) disarm() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

func received(until <-chan struct{}) bool {
	select {
	case <-until:
		return true
	default:
		return false
	}
}

// told reports whether the orders in w end a loop's receiving. Owner only.
func (p *process) told(w uint64) bool {
	if w&(orderKill|orderFail) != 0 {
		return true
	}
	return w&orderStop != 0 && (w&orderDrain == 0 || p.seal())
}

// pull takes one user message out of the mailbox. Owner only.
func (p *process) pull(c *Context, w *wish) (*node, error) {
	if w.want != nil {
		return p.seek(c, w)
	}
	for {
		n, folded := p.box.Take()
		if n == nil && p.plan.keep != nil {
			n = p.draw(&c.own.loop.nodes)
		}
		if n == nil {
			return nil, nil
		}
		if folded {
			p.box.Unfold(n)
		}
		if n.Value.kind < kindMarker || p.odd(c, n) {
			return n, nil
		}
		if n.Value.kind != kindMarker {
			c.own.loop.nodes.Put(n)
		}
	}
}

// sleep gives the mailbox up, in which there is nothing for w, and waits for the push that finds it idle, or
// for until (over). Not slept: there was something after all. (No other life can
// begin meanwhile, as it can under a slice: a loop's life ends on this goroutine.)
func (p *process) sleep(c *Context, w *wish) (slept, over bool) {
	p.sys().point()
	w.arm(p.sys().clock)
	if !p.release(w) {
		return false, false
	}
	until := w.until
	p.sys().point()
	if (disturbed(p.state.load(), c.inc) || p.box.HasSys() || p.renewed(w)) && p.box.Own() {
		return false, false
	}
	if sys := p.sys(); sys.seeded != nil {
		return p.sleepSeeded(c, until)
	}
	if until == nil {
		<-c.own.loop.wake
		return true, false
	}
	select {
	case <-c.own.loop.wake:
		return true, false
	case <-until:
		if !p.box.Own() {
			<-c.own.loop.wake // whoever found it idle took it for us and says so
		}
		return true, true
	}
}

// doneInHand finishes the message a loop has in hand, if any. Owner only.
func (p *process) doneInHand(c *Context) {
	n := c.cur.Load()
	if n == nil {
		return
	}
	c.cur.Store(nil)
	if n.Value.q != nil {
		n.Value.q.finished(nil, &n.Value)
	}
	p.handled.Add(1)
	c.own.loop.handled.Add(1)
	c.own.loop.nodes.Put(n)
}

// dropInHand counts the message in hand as failed with reason and returns it.
func (p *process) dropInHand(c *Context, reason error) any {
	n := c.cur.Load()
	if n == nil {
		return nil
	}
	c.cur.Store(nil)
	p.more().failed.Add(1)
	p.sys().books.failed.Add(1)
	if n.Value.q != nil {
		n.Value.q.fail(&n.Value, p, reason)
	}
	return plain(n.Value.msg)
}
