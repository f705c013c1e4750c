package bastion

import (
	"context"
	"time"
)

// An attention is a context that lasts as long as somebody waits for the answer to
// one use of a question.
type attention struct {
	gen uint32
	ctx context.Context
	end context.CancelFunc
}

// Asking is a context for the work on the question in hand. It is derived from c,
// so what is done with it is done by the process; it has the deadline of the
// context that was given to Ask, on the system's clock; and it is done when nobody
// waits for the answer here any more: the asker has given up, or has its answer,
// or the question was forwarded. What is asked with it in turn has so much time
// left and no more. It may be used by other goroutines and outlives the message in
// hand if the question is held.
//
// When the message in hand was told, or none is in hand, it is c itself. Only on
// the process's own goroutine; elsewhere, too, it is c itself.
func (c *Context) Asking() context.Context {
	n := c.inHand()
	if n == nil || n.Value.q == nil {
		return c
	}
	q, gen := n.Value.q, n.Value.gen
	l := c.more()
	if a := l.attends(q, gen); a != nil {
		return a
	}
	ctx, end := c.lasting(time.Duration(q.until.Load()))
	if !q.has(&n.Value) {
		end()
		return ctx
	}
	l.attend(q, attention{gen: gen, ctx: ctx, end: end})
	q.keeper.Store(l)
	if !q.has(&n.Value) {
		// Whoever resolves it looks for its keeper afterwards, we look at it after we
		// became that: at least one of us ends the context.
		l.letGo(q, gen)
		end()
	}
	return ctx
}

// lasting derives a context that ends at a time on the system's clock, if that is
// not zero.
func (c *Context) lasting(until time.Duration) (context.Context, context.CancelFunc) {
	if until == 0 {
		return context.WithCancel(c)
	}
	sys := c.p.sys()
	return sys.Timeout(c, until-time.Duration(sys.clock.Now().UnixNano()))
}

// lasts notes until when the asker waits.
func (q *question) lasts(ctx context.Context) {
	var at uint64
	if deadline, ok := ctx.Deadline(); ok {
		at = uint64(deadline.UnixNano())
	}
	if q.until.Load() != at {
		q.until.Store(at)
	}
}

func (l *life) attend(q *question, a attention) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked == nil {
		l.asked = make(map[*question]attention)
	}
	l.asked[q] = a
}

// attends is the context for that use of the question; nil if there is none.
func (l *life) attends(q *question, gen uint32) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if a, ok := l.asked[q]; ok && a.gen == gen {
		return a.ctx
	}
	return nil
}

// unattend forgets it and returns what ends it, which must not be called under mu:
// package context asks the Context that it was derived from.
func (l *life) unattend(q *question, gen uint32) context.CancelFunc {
	a, ok := l.asked[q]
	if !ok || a.gen != gen {
		return nil
	}
	delete(l.asked, q)
	return a.end
}
