package bastion

// Unhandled says that the process does not know what to do with the message in
// hand: it goes to the dead letters, and a question fails with ErrUnhandled. It
// always returns nil, so that a handler can end with "return ctx.Unhandled()"
// and live on. Only on the process's own goroutine; elsewhere it does nothing.
func (c *Context) Unhandled() error {
	n := c.inHand()
	if n == nil {
		return nil
	}
	c.reject(n, ErrUnhandled)
	return nil
}

// Reject is Unhandled with a reason of its own, for whoever decides that the
// message in hand is not to be handled: the dead letter has it, a question fails
// with it, and for the books the message was handled. It always returns nil; a nil
// reason is ErrUnhandled. Only on the process's own goroutine; elsewhere it does
// nothing.
func (c *Context) Reject(reason error) error {
	if reason == nil {
		reason = ErrUnhandled
	}
	if n := c.inHand(); n != nil {
		c.reject(n, reason)
	}
	return nil
}

func (c *Context) reject(n *node, reason error) {
	if q := n.Value.q; q != nil && q.has(&n.Value) {
		_ = q.resolve(nil, n.Value.gen, nil, reason)
	}
	c.p.sys().deadLetter(DeadLetter{
		Message: plain(n.Value.msg), Sender: Ref{n.Value.from}, Receiver: Ref{c.p}, Reason: reason,
	})
}

// Asked reports whether the message in hand is a question that still waits for its
// answer here. Only on the process's own goroutine.
func (c *Context) Asked() bool {
	n := c.inHand()
	return n != nil && n.Value.q != nil && n.Value.q.has(&n.Value)
}

// Forward hands the message in hand on, with its sender and, if it is a
// question, with that: whoever answers it there answers the asker. The receiver
// sees it as if the first sender had sent it. For the books it was handled here
// and accepted there. On error the message is still in hand.
//
// ErrNoMessage: not on the process's own goroutine, or none in hand, or it was a
// question and has been forwarded before. ErrAnswered: its question was answered,
// also by whoever it was forwarded to.
// ErrDeadlock: the receiver waits for the asker. Otherwise as Tell.
func (c *Context) Forward(to Ref) error {
	if to.p == nil {
		return ErrNoProcess
	}
	n := c.inHand()
	if n == nil {
		return ErrNoMessage
	}
	e := n.Value
	e.msg, e.kind = plain(e.msg), kindMessage
	c.Header().onto(&e)
	if e.q == nil {
		return to.p.pass(c, e)
	}
	return e.q.forward(c, to.p, e)
}

func (q *question) forward(c *Context, to *process, e envelope) error {
	switch {
	case !q.pending(e.gen):
		return ErrAnswered
	case !q.has(&e):
		return ErrNoMessage // forwarded before
	}
	if err := q.handOver(&e, to); err != nil {
		return err
	}
	next := e
	next.hops++
	if err := to.pass(c, next); err != nil {
		q.hop(&e, true)
		if q.asker.Load() != nil {
			q.holder.Store(c.p)
		}
		return err
	}
	if l := c.life.Load(); l != nil {
		l.letGo(q, e.gen) // if it was held here
	}
	return nil
}

// pass sends an envelope as it is, with the sender it came from.
func (p *process) pass(c *Context, e envelope) error {
	p.sys().point()
	if c.ended() {
		return ErrEnded
	}
	if p.sys().seeded != nil {
		return p.sendSeeded(c, c, e, true)
	}
	if p.plan.keep != nil {
		return p.deposit(sending{ctx: c, c: c, patient: true}, e)
	}
	return p.sendOutside(e)
}

// handOver moves the question on from e to another process, unless it was
// answered meanwhile, or that would close a ring.
func (q *question) handOver(e *envelope, to *process) error {
	asker := q.asker.Load()
	if asker == nil { // nobody is stuck while it is on its way
		if !q.hop(e, false) {
			return ErrAnswered
		}
		return nil
	}
	askMu.Lock()
	defer askMu.Unlock()
	if err := findRing(asker, to); err != nil {
		return err
	}
	if !q.hop(e, false) {
		return ErrAnswered
	}
	q.holder.Store(to)
	return nil
}
