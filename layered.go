package bastion

import "slices"

// A layered is a handler with middleware around it.
type layered struct {
	c       *Context
	inner   Receiver
	receive Receive
	next    bool // may be called
}

// wrapped is the receiver with the middleware of its incarnation, and with the
// hooks that it has itself. Owner only.
func (p *process) wrapped(c *Context, inner Receiver) (Receiver, error) {
	if inner == nil {
		return nil, nil
	}
	r := &layered{c: c, inner: inner}
	r.receive = r.last
	wraps := false
	for _, m := range slices.Backward(p.plan.layers()) {
		if m.Receive == nil {
			continue
		}
		wraps = true
		if r.receive = m.Receive(r.receive); r.receive == nil {
			return nil, errNilMiddleware
		}
	}
	if !wraps {
		return inner, nil
	}
	starter, starts := inner.(Starter)
	stopper, stops := inner.(Stopper)
	switch {
	case starts && stops:
		return struct {
			Receiver
			Starter
			Stopper
		}{r, starter, stopper}, nil
	case starts:
		return struct {
			Receiver
			Starter
		}{r, starter}, nil
	case stops:
		return struct {
			Receiver
			Stopper
		}{r, stopper}, nil
	}
	return r, nil
}

// Receive implements Receiver.
func (r *layered) Receive(ctx *Context, msg any) error {
	r.next = true
	err := r.receive(ctx, plain(msg))
	r.next = false
	return err
}

// last is the innermost next.
func (r *layered) last(_ *Context, msg any) error {
	if !r.c.mine() || !r.next {
		return ErrNext
	}
	if msg == nil {
		return ErrNilMessage
	}
	r.next = false
	return r.inner.Receive(r.c, msg)
}

// handOut is the innermost next of a loop.
func (t *traffic) handOut(c *Context) Receive {
	return func(_ *Context, msg any) error {
		if !c.mine() || !t.next {
			return ErrNext
		}
		if msg == nil {
			return ErrNilMessage
		}
		t.next, t.given = false, msg
		return nil
	}
}

// admit takes the message that a loop has in hand through its middleware and
// returns the node to hand out; nil if there is none.
func (c *Context) admit(n *node) (*node, error) {
	t := c.traffic()
	t.next, t.given = true, nil
	err := t.receive(c, n.Value.msg)
	t.next = false
	msg := t.given
	t.given = nil
	if err != nil || msg == nil {
		return nil, err
	}
	other := &node{Value: n.Value} // the old one may be read by whoever abandons us
	other.Value.msg = msg
	c.cur.Store(other)
	return other, nil
}
