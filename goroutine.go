package bastion

import (
	"context"
	"runtime/pprof"

	"github.com/bastion-go/bastion/internal/goid"
)

// goLabel marks the goroutines of ctx.Go in profiles, as loopLabel does loops.
const goLabel = "bastion.go"

// Go runs f on a goroutine owned by this incarnation, with a Context of its own
// (contract L5): its error or panic fails the incarnation, and the incarnation
// has ended only when all such goroutines have returned or were abandoned. It is
// a sender of its own. ErrEnded, or ErrStopping when the incarnation is ending; ErrNilFunc
// when f is nil.
func (c *Context) Go(f func(ctx *Context) error) error {
	if c.ended() {
		return ErrEnded
	}
	if f == nil {
		return ErrNilFunc
	}
	l := c.more()
	if !l.enter() {
		return ErrStopping
	}
	// An end that found no life has nothing to wait for: it cancels before it looks,
	// we look after there was one to find.
	if c.ended() || c.cancelled.Load() && phaseOf(c.p.state.load()) == phaseEnding {
		if last := l.leave(); last != nil {
			last()
		}
		return ErrStopping
	}
	sub := &Context{p: c.p, inc: c.inc, kind: contextGo, sends: c.sends, own: new(ownGoroutine)}
	sub.life.Store(l)
	if s := c.p.sys().seeded; s != nil {
		s.Go("ctx.Go of "+c.label(), func() { sub.run(l, f) })
		return nil
	}
	go sub.run(l, f)
	return nil
}

func (c *Context) run(l *life, f func(ctx *Context) error) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(goLabel, c.label())))
	c.own.g.Store(goid.Self())
	contain(func() error { return f(c) }, func(err error) {
		c.own.g.Store(0) // the runtime reuses identities
		if err != nil && !c.excused(err) {
			err, _ = intended(err)
			l.fail(err)
			if c.p.state.condemn(c.inc, orderFail) {
				c.struck(err)
			}
		}
		if last := l.leave(); last != nil {
			last()
		}
	})
}

// excused reports whether err only says that the process was told to end.
func (c *Context) excused(err error) bool {
	w := c.p.state.load()
	told := c.ended() || phaseOf(w) == phaseEnding || w&(orderStop|orderKill) != 0
	return told && cancellation(err)
}

// enter counts a goroutine in, unless the incarnation is ending.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sealed {
		return false
	}
	l.running++
	return true
}

// busy reports whether goroutines of the incarnation are running.
func (c *Context) busy() bool {
	l := c.life.Load()
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running > 0
}

// leave counts a goroutine out and returns what the last one has to do.
func (l *life) leave() (last func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running--
	if l.running == 0 {
		last, l.waiting = l.waiting, nil
	}
	return last
}

// fail keeps the first failure.
func (l *life) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = &fault{reason: err}
	}
}

func (l *life) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		return nil
	}
	return l.fault.reason
}

// await admits no more goroutines and calls then when none is left: at once
// (true), or later from the last one (false).
func (l *life) await(then func()) (now bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
	if l.running == 0 {
		return true
	}
	l.waiting = then
	return false
}

// haunt calls gone when the last of the deserted goroutines has returned. False:
// it has already.
func (l *life) haunt(gone func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running == 0 {
		return false
	}
	l.waiting = gone
	return true
}

// desert takes the wait of await away from the goroutines that have not
// returned, and says how many they are. Nil: nobody waits.
func (l *life) desert() (then func(), left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	then, l.waiting = l.waiting, nil
	return then, l.running
}
