package bastion

import "time"

// RecvWhere returns the first message that want says true of, waiting for it if
// need be, and leaves those before it where they are: in the mailbox, in order,
// first in line for the next receive. They count as waiting in every respect:
// in the books and for the mailbox's bound, and a restart keeps them, a drain
// gives them to Recv, and a stop sends them to the dead letters. This is Erlang's
// selective receive, at its cost: each call asks want once of each message that
// waits, oldest first, and while it waits only of those that come in.
//
// Errors are those of Recv. While the process is being drained, ErrStopping comes
// as soon as nothing that waits is wanted; Recv still gives what waits, and says
// ErrStopping when that was all. ErrNilFunc: want is nil.
//
// want runs on the process's own goroutine and is best a look at the message and
// no more: Sender and Delivery tell of the message that it is asked about, and the
// receive verbs answer ErrBusy. If it panics, the process fails; the message stays
// in the mailbox. If it hangs, that is a hang of the process (contracts L7, L12).
func (c *Context) RecvWhere(want func(msg any) bool) (any, error) {
	if want == nil {
		return nil, ErrNilFunc
	}
	n, err := c.receive(&wish{wait: true, want: want})
	if err != nil {
		return nil, err
	}
	return n.Value.msg, nil
}

// TryRecvWhere is RecvWhere without waiting: false if nothing that waits is wanted.
func (c *Context) TryRecvWhere(want func(msg any) bool) (any, bool, error) {
	if want == nil {
		return nil, false, ErrNilFunc
	}
	return c.receiveMaybe(&wish{want: want})
}

// RecvWhereTimeout is RecvWhere that waits no longer than d; see RecvTimeout.
func (c *Context) RecvWhereTimeout(want func(msg any) bool, d time.Duration) (any, bool, error) {
	if want == nil {
		return nil, false, ErrNilFunc
	}
	w := wish{wait: d > 0, within: d, want: want}
	defer w.disarm()
	return c.receiveMaybe(&w)
}

// RecvMatch is RecvWhere for messages of type M (M may be an interface) of which
// want says true; of all of them, if it is nil.
func RecvMatch[M any](ctx *Context, want func(msg M) bool) (M, error) {
	msg, err := ctx.RecvWhere(func(msg any) bool {
		m, ok := msg.(M)
		return ok && (want == nil || want(m))
	})
	m, _ := msg.(M)
	return m, err
}

// seek takes out the oldest message that is wanted, of those that were not looked
// at before. Owner only.
func (p *process) seek(c *Context, w *wish) (*node, error) {
	if p.plan.keep != nil {
		return p.search(c, w)
	}
	for {
		n := p.box.After(w.last)
		if n == nil {
			if drains(p.state.load()) {
				return nil, ErrStopping
			}
			return nil, nil
		}
		msg, waits := p.waiting(c, &n.Value)
		if waits {
			wanted, mine := p.wanted(c, n, msg, w)
			if !mine {
				return nil, ErrEnded
			}
			if !wanted {
				w.last = n
				continue
			}
		}
		p.box.Pick(w.last)
		if n.Value.kind < kindMarker || p.odd(c, n) {
			return n, nil
		}
		if n.Value.kind != kindMarker {
			c.own.loop.nodes.Put(n)
		}
	}
}

// drains reports whether w is that of a process that handles what waits and stops.
func drains(w uint64) bool { return w&(orderStop|orderDrain) == orderStop|orderDrain }

// waiting is the message in e as its receiver would get it, and whether it still
// would: not a marker, nor a notice that was withdrawn. A notice is not claimed by
// being looked at, so that it can be withdrawn as long as it waits.
func (p *process) waiting(c *Context, e *envelope) (msg any, waits bool) {
	switch e.kind {
	case kindMarker:
		return nil, false
	case kindParcel:
		return plain(e.msg), true
	case kindSignal:
		s := e.msg.(*notice)
		return s.msg, e.gen == c.inc && (s.w == nil || !s.w.off.Load())
	case kindTimer:
		t := e.msg.(*timer)
		return t.msg, t.waits()
	}
	return e.msg, true
}

// wanted asks the user, with the hand full, so that the process can be taken away
// from one who does not answer (mine: it was not).
func (p *process) wanted(c *Context, n *node, msg any, w *wish) (yes, mine bool) {
	l := &c.own.loop
	l.shown = n
	defer func() { l.shown = nil }()
	c.hand.set(handHook)
	yes = w.want(msg)
	c.hand.leave()
	return yes, p.still(c)
}

// release gives up a mailbox in which there is nothing for w.
func (p *process) release(w *wish) bool {
	if w.want != nil && p.plan.keep == nil {
		return p.box.ReleaseUnread()
	}
	return p.box.Release()
}

// renewed reports whether there is something in the store that w has not looked at.
func (p *process) renewed(w *wish) bool {
	if p.plan.keep == nil {
		return false
	}
	if s := p.store(); w.want != nil {
		return s.arrivals.Load() != w.seen
	}
	return p.stored()
}
