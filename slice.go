package bastion

import (
	"github.com/bastion-go/bastion/executor"
)

// budget is how many messages a process may handle before others get a turn
// (contract E2).
const budget = 64

// A slice is one run of a handler process on a worker. It owns the process's
// mailbox until it gives it up: to idleness, to the next slice, to the
// supervisor when the incarnation ends, or because it was abandoned.
type slice struct {
	p *process
	w *executor.Worker
	l *local
	c *Context

	n      *node // in hand
	folded bool
	todo   *node // answers taken but not yet run
	reason error // why user code failed
	forced bool  // by a panic or a Goexit
}

type turn uint8

const (
	turnDone  turn = iota // the process is idle, or not ours any more
	turnAgain             // it has more to do and still is ours
	turnFailed
	turnStop // an order to end was seen
)

// Run is called by the executor.
func (p *process) Run(w *executor.Worker) (again bool) {
	s := slice{p: p, w: w, l: w.Local().(*local), c: p.ctx.Load()}
	if s.c.w.Load() != w {
		s.c.w.Store(w)
	}
	if phaseOf(p.state.load()) == phaseStarting && !p.startHandler(&s) {
		return false
	}
	for {
		switch s.turn() {
		case turnAgain:
			if !p.plan.routed || !p.astray(w) {
				return true
			}
			p.submitHome(w)
			return false
		case turnFailed:
			if !s.failed() {
				return false
			}
		case turnStop:
			p.obey(s.c, w)
			return false
		default:
			return false
		}
	}
}

// turn handles messages until something else is due. A panic or a Goexit in user
// code ends here. After a Goexit, which may hide behind a panic, the goroutine is
// dying, so what is left to do is done on the way out; the executor replaces the
// worker.
func (s *slice) turn() (t turn) {
	returned := false
	defer func() {
		if returned {
			return
		}
		err := caught(recover())
		probe(err, func(err error) {
			s.reason, s.forced = err, true
			t = turnDone
			s.failed()
		})
	}()
	if t = s.messages(); t == turnFailed {
		s.reason = sound(s.reason) // user code, so here, with the hand full
	}
	returned = true
	return t
}

func (s *slice) messages() turn {
	p, c := s.p, s.c
	calm := undisturbed(c.inc)
	for left := budget; ; left-- {
		if w := p.state.load(); w != calm {
			if !p.still(c) {
				return turnDone
			}
			if s.due(w) {
				return turnStop
			}
		}
		if (s.todo != nil || p.box.HasSys()) && !s.answers() {
			return turnFailed
		}
		if left <= 0 || s.w.Yield() {
			if p.pending() || p.box.HasSys() {
				return turnAgain
			}
		}
		n, folded := p.box.Take()
		if n == nil && p.plan.keep != nil {
			n = p.draw(&s.l.nodes)
		}
		if n == nil {
			if s.rest(calm) {
				return turnDone
			}
			continue
		}
		if n.Value.kind >= kindMarker && !p.odd(c, n) {
			s.drop(n, folded)
			continue
		}
		if !s.handle(n, folded) {
			return turnFailed
		}
		if s.finish(n, folded, calm) {
			return turnDone
		}
	}
}

// due reports whether the orders in w mean that the incarnation ends now. A
// drain ends when the mailbox is empty, which closes it: what was accepted is handled.
func (s *slice) due(w uint64) bool {
	switch {
	case w&(orderKill|orderFail) != 0:
		return true
	case w&orderStop == 0:
		return false
	case w&orderDrain != 0:
		return !s.p.box.HasSys() && s.p.seal()
	}
	return true
}

// handle calls the user with one message.
func (s *slice) handle(n *node, folded bool) bool {
	user := s.p.user // read before the hand is full: from then on it may be taken away
	if s.l.sys == nil {
		user = s.c.receives(user, &n.Value) // a seeded run
	}
	s.w.Step()
	s.n, s.folded = n, folded
	s.c.cur.Store(n)
	if folded {
		s.c.hand.set(handFolded)
	} else {
		s.c.hand.set(handQueued)
	}
	if err := user.Receive(s.c, n.Value.msg); err != nil {
		s.reason = err
		return false
	}
	return true
}

