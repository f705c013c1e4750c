package bastion

// Link ties this incarnation and the present one of another process together:
// when one ends, for whatever reason, the other gets an exit signal with that
// reason (see Exit and Ref.Exit for what such a signal does). The link ends with
// either incarnation; whatever is started in its place is not linked. It has no
// direction, and linking twice is linking once. A process is always linked with
// itself.
//
// If the other process has no incarnation at this moment (stopped, not started,
// waiting for its restart), the link breaks at once: Link returns nil and the
// signal, ErrNoProcess, comes to this incarnation.
//
// From any goroutine. ErrNoProcess: the zero Ref. ErrForeign: a process of
// another system. ErrEnded: this incarnation is over.
func (c *Context) Link(ref Ref) error {
	if err := c.tieable(ref); err != nil || ref.p == c.p {
		return err
	}
	a, b := c.p, ref.p
	ta, tb, unlock := lockBoth(a, b)
	if c.ended() {
		unlock()
		return ErrEnded
	}
	if old := ta.links[b]; old != nil && !old.fired {
		unlock()
		return nil
	}
	w := newTie(a, c.inc, b, spanLink)
	ta.link(w)
	other := b.present()
	if other == nil {
		unlock()
		w.fire(lifeOf(b.state.load()), ErrNoProcess, false)
		return nil
	}
	back := newTie(b, other.inc, a, spanLink)
	tb.link(back)
	w.there.hang(&tb.on)
	back.there.hang(&ta.on)
	unlock()
	return nil
}

// Unlink removes the link with another process, if there is one. When it has
// returned, no exit signal of a link with that process reaches this incarnation
// any more: neither an end that happens later, nor an Exit that is waiting in the
// mailbox, which is withdrawn. What was sent with Ref.Exit is no business of links.
//
// From any goroutine. On another one than the process's own it may be that the
// process is just receiving the Exit.
func (c *Context) Unlink(ref Ref) {
	if c.tieable(ref) != nil || ref.p == c.p || c.p.tied() == nil {
		return
	}
	a, b := c.p, ref.p
	ta, tb, unlock := lockBoth(a, b)
	defer unlock()
	w := ta.links[b]
	if c.ended() || w == nil {
		return
	}
	if back := tb.links[a]; !w.fired && back != nil && !back.fired {
		back.off.Store(true)
		back.there.drop()
		tb.unlinked(back)
		tb.alive--
	}
	if !w.fired {
		ta.alive--
	}
	for ; w != nil; w = w.older {
		w.off.Store(true)
		w.here.drop()
		w.there.drop()
	}
	delete(ta.links, b)
}

// TrapExits makes exit signals reach this incarnation as messages of type Exit
// instead of ending it, until it is switched off again. Only a kill (Ref.Exit with
// ErrKilled) cannot be trapped. It holds for what arrives after it has returned,
// and ends with the incarnation. To a handler made by HandleTyped an Exit is
// unhandled, unless its type of message takes it.
func (c *Context) TrapExits(on bool) {
	t := c.p.ties()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.ended() {
		t.trap = on
	}
}

// tieable says why this incarnation and that process cannot be tied.
func (c *Context) tieable(ref Ref) error {
	switch {
	case ref.p == nil:
		return ErrNoProcess
	case ref.p.sys() != c.p.sys():
		return ErrForeign
	case c.ended():
		return ErrEnded
	}
	return nil
}
