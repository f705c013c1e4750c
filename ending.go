package bastion

import (
	"errors"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// An ending is the end of one incarnation, done step by step by its owner: stop
// hook, cancel, wait for its goroutines, last step, report. The owner may lose
// the process to abandonment at every step that runs user code or waits.
type ending struct {
	p       *process
	c       *Context
	w       *executor.Worker // the caller's, if it is one
	reason  error
	outcome Outcome
	report  *CrashReport // nil: no failure
	hook    bool         // the stop hook is to run
}

// obey ends the incarnation as ordered. Owner only.
func (p *process) obey(c *Context, w *executor.Worker) {
	e := &ending{p: p, c: c, w: w, reason: ErrShutdown, hook: true}
	switch word := p.state.load(); {
	case word&orderSlay != 0:
		p.fail(c, w, fault{reason: ErrKilled}, true)
		return
	case word&orderFail != 0:
		p.fail(c, w, fault{reason: c.more().failure()}, true)
		return
	case word&orderKill != 0:
		e.reason, e.hook = ErrKilled, false
	}
	e.run()
}

// fail ends the incarnation because user code failed, or meant to end it, unless
// a condition says Resume and the code was not torn out of the middle of
// something. Owner only.
func (p *process) fail(c *Context, w *executor.Worker, f fault, forced bool) (resumed bool) {
	if word := p.state.load(); !forced && cancellation(f.reason) && word&ordersMask != 0 {
		if word&(orderFail|orderSlay) == 0 {
			p.obey(c, w) // it was told to end, and that is what it says
			return false
		}
		f.reason, forced = p.struckBy(c, word), true
	}
	reason, meant := intended(f.reason)
	f.reason, forced = reason, forced || meant
	p.outcome(c, f, func(out Outcome) {
		if out == Resume {
			if !forced && p.state.load()&ordersMask == 0 {
				resumed = true
				return
			}
			out = RestartChild
		}
		e := &ending{p: p, c: c, w: w, reason: f.reason, outcome: out, hook: p.state.load()&orderKill == 0}
		switch classify(f.reason) {
		case supervise.ClassNormal:
			e.reason = nil
		case supervise.ClassAbnormal:
			e.report = p.crash(c, f)
		}
		e.run()
	})
	return resumed
}

// struckBy is why an incarnation ends that an exit signal, or the failure of one
// of its goroutines, has bound to end.
func (p *process) struckBy(c *Context, word uint64) error {
	if word&orderSlay != 0 {
		return ErrKilled
	}
	return c.more().failure()
}

// A failing is a failure that is being dealt with: should that hang, whoever
// abandons the incarnation still knows why it failed first.
type failing struct {
	c   *Context
	f   fault
	out Outcome
}

// outcome asks the conditions, some of which are user code, and hands the answer
// on. If the process is lost meanwhile, nobody is called.
func (p *process) outcome(c *Context, f fault, then func(Outcome)) {
	last := &failing{c: c, f: f}
	p.more().last = last
	if len(p.plan.terms().conditions) == 0 {
		then(0)
		return
	}
	failure := p.failureOf(c, f)
	var out Outcome
	p.visit(c, func() error {
		defer p.patience(c).Stop()
		out = choose(p.plan.terms().conditions, failure)
		return nil
	}, func(err error) {
		last.out = out // not before: whoever abandons the incarnation during a Match reads it
		if err != nil {
			p.sys().note(slog.LevelError, "bastion: a condition's Match failed", "path", failure.Path, "error", err)
		}
		then(out)
	})
}

// patience bounds conditions, which nobody else does: a Match that takes longer
// than the shutdown time has its incarnation killed.
func (p *process) patience(c *Context) executor.Timer {
	d := p.plan.terms().shutdown()
	switch d {
	case BrutalKill:
		d = defaultShutdown // that is about stops
	case UnlimitedShutdown:
		return unlimited{}
	}
	return p.sys().clock.AfterFunc(d, func() {
		p.plan.parent.post(event{kind: eventStuck, id: uint64(p.index), p: p, inc: c.inc})
	})
}

// unlimited is a timer that never fires.
type unlimited struct{}

func (unlimited) Stop() bool { return true }

func (c *Condition) holds(f Failure) bool {
	return f.Restarts >= c.Attempts && (c.Is == nil || errors.Is(f.Reason, c.Is)) && (c.Match == nil || c.Match(f))
}

// failureOf is what conditions and the next incarnation's callbacks are told.
// Restarts counts those in a row so far.
func (p *process) failureOf(c *Context, f fault) Failure {
	out := Failure{Path: p.path(), Ref: Ref{p}, Incarnation: uint64(c.inc), Reason: f.reason, Message: f.message}
	if e := p.ext.Load(); e != nil {
		out.Restarts = int(e.row.Load())
		if h := p.plan.terms().backoff.Healthy; h > 0 && p.uptime() >= h {
			out.Restarts = 0 // the row ended with this life
		}
	}
	return out
}

// visit runs a piece of user code as a hook of the process: contained, with the
// hand full, so that it can be abandoned. then is called if the process is still
// the caller's.
func (p *process) visit(c *Context, f func() error, then func(error)) {
	c.cur.Store(nil)
	c.hand.set(handHook)
	contain(f, func(err error) {
		c.hand.leave()
		if !p.still(c) {
			return
		}
		then(err)
	})
}

// still reports whether the owner, having left user code, still is the owner.
func (p *process) still(c *Context) bool {
	if p.state.settle(c.inc) {
		return true
	}
	c.hand.v.Store(handGone) // before the list is looked at; see abandoned
	p.sys().returned(c)
	return false
}

func (e *ending) run() {
	if !e.p.state.advance(e.c.inc, phaseEnding) {
		return
	}
	stopper, ok := e.p.user.(Stopper)
	if (e.hook && ok || e.c.busy()) && e.p.state.load()&(orderStop|orderKill) == 0 {
		// Nobody told it to end, so perhaps nobody has set its shutdown time running.
		e.p.plan.parent.post(event{kind: eventEnding, id: uint64(e.p.index), p: e.p, inc: e.c.inc})
	}
	if !e.hook || !ok {
		e.cancel()
		return
	}
	why := e.reason
	if why == nil {
		why = ErrNormal
	}
	e.p.visit(e.c, func() error { return stopper.Stop(e.c, why) }, func(err error) {
		if err != nil {
			e.p.sys().note(slog.LevelError, "bastion: stop hook failed", "path", e.p.path(), "error", err)
		}
		e.cancel()
	})
}

// cancel makes the Context done and waits for the incarnation's goroutines, the
// last of which goes on.
func (e *ending) cancel() {
	e.c.cancel(e.reason)
	if l := e.c.life.Load(); l != nil {
		l.tell()
		if !l.await(func() { e.w = nil; e.finish() }) {
			return
		}
	}
	e.finish()
}

// finish is the last step: from here on everything of this incarnation is
// refused, and the process belongs to its supervisor's agenda.
func (e *ending) finish() {
	p := e.p
	up := e.uptime()
	if err := e.c.silence(); err != nil && e.report == nil {
		// Whatever was ordered since.
		f := fault{reason: err}
		e.reason, e.outcome, e.report = err, p.unasked(e.c, f), p.crash(e.c, f)
	}
	if !p.state.end(e.c.inc) {
		return
	}
	p.clear(e.c, e.reason)
	p.sys().point()
	ev := event{
		kind: eventExited, id: uint64(p.index), p: p, inc: e.c.inc, w: e.w,
		reason: e.reason, outcome: e.outcome, report: e.report, up: up,
	}
	if p.part(e.c.inc, e.reason).say(&ev) {
		p.plan.parent.post(ev)
	}
	if e.w != nil {
		p.plan.sys.journal.workOff(e.w)
	}
}

// uptime is how long the incarnation has lived. A report knows already, and every
// look at a clock is felt in a restart.
func (e *ending) uptime() time.Duration {
	if e.report != nil {
		return e.report.Uptime
	}
	return e.p.uptime()
}

// clear drops what belonged to an incarnation that is down.
func (p *process) clear(c *Context, reason error) {
	p.user = nil
	c.cur.Store(nil)
	if l := c.life.Load(); l != nil {
		err := error(&FailedError{Path: p.path(), Reason: reason})
		if reason == nil {
			err = ErrUnanswered // a normal end is no failure
		}
		l.failHeld(err)
	}
}

// startedAt notes the beginning of an incarnation.
func (p *process) startedAt(t time.Time) { p.since.Store(t.UnixNano()) }