// finish ends the handling of a message and reports whether the process has
// become somebody else's: idle, or taken away. What the owner writes comes before
// Fold, which may be the moment somebody else starts to run the process.
func (s *slice) finish(n *node, folded bool, calm uint64) (gone bool) {
	p := s.p
	if p.state.load() != calm || !folded {
		s.c.hand.leave()
		if p.state.load() != calm && !p.still(s.c) {
			return true // whoever took it has counted the message as failed
		}
	} else {
		s.c.hand.set(handEmpty)
	}
	if n.Value.q != nil {
		n.Value.q.finished(s.w, &n.Value)
	}
	p.handled.Add(1)
	s.l.handled.Add(1)
	if folded {
		if p.box.Fold(n) {
			s.recycle(n)
			return !s.regain(calm, false) // what is in a store is never folded
		}
		if p.state.load() != calm && !p.still(s.c) {
			s.l.handled.Add(^uint64(0))
			return true
		}
		p.box.Unfold(n)
	}
	s.recycle(n)
	return false
}

// recycle takes back a node whose message was handled.
func (s *slice) recycle(n *node) {
	if n.Value.kind == kindVessel {
		n.Value.msg.(interface{ empty() }).empty()
	}
	s.l.nodes.Put(n)
}

// drop finishes a node that is no message.
func (s *slice) drop(n *node, folded bool) {
	if folded {
		s.p.box.Unfold(n)
	}
	if n.Value.kind != kindMarker {
		s.l.nodes.Put(n)
	}
}

// rest gives up the empty mailbox and reports whether it is given up for good.
func (s *slice) rest(calm uint64) bool {
	if s.l.sys == nil {
		s.p.sys().point()
	}
	return s.p.box.Release() && !s.regain(calm, s.p.stored())
}

// regain takes the process back if an order or an answer came in while it was
// being released, or a message into its store. Whoever gave it has then seen it owned and left it to us.
//
// Between the release and here the process may have been run, stopped and started
// again by others: a process that begins another life is not this slice's to run,
// but it is this slice that owns it, so it is handed to the next.
func (s *slice) regain(calm uint64, stored bool) bool {
	p := s.p
	if s.l.sys == nil {
		p.sys().point()
	}
	if p.state.load() == calm && !p.box.HasSys() && !stored || !p.box.Own() {
		return false
	}
	if lifeOf(p.state.load()) != s.c.inc {
		p.schedule(s.w)
		return false
	}
	return true
}

// answers runs what AskThen left to be done. False: one failed.
func (s *slice) answers() bool {
	p, c := s.p, s.c
	if s.todo == nil {
		s.todo = p.box.TakeSys()
	}
	for s.todo != nil {
		q := s.todo.Value.q
		s.todo = s.todo.Next()
		then, inc := q.then, q.inc
		answer, err := q.takeThen(s.l)
		if inc != c.inc {
			continue // asked by an incarnation that has ended
		}
		if s.l.sys == nil {
			q.noteQuestion(PassageResolved, c, q.gen(), answer, err)
		}
		s.n = nil
		c.cur.Store(nil)
		s.w.Step()
		c.hand.set(handHook)
		s.reason = then.run(c, answer, err)
		s.c.hand.leave()
		c.Beat()
		if !p.still(c) {
			return true // the next look at the state finds it gone
		}
		if s.reason != nil {
			return false
		}
	}
	return true
}

// failed deals with user code that did not return nil, and reports whether the
// incarnation goes on all the same (Resume).
func (s *slice) failed() (resumed bool) {
	p := s.p
	s.c.hand.leave()
	if !p.still(s.c) {
		return false
	}
	n := s.n
	s.n = nil
	f := fault{reason: s.reason}
	switch {
	case n == nil:
	case !s.forced && orderly(f.reason):
		s.fulfilled(n)
	default:
		f.message = plain(n.Value.msg)
		p.more().failed.Add(1)
		p.sys().books.failed.Add(1)
		if n.Value.q != nil {
			n.Value.q.fail(&n.Value, p, f.reason)
		}
		if s.folded {
			p.box.Unfold(n)
		}
		s.l.nodes.Put(n)
	}
	if resumed = p.fail(s.c, s.w, f, s.forced); resumed {
		s.c.Beat()
	}
	return resumed
}

// fulfilled finishes the message with which a handler has ended itself in order.
func (s *slice) fulfilled(n *node) {
	if n.Value.q != nil {
		n.Value.q.finished(s.w, &n.Value)
	}
	s.p.handled.Add(1)
	s.l.handled.Add(1)
	if s.folded {
		s.p.box.Unfold(n)
	}
	s.recycle(n)
}
