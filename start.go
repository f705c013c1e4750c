package bastion

import (
	"errors"

	"github.com/bastion-go/bastion/executor"
)

// begin starts the next incarnation: after failure, or for the first time (nil),
// or because it was ordered. It returns at once; started, or exited, is reported
// to the parent. Agenda only, while the process is down.
func (p *process) begin(w *executor.Worker, failure *Failure, again bool) {
	sys := p.sys()
	p.box.Reopen()
	p.sealed = false
	p.reopenStore()
	p.owed = true
	inc := p.state.begin()
	c := &p.first
	switch {
	case p.plan.loop: // with much of its own, which goes with it
		c = newLoopContext()
	case inc > 1:
		c = new(Context)
	}
	c.p, c.inc = p, inc
	p.plan.terms().watch.join(c)
	p.ctx.Store(c)
	p.startedAt(sys.clock.Now())
	if again && p.plan.terms().DropMailbox {
		p.discard(p.box.Drain(), DiscardDropped, ErrStopped)
		p.emptyStore(DiscardDropped, false)
	}
	if failure != nil || p.ext.Load() != nil {
		e := p.more()
		e.remember(failure)
		if again {
			e.restarts.Add(1)
		}
	}
	if p.plan.loop {
		p.beginLoop(c)
		return
	}
	p.plan.home.find(sys)
	if w != nil && !w.Here() {
		w = nil
	}
	p.schedule(w)
}

// startHandler makes the receiver and runs the start hooks, and reports whether
// the process runs now. Owner only.
func (p *process) startHandler(s *slice) (running bool) {
	if !p.plan.terms().hooked {
		return p.startBare(s)
	}
	p.visit(s.c, func() error { return p.hooks(s.c, p.make) }, func(err error) {
		running = p.startDone(s.c, s.w, err)
	})
	return running
}

// startBare is startHandler for a child without callbacks, which most are, and
// saves the closures: a start is part of what spawning and restarting cost.
func (p *process) startBare(s *slice) (running bool) {
	var err error
	returned := false
	s.c.cur.Store(nil)
	s.c.hand.set(handHook)
	defer func() {
		if !returned {
			err = caught(recover())
		}
		probe(err, func(err error) {
			s.c.hand.leave()
			if p.still(s.c) {
				running = p.startDone(s.c, s.w, err)
			}
		})
	}()
	err = p.make(s.c)
	returned = true
	return false
}

// hooks runs the callbacks around start in the order of contract L4.
func (p *process) hooks(c *Context, start func(*Context) error) error {
	if err := p.equip(c); err != nil {
		return err
	}
	failure := p.restartOf()
	if err := p.before(c, failure); err != nil {
		return err
	}
	if err := start(c); err != nil {
		return err
	}
	return p.after(c, failure)
}

// remember notes why the next incarnation is a restart; nil: it is none. Agenda
// only, while the process is down.
func (e *ext) remember(failure *Failure) {
	e.failure.Store(failure)
	row := 0
	if failure != nil {
		row = failure.Restarts
	}
	e.row.Store(int64(row))
	if t := e.ties.Load(); t != nil {
		t.forget()
	}
}

// restartOf is why this incarnation is a restart; nil for a first start.
func (p *process) restartOf() *Failure {
	if e := p.ext.Load(); e != nil {
		return e.failure.Load()
	}
	return nil
}

func (p *process) before(c *Context, failure *Failure) error {
	cb := &p.plan.terms().Callbacks
	switch {
	case failure == nil && cb.BeforeStart != nil:
		return cb.BeforeStart(c)
	case failure != nil && cb.BeforeRestart != nil:
		return cb.BeforeRestart(c, *failure)
	}
	return nil
}

func (p *process) after(c *Context, failure *Failure) error {
	cb := &p.plan.terms().Callbacks
	switch {
	case failure == nil && cb.AfterStart != nil:
		return cb.AfterStart(c)
	case failure != nil && cb.AfterRestart != nil:
		return cb.AfterRestart(c, *failure)
	}
	return nil
}

var errNoReceiver = errors.New("bastion: the factory returned nil")

// make calls the factory and the start hook.
func (p *process) make(c *Context) error {
	if err := p.equip(c); err != nil {
		return err
	}
	user := p.user
	c.hand.set(handHook) // once more: whoever takes the process away comes after this read
	if err := p.startsFaulty(c); err != nil {
		return err
	}
	if user == nil { // otherwise Spawn has made it
		var err error
		if user, err = p.wrapped(c, p.plan.terms().Start.factory()); err != nil {
			return err
		}
		// A factory may have been abandoned: what it made then belongs to nobody.
		c.hand.leave()
		if !p.still(c) {
			return ErrAbandoned
		}
		p.user = user
		c.hand.set(handHook)
	}
	if user == nil {
		return errNoReceiver
	}
	if s, ok := user.(Starter); ok {
		return s.Start(c)
	}
	return nil
}

// startDone turns the outcome of a start into the next state. Owner only.
func (p *process) startDone(c *Context, w *executor.Worker, err error) (running bool) {
	if err != nil {
		p.startFailed(c, w, err)
		return false
	}
	failure := p.restartOf() // read before it is known whose it is: that of a later incarnation stays
	if !p.state.advance(c.inc, phaseRunning) {
		return false
	}
	if failure != nil { // all have heard of it, and its stack may be large
		p.ext.Load().failure.CompareAndSwap(failure, nil)
	}
	if p.plan.loop {
		p.plan.parent.relay(event{kind: eventStarted, id: uint64(p.index), p: p, inc: c.inc})
		return true
	}
	p.plan.parent.post(event{kind: eventStarted, id: uint64(p.index), p: p, inc: c.inc, w: w})
	return true
}

// startFailed ends an incarnation that never ran. Its stop hook does not run: it
// was never started.
func (p *process) startFailed(c *Context, w *executor.Worker, err error) {
	if word := p.state.load(); word&(orderFail|orderSlay) != 0 && cancellation(err) {
		err = p.struckBy(c, word) // which is why its Context was done
	}
	f := fault{reason: err}
	p.outcome(c, f, func(out Outcome) {
		if out == Resume {
			out = RestartChild // there is nothing to resume
		}
		e := &ending{p: p, c: c, w: w, reason: err, outcome: out}
		e.report = p.crash(c, f)
		e.run()
	})
}

// adopt makes a new process run, whose receiver is made and has no start hook.
// Agenda only.
func (p *process) adopt() {
	p.owed = true
	p.state.begin()
	c := &p.first
	c.p, c.inc = p, 1
	p.plan.terms().watch.join(c)
	p.ctx.Store(c)
	p.startedAt(p.sys().clock.Now())
	p.plan.home.find(p.sys())
	p.state.advance(1, phaseRunning)
	if !p.box.Release() || (p.box.HasSys() || p.stored()) && p.box.Own() {
		p.schedule(nil) // somebody found it in the table and told it something
	}
}
