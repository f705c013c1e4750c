package bastion

import "time"

const (
	// abandonGrace is how long user code has, after its Context was cancelled, to
	// notice that and return before it is abandoned. Contract L7 gives it nothing
	// beyond the shutdown time; this keeps well-behaved code, which returns within
	// microseconds, out of the reports.
	abandonGrace = 10 * time.Millisecond
	// abandonRetry is when abandon looks again at an owner that was just between
	// two messages.
	abandonRetry = time.Millisecond
)

// The orders to a process. Agenda only. All of them are answered by an exited
// report, once the incarnation is down; if it is on its way down anyway, that
// report is the answer.

// stop asks the incarnation to end after the message in hand, or with drain
// after all that is queued.
func (p *process) stop(drain bool) {
	c := p.ctx.Load()
	bits := uint64(orderStop)
	if drain {
		bits |= orderDrain
	}
	if !p.state.order(c.inc, bits) {
		return
	}
	if l := c.life.Load(); l != nil {
		l.tell()
	}
	if p.plan.loop && !drain {
		c.cancel(ErrStopping)
	}
	if !p.box.Own() {
		return // its owner looks at the state before it lets go
	}
	if _, hook := p.user.(Stopper); hook || p.plan.loop || c.life.Load() != nil || drain && (p.box.HasSys() || !p.seal()) {
		p.schedule(nil)
		return
	}
	p.obey(c, nil) // idle and without a hook: there is nothing to run
}

// seal closes the mailbox of a process that was told to drain, if it is empty, and
// reports whether it has: from here on nothing is accepted. Owner only.
func (p *process) seal() bool {
	if s := p.store(); s != nil && !s.seal() || !p.box.Seal() {
		return false
	}
	p.sealed = true
	return true
}

// departed reports whether the process is down and its mailbox closed: it is gone,
// or is about to be. (A drain closes the mailbox earlier than that.)
func (p *process) departed() bool { return phaseOf(p.state.load()) == phaseDown && p.box.IsShut() }

// kill cancels the incarnation's Context and, if that does not end it in a
// moment, abandons it.
func (p *process) kill() {
	c := p.ctx.Load()
	if !p.state.order(c.inc, orderKill) {
		return
	}
	if l := c.life.Load(); l != nil {
		l.tell()
	}
	c.cancel(ErrKilled)
	if p.box.Own() {
		if p.plan.loop {
			p.schedule(nil)
		} else {
			p.obey(c, nil)
		}
	}
	if lifeOf(p.state.load()) == c.inc && phaseOf(p.state.load()) != phaseDown {
		p.later(abandonGrace, c.inc)
	}
}

// stuck kills an incarnation whose conditions do not return. Agenda only.
func (p *process) stuck(inc uint32) {
	if p.ctx.Load().inc == inc {
		p.kill()
	}
}

// bound reports whether an incarnation that ends, and was not told to, is to be
// given its shutdown time now: once, however many signals strike it meanwhile, and
// whether its last message or its stop hook takes so long. Agenda only.
func (p *process) bound(inc uint32) (first bool) {
	if p.ctx.Load().inc != inc || phaseOf(p.state.load()) == phaseDown {
		return false
	}
	e := p.more()
	first, e.bounded = e.bounded != inc, inc
	return first
}

// later posts an abandon event.
func (p *process) later(d time.Duration, inc uint32) {
	e := p.more()
	if e.grace != nil {
		e.grace.Stop()
	}
	e.grace = p.sys().clock.AfterFunc(d, func() {
		p.plan.parent.post(event{kind: eventAbandon, id: uint64(p.index), p: p, inc: inc})
	})
}

// abandon takes the process away from an owner that does not return. See hand
// for the handshake. The marker keeps an owner that has a folded node in hand
// from releasing the mailbox with one CAS, unseen.
func (p *process) abandon(inc uint32) {
	c := p.ctx.Load()
	if c.inc != inc {
		return
	}
	if l := c.life.Load(); l != nil {
		if then, left := l.desert(); then != nil {
			p.sys().abandonedGo(c, l, left)
			then()
			return
		}
	}
	if !p.state.order(inc, abandoning) {
		return
	}
	e := p.more()
	if e.marker == nil {
		e.marker = &node{Value: envelope{kind: kindMarker}}
		if p.box.Push(e.marker) == pushedFirst {
			p.schedule(nil) // it was idle: whoever runs it now finds its orders
		}
	}
	held := c.hand.load()
	if held == handEmpty {
		p.sys().exec.Relieve() // it may wait for a worker, of which as many as may be are blocked
	}
	if held == handEmpty || !p.state.abandon(inc) {
		p.later(abandonRetry, inc)
		return
	}
	p.seize(c, held)
}

