package bastion

// search is seek in a store: in the order of turns, or with a Queue in that of
// arrival. It begins again when what was looked at last has gone meanwhile, and,
// where that is not the order of arrival, when something has come. Owner only.
func (p *process) search(c *Context, w *wish) (*node, error) {
	p.sweep()
	for {
		e, found := p.peek(w)
		if !found {
			if drains(p.state.load()) {
				return nil, ErrStopping
			}
			return nil, nil
		}
		n := c.own.loop.nodes.Get()
		n.Value = e
		msg, waits := p.waiting(c, &n.Value)
		if waits {
			wanted, mine := p.wanted(c, n, msg, w)
			if !mine {
				return nil, ErrEnded
			}
			if !wanted {
				c.own.loop.nodes.Put(n)
				continue
			}
		}
		if p.pick(w.at) && (n.Value.kind < kindMarker || p.odd(c, n)) {
			return n, nil
		}
		c.own.loop.nodes.Put(n)
	}
}

// sweep takes out of the box what is no message.
func (p *process) sweep() {
	for n, folded := p.box.Take(); n != nil; n, folded = p.box.Take() {
		if folded {
			p.box.Unfold(n)
		}
	}
}

// peek shows the next message to look at, and leaves it where it is.
func (p *process) peek(w *wish) (e envelope, found bool) {
	e, found, o := p.store().next(p, w)
	p.settleStore(&o)
	return e, found
}

func (s *store) next(p *process, w *wish) (e envelope, found bool, o outcome) {
	now := s.now(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	o.collect(s, s.log.Expire(now), 0)
	s.admit(p, now, &o)
	s.finish(&o)
	if now := s.log.Arrivals(); now != w.seen {
		if w.seen = now; s.keep.shuffles() {
			w.at = ticket{} // what is new may stand before what was looked at
		}
	}
	it := s.log.Next(w.at)
	if it == nil {
		return e, false, o
	}
	w.at = it.Ticket()
	return it.Value, true, o
}

// pick takes a message out of turn. False: it has gone meanwhile.
func (p *process) pick(at ticket) bool {
	picked, o := p.store().pick(p, at)
	p.settleStore(&o)
	return picked
}

func (s *store) pick(p *process, at ticket) (picked bool, o outcome) {
	now := s.now(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.log.Pick(at)
	if it == nil {
		return false, o
	}
	own := s.own != nil && !it.Signal
	s.log.Recycle(it)
	if own {
		s.own.passedOver()
	}
	s.admit(p, now, &o)
	s.finish(&o)
	return true, o
}
