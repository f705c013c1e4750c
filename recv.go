package bastion

import "github.com/bastion-go/bastion/internal/goid"

// Recv returns the next message of a loop process, waiting for it if need be.
// The message before it counts as handled, and a question it carried that was
// neither answered nor held fails with ErrUnanswered.
//
// ErrStopping: the process was told to stop (its Context is done, too); the loop
// should return, and what waits in the mailbox is dealt with by the supervisor.
// ErrNotLoop: this is not a loop's own Context, or not its own goroutine.
// ErrBusy: another Recv is in progress. ErrEnded: the incarnation is over.
func (c *Context) Recv() (any, error) {
	n, err := c.receive(true, nil)
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
	n, err := c.receive(true, until)
	if n == nil || err != nil {
		return nil, false, err
	}
	return n.Value.msg, true, nil
}

// TryRecv is Recv without waiting: false if no message is there.
func (c *Context) TryRecv() (any, bool, error) {
	n, err := c.receive(false, nil)
	if n == nil || err != nil {
		return nil, false, err
	}
	return n.Value.msg, true, nil
}

func (c *Context) receive(wait bool, until <-chan struct{}) (*node, error) {
	if c.kind != contextLoop {
		return nil, ErrNotLoop
	}
	if c.ended() {
		return nil, ErrEnded
	}
	if !c.mine() {
		if c.hand.load() == handEmpty {
			return nil, ErrBusy // its own goroutine is in Recv right now
		}
		return nil, ErrNotLoop
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
	n, err := p.next(c, wait, until)
	if err == ErrEnded {
		return nil, err
	}
	if n != nil {
		c.noteMessage(&n.Value)
		c.cur.Store(n)
		c.hand.set(handQueued)
		err = c.strikes(&n.Value)
	} else {
		c.hand.set(handHook)
	}
	return n, err
}

// next takes the next message, waiting for it, or for until, if asked to. The hand
// is empty.
func (p *process) next(c *Context, wait bool, until <-chan struct{}) (*node, error) {
	yields := 2
	for {
		if w := p.state.load(); disturbed(w, c.inc) {
			if !p.still(c) {
				return nil, ErrEnded
			}
			if p.told(w) {
				if cause := c.ordered(); cause != nil {
					c.cancel(cause) // whoever gave the order may not have come to it yet, and a drain leaves it to us
				}
				return nil, ErrStopping
			}
		}
		if until != nil && received(until) {
			return nil, nil
		}
		if n := p.pull(c); n != nil {
			return n, nil
		}
		if !wait {
			return nil, nil
		}
		if yields > 0 {
			// Most answers and next messages are a goroutine switch away; going to sleep
			// and being woken costs two.
			yields--
			pause()
			continue
		}
		slept, over := p.sleep(c, until)
		if over {
			return nil, nil
		}
		if slept {
			yields = 2
		}
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
func (p *process) pull(c *Context) *node {
	for {
		n, folded := p.box.Take()
		if n == nil {
			return nil
		}
		if folded {
			p.box.Unfold(n)
		}
		if n.Value.kind < kindMarker || p.odd(c, n) {
			return n
		}
		if n.Value.kind == kindSignal {
			c.own.loop.nodes.Put(n)
		}
	}
}

// sleep gives the empty mailbox up and waits for the push that finds it idle, or
// for until (over). Not slept: there was something after all. (No other life can
// begin meanwhile, as it can under a slice: a loop's life ends on this goroutine.)
func (p *process) sleep(c *Context, until <-chan struct{}) (slept, over bool) {
	p.sys().point()
	if !p.box.Release() {
		return false, false
	}
	p.sys().point()
	if (disturbed(p.state.load(), c.inc) || p.box.HasSys()) && p.box.Own() {
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
