package bastion

// A notice is how a Down or a trapped Exit waits in a mailbox: behind what its
// subject sent before, in the user lane, and past any bound. It is handed out
// only to the incarnation it was meant for, and only if its tie is not off by
// then; otherwise it is withdrawn.
type notice struct {
	w   *tie // nil: from Ref.Exit
	msg any
}

// fire lets the owner know that its subject has ended. It takes effect under the
// owner's lock, before or after an Unlink, and what it leaves for later (a message
// on its way) is looked at again by claim.
func (w *tie) fire(inc uint32, reason error, gone bool) {
	subject := Ref{w.subject}
	down := Down{Monitor: Monitor{w}, Ref: subject, Incarnation: uint64(inc), Reason: reason, Gone: gone}
	o := w.owner
	t := o.ties()
	t.mu.Lock()
	c := o.present()
	if c == nil || c.inc != w.inc || w.off.Load() {
		t.mu.Unlock()
		return
	}
	if w.span != EachIncarnation || gone {
		w.here.drop()
	}
	if w.span != spanLink {
		t.mu.Unlock()
		o.signal(c.inc, w.subject, w, down)
		return
	}
	w.fired = true
	t.alive--
	exit := Exit{From: subject, Incarnation: uint64(inc), Reason: reason, Linked: true}
	if t.trap {
		t.mu.Unlock()
		o.signal(c.inc, w.subject, w, exit)
		return
	}
	w.off.Store(true)
	t.unlinked(w)
	hit := c.strike(exit)
	t.mu.Unlock()
	if hit {
		c.struck(reason)
	}
}

// signal puts a message of the runtime into the mailbox. It is accepted, in terms
// of the books, like any other.
func (p *process) signal(inc uint32, from *process, w *tie, msg any) {
	e := envelope{msg: &notice{w: w, msg: msg}, from: from, gen: inc, kind: kindSignal}
	var err error
	if p.plan.keep != nil {
		err = p.deposit(sending{}, e)
	} else {
		err = p.sendOutside(e)
	}
	if s := p.sys(); s.traces() && err == nil {
		s.notePassage(nil, Passage{Kind: PassageSent, Message: msg, Receiver: Ref{p}})
	}
}

// odd deals with a node that is no message as it stands, and reports whether it
// has become one. Owner only, with empty hands.
func (p *process) odd(c *Context, n *node) (message bool) {
	switch n.Value.kind {
	case kindMarker:
		return false
	case kindParcel:
		p.open(c, &n.Value)
		return true
	}
	if p.claim(c, &n.Value) {
		return true
	}
	p.sys().books.discarded[DiscardWithdrawn].Add(1)
	p.noteDiscard(&n.Value, errWithdrawn)
	return false
}

// claim makes a notice the message that it carries. False: it was withdrawn. The
// envelope is the owner's alone at this moment: nobody else reads one that is not
// in hand.
func (p *process) claim(c *Context, e *envelope) bool {
	if e.kind == kindTimer {
		return e.msg.(*timer).claim(e)
	}
	s := e.msg.(*notice)
	if e.gen != c.inc || s.w != nil && !p.receives(s.w) {
		return false
	}
	e.msg, e.kind, e.gen = s.msg, kindMessage, 0
	return true
}

// receives reports whether a notice of w still is to arrive, and makes sure that
// no other does unless w goes on.
func (p *process) receives(w *tie) bool {
	switch w.span {
	case EachIncarnation:
		return !w.off.Load()
	case spanLink:
		t := p.ties()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.unlinked(w)
	}
	return w.off.CompareAndSwap(false, true)
}