// seize takes over the mailbox of an incarnation that has just been abandoned.
func (p *process) seize(c *Context, held uint32) {
	e := p.more()
	f := fault{reason: ErrAbandoned}
	silence := c.silence()
	if silence != nil {
		f.reason = silence
	}
	last := e.last
	if last != nil && last.c != c {
		last = nil
	}
	if silence == nil && last != nil {
		f = fault{reason: &stuckError{last.f.reason}, message: last.f.message}
	}
	var folded *node
	if n := c.cur.Load(); n != nil && held != handHook {
		f.message = plain(n.Value.msg)
		e.failed.Add(1)
		p.sys().books.failed.Add(1)
		if n.Value.q != nil {
			n.Value.q.fail(&n.Value, p, f.reason)
		}
		if held == handFolded {
			folded = n
		}
	}
	p.box.Seize(folded, e.marker)
	e.marker = nil
	report := p.crash(c, f)
	out := Outcome(0)
	switch {
	case silence != nil:
		out = p.unasked(c, f)
	case last != nil:
		out = last.out
	}
	p.sys().abandoned(c)
	if l := c.life.Load(); l != nil {
		l.await(func() {})
		_, left := l.desert()
		p.sys().abandonedGo(c, l, left)
		l.failHeld(&FailedError{Path: p.path(), Reason: f.reason})
	}
	p.user = nil
	ev := event{
		kind: eventExited, id: uint64(p.index), p: p, inc: c.inc,
		reason: f.reason, outcome: out, report: report, up: p.uptime(),
	}
	if p.part(c.inc, f.reason).say(&ev) {
		p.plan.parent.post(ev)
	}
}

// settled is called by the agenda for every exited report: the process is its own now.
func (p *process) settled() {
	p.owed = false
	p.ctx.Load().unwatch()
	e := p.ext.Load()
	if e == nil {
		return
	}
	e.last = nil
	if e.grace != nil {
		e.grace.Stop()
		e.grace = nil
	}
	if e.marker != nil {
		p.box.Seize(nil, e.marker)
		e.marker = nil
	}
}

// A passing is the end of a child for good.
type passing struct {
	why    DiscardReason // for what waits in mailboxes
	reason error         // why the child ended; nil after a normal end
	last   Failure       // what is known of that; or zero
	told   func()        // called when its AfterStop has returned; may be nil
}

// dispose empties and closes the mailbox of a process that is down for good, and
// makes that known. The second time it does nothing. Agenda only.
func (p *process) dispose(end passing) {
	first := !p.box.IsShut() || p.sealed
	p.sealed = false
	p.discard(p.box.Shut(), end.why, ErrStopped)
	p.emptyStore(end.why, true)
	for n := p.box.ShutSys(); n != nil; {
		q := n.Value.q
		n = n.Next() // the node is part of the question
		_, _ = q.takeThen(nil)
	}
	p.depart(end.reason).say(nil)
	inc := lifeOf(p.state.load())
	if first && inc > 0 {
		p.emitFor(EventStopped, inc, func(e *Event) { e.Reason = end.reason })
		if hook := p.plan.terms().Callbacks.AfterStop; hook != nil {
			p.sys().afterStop(hook, end.failure(p.path(), Ref{p}, uint64(inc)), end.told)
			return
		}
	}
	end.tell()
}

// failure is what AfterStop is told.
func (e passing) failure(path string, ref Ref, inc uint64) Failure {
	f := Failure{Path: path, Ref: ref, Incarnation: inc, Reason: e.reason}
	if e.last.Incarnation == inc {
		f.Message, f.Restarts = e.last.Message, e.last.Restarts
	}
	return f
}

func (e passing) tell() {
	if e.told != nil {
		e.told()
	}
}

// discard loses a chain of messages.
func (p *process) discard(n *node, why DiscardReason, reason error) {
	for n != nil {
		next := n.Next()
		p.lose(&n.Value, why, reason)
		n = next
	}
}

// lose counts a message that will not be handled, tells its asker and the watchers
// of the dead letters. It must never have been in a hand.
func (p *process) lose(e *envelope, why DiscardReason, reason error) {
	sys := p.sys()
	switch e.kind {
	case kindSignal:
		sys.books.discarded[DiscardWithdrawn].Add(1)
		p.noteDiscard(e, errWithdrawn)
		return
	case kindTimer:
		p.discardTimer(e.msg.(*timer), why, reason)
		return
	case kindMarker:
		return
	}
	sys.books.discarded[why].Add(1)
	p.noteDiscard(e, reason)
	if e.q != nil {
		_ = e.q.resolve(nil, e.gen, nil, reason)
	}
	if sys.letters.watched.Load() > 0 {
		sys.deadLetter(DeadLetter{Message: plain(e.msg), Sender: Ref{e.from}, Receiver: Ref{p}, Reason: reason})
	}
	if e.kind == kindVessel {
		e.msg.(interface{ empty() }).empty()
	}
}

// stopIdle ends an incarnation that is idle and has nothing to run at its end (for a
// drain: and nothing to handle), on the spot and without a report: true. It is what
// makes stopping a hundred thousand members cheap.
func (p *process) stopIdle(drain bool) bool {
	c := p.ctx.Load()
	if p.plan.loop || c.life.Load() != nil || p.tied() != nil || !p.box.Own() {
		return false
	}
	if _, hook := p.user.(Stopper); hook || p.box.HasSys() || p.state.load() != undisturbed(c.inc) || drain && !p.seal() || !p.state.end(c.inc) {
		p.schedule(nil)
		return false
	}
	c.cancel(ErrShutdown)
	p.clear(c, ErrShutdown)
	p.part(c.inc, ErrShutdown).say(nil) // of ties made since we looked
	p.settled()
	return true
}
