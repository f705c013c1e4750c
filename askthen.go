package bastion

import "github.com/bastion-go/bastion/executor"

// AskThen sends the question and returns at once; then runs later in the asking
// process, between messages, with the answer or the error that Ask would have
// returned. A handler that asks this way serves its mailbox meanwhile, and no
// ring of asks can deadlock. If then fails, so does the process. When the asking
// incarnation ends first, then is not called and the answer goes nowhere.
//
// Only for handlers, on their own goroutine (ErrNotHandler); a loop can simply
// Ask, or do so in a ctx.Go. ErrNilFunc: then is nil. Errors of the send itself are returned, and then is
// not called.
func AskThen[A any, Q Question[A]](ctx *Context, to Ref, question Q, then func(ctx *Context, answer A, err error) error) error {
	if err := ctx.mayAskThen(then == nil); err != nil {
		return err
	}
	if ctx.sends && ctx.filters() {
		return askThenThrough[A](ctx, to, question, then)
	}
	return poseThen[A](ctx, to, question, Header{}, then)
}

// poseThen sends the question.
func poseThen[A any, Q Question[A]](ctx *Context, to Ref, question Q, h Header, then func(ctx *Context, answer A, err error) error) error {
	a, err := beginAskThen(ctx, to)
	if err != nil {
		return err
	}
	a.q.then = continuationOf[A](then)
	msg := armed[A](question, a.q, a.gen)
	if msg == nil {
		a.abortThen()
		return ErrNoQuestion
	}
	return a.sendThen(msg, h)
}

func (c *Context) mayAskThen(without bool) error {
	switch {
	case c == nil || c.kind != contextHandler || !c.mine():
		return ErrNotHandler
	case c.ended():
		return ErrEnded
	case without:
		return ErrNilFunc
	}
	return nil
}

// continuationOf is a func value, which fits an interface without being boxed.
type continuationOf[A any] func(ctx *Context, answer A, err error) error

func (f continuationOf[A]) run(c *Context, answer any, err error) error {
	typed, _ := answer.(A)
	return f(c, typed, err)
}

func beginAskThen(c *Context, to Ref) (asking, error) {
	p := to.p
	if p == nil {
		return asking{}, ErrNoProcess
	}
	sys := p.sys()
	if !sys.begun() {
		return asking{}, ErrNotStarted
	}
	_, l, _ := origin(c)
	a := asking{to: p, c: c, q: sys.questionFor(l)}
	a.q.owner, a.q.inc = c.p, c.inc
	a.gen = a.q.open()
	a.q.lasts(c)
	return a, nil
}

func (a *asking) sendThen(msg any, h Header) error {
	e := envelope{msg: msg, q: a.q, gen: a.gen, kind: a.kind}
	h.onto(&e)
	err := a.to.send(a.c, e)
	if err != nil {
		a.abortThen()
	}
	return err
}

func (a *asking) abortThen() { _, _ = a.q.takeThen(nil) }

// deliver hands a done question to the process that asked it, on the system lane.
// If that is gone for good, there is nobody to tell.
func (q *question) deliver(w *executor.Worker, gen uint32) {
	p := q.owner
	q.note.Value = envelope{kind: kindAnswer, q: q, gen: gen}
	switch p.box.PushSys(&q.note) {
	case pushedFirst:
		if w != nil && w.Executor() != p.sys().exec {
			w = nil // answered by a process of another system
		}
		p.schedule(w)
	case pushedClosed:
		_, _ = q.takeThen(nil)
	}
}

// takeThen empties a question of AskThen and gives it back for reuse.
func (q *question) takeThen(l *local) (any, error) {
	q.then, q.owner = nil, nil
	return q.take(l)
}
