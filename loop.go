package bastion

import (
	"context"
	"errors"
	"log/slog"
	"runtime/pprof"
	"strconv"

	"github.com/bastion-go/bastion/internal/goid"
)

// loopLabel marks a loop's goroutine in profiles, with path and incarnation.
const loopLabel = "bastion.process"

func (c *Context) label() string { return c.p.path() + "@" + strconv.Itoa(int(c.inc)) }

// newLoopContext makes the Context of a loop's incarnation, and what it has of its
// own, in one piece.
func newLoopContext() *Context {
	l := &struct {
		Context
		own ownGoroutine
	}{own: ownGoroutine{loop: loopLocal{wake: make(chan struct{}, 1)}}}
	l.kind, l.Context.own = contextLoop, &l.own
	return &l.Context
}

// beginLoop starts the goroutine of a loop's next incarnation. Agenda only.
func (p *process) beginLoop(c *Context) {
	sys := p.sys()
	// Made here, because making labels is deep in stack, and a goroutine's stack
	// that has grown once stays so: a loop is to live in 2 KiB.
	c.own.loop.labels = pprof.WithLabels(context.Background(), pprof.Labels(loopLabel, c.label()))
	c.own.loop.sys = sys.lender()
	c.own.loop.nodes = sys.depot.Cache()
	sys.books.enlist(&c.own.loop.local)
	p.more().loop = &c.own.loop
	if sys.seeded != nil {
		sys.seeded.Go(c.label(), func() { p.loop(c) })
		return
	}
	go p.loop(c)
}

// loop is the goroutine of one incarnation. It owns the process while it runs.
func (p *process) loop(c *Context) {
	pprof.SetGoroutineLabels(c.own.loop.labels)
	c.own.loop.labels = nil
	c.own.g.Store(goid.Self())
	defer func() {
		c.own.g.Store(0) // the runtime reuses identities
		p.sys().books.retire(&c.own.loop.local)
	}()
	if p.loopBefore(c) && (p.plan.terms().WaitReady || p.loopReady(c)) {
		p.runLoop(c)
	}
}

// loopBefore runs the callback before the start.
func (p *process) loopBefore(c *Context) (ok bool) {
	if !p.plan.terms().hooked && p.sys().faults == nil && p.plan.layers() == nil {
		return true
	}
	p.visit(c, func() error { return p.loopHooks(c) }, func(err error) {
		if ok = err == nil; !ok {
			p.startFailed(c, nil, err)
		}
	})
	return ok
}

func (p *process) loopHooks(c *Context) error {
	if err := p.equip(c); err != nil {
		return err
	}
	if err := p.before(c, p.restartOf()); err != nil {
		return err
	}
	return p.startsFaulty(c)
}

// loopReady runs the callback after the start and makes the loop count as started.
func (p *process) loopReady(c *Context) (ok bool) {
	if !p.plan.terms().hooked {
		return p.startDone(c, nil, nil)
	}
	p.visit(c, func() error { return p.after(c, p.restartOf()) }, func(err error) {
		ok = p.startDone(c, nil, err)
	})
	return ok
}

// Ready tells the supervisor that a loop whose spec has WaitReady has started,
// after the callback for that has run. Further calls, and calls by others, do nothing.
func (c *Context) Ready() {
	p := c.p
	if c.kind != contextLoop || !c.mine() || c.ended() || phaseOf(p.state.load()) != phaseStarting {
		return
	}
	if err := p.after(c, p.restartOf()); err != nil {
		// The loop is in the middle of its function, so it is told to end; what it
		// returns is then a failed start.
		err = sound(err)
		c.more().fail(err)
		if p.state.condemn(c.inc, orderFail) {
			c.struck(err)
		}
		return
	}
	p.startDone(c, nil, nil)
}

// runLoop is the life proper.
func (p *process) runLoop(c *Context) {
	c.cur.Store(nil)
	c.hand.set(handHook)
	contain(func() error { return p.plan.terms().Start.loop(c) }, func(err error) {
		c.hand.leave()
		if !p.still(c) {
			return
		}
		p.loopEnded(c, err)
	})
}

// loopEnded ends the incarnation of a loop whose function has returned.
func (p *process) loopEnded(c *Context, err error) {
	word := p.state.load()
	struck := word&(orderFail|orderSlay) != 0
	told := !struck && (word&orderStop != 0 && c.silence() == nil || word&orderKill != 0)
	if phaseOf(word) == phaseStarting && !told {
		if struck {
			err = p.struckBy(c, word)
		} else if err == nil {
			err = errNotReady
		}
		p.dropInHand(c, err)
		p.startFailed(c, nil, err)
		return
	}
	switch {
	case struck && !violent(err):
		err = p.struckBy(c, word)
	case told && !violent(err):
		// What it says no longer matters: it was told to end, and it did.
		if !cancellation(err) {
			p.sys().note(slog.LevelWarn, "bastion: loop returned an error after it was told to stop", "path", p.path(), "error", err)
		}
		p.doneInHand(c)
		e := &ending{p: p, c: c, reason: ErrShutdown}
		if word&orderKill != 0 {
			e.reason = ErrKilled
		}
		e.run()
		return
	case err == nil:
		p.doneInHand(c)
		(&ending{p: p, c: c}).run()
		return
	}
	f := fault{reason: err}
	if err, _ = intended(err); orderly(err) {
		p.doneInHand(c)
	} else {
		f.message = p.dropInHand(c, err)
	}
	p.fail(c, nil, f, true) // the function has returned: there is nothing to resume
}

var errNotReady = errors.New("bastion: loop returned without calling Ready")
