package bastion

import "context"

// askThrough is an Ask that passes middleware, and then is done by last.
func askThrough[A any](send Send, ctx context.Context, out Outgoing, last func(context.Context, Outgoing) (A, error)) (A, error) {
	var zero, answer A
	out.Verb = VerbAsk
	w := &way{
		last: func(ctx context.Context, out Outgoing) (err error) {
			answer, err = last(ctx, out)
			return err
		},
		answer: func(a any) (fits bool) {
			typed, fits := a.(A)
			if fits {
				answer = typed
			}
			return fits
		},
	}
	if err := w.pass(contextOf(ctx), send, ctx, out); err != nil {
		return zero, err
	}
	return answer, nil
}

// askInside is an Ask that has passed the middleware of its process.
func askInside[A any, Q Question[A]](ctx context.Context, out Outgoing) (A, error) {
	var zero A
	question, ok := out.Message.(Q)
	if !ok {
		return zero, ErrType
	}
	a, err := beginAsk(ctx, out.To)
	if err != nil {
		return zero, err
	}
	return pose[A](ctx, &a, question, out.Header)
}

// askThenThrough is an AskThen that passes the middleware of its process.
func askThenThrough[A any, Q Question[A]](c *Context, to Ref, question Q, then func(ctx *Context, answer A, err error) error) error {
	w := &way{last: func(_ context.Context, out Outgoing) error {
		question, ok := out.Message.(Q)
		if !ok {
			return ErrType
		}
		return poseThen[A](c, out.To, question, out.Header, then)
	}}
	return w.pass(c, c.more().traffic.send, c, Outgoing{To: to, Message: question, Verb: VerbAskThen})
}

// askEachThrough is one question of an AskEach on its way through the middleware of
// its process. It is armed already.
func (c *Context) askEachThrough(ctx context.Context, to *process, e envelope) error {
	w := &way{last: func(ctx context.Context, out Outgoing) error {
		if out.To.p != to {
			return ErrNoProcess
		}
		e.msg = out.Message
		out.Header.onto(&e)
		return to.send(ctx, e)
	}}
	return w.pass(c, c.more().traffic.send, ctx, Outgoing{To: Ref{to}, Message: e.msg, Verb: VerbAskThen})
}

// A Via is a reference with middleware of its own on the way to it, for senders
// that are no processes, or that want it for this receiver only. It is a value, and
// may be used by many goroutines at a time, which its middleware then must bear.
// A process's own middleware stands inside. The zero Via leads to nobody.
type Via struct {
	to   Ref
	send Send
}

// Via puts middleware, the Send part of each, outermost first, on the way to the
// process. It is composed now, once. A Middleware without Send is passed over; one
// that returns nil leads to nobody.
func (r Ref) Via(ms ...Middleware) Via {
	send := Send(deliver)
	for i := len(ms) - 1; i >= 0; i-- {
		if ms[i].Send == nil {
			continue
		}
		if send = ms[i].Send(send); send == nil {
			return Via{}
		}
	}
	return Via{to: r, send: send}
}

// Ref is the plain reference to the same process.
func (v Via) Ref() Ref { return v.to }

// Tell is Ref.Tell through the middleware, and returns also what that says.
func (v Via) Tell(ctx context.Context, msg any) error {
	if msg == nil {
		return ErrNilMessage
	}
	if v.to.p == nil {
		return ErrNoProcess
	}
	w := &way{last: tellOn}
	return w.pass(contextOf(ctx), v.send, someContext(ctx), Outgoing{To: v.to, Message: msg})
}

// tellOn is a Tell that has passed the middleware of a Via, but not yet that of the
// process.
func tellOn(ctx context.Context, out Outgoing) error {
	e := envelope{msg: out.Message}
	out.Header.onto(&e)
	return out.To.p.send(ctx, e)
}

// AskVia is Ask through the middleware of a Via, and returns also what that says.
func AskVia[A any, Q Question[A]](ctx context.Context, via Via, question Q) (A, error) {
	if via.to.p == nil {
		var zero A
		return zero, ErrNoProcess
	}
	return askThrough[A](via.send, someContext(ctx), Outgoing{To: via.to, Message: question}, askOn[A, Q])
}

// askOn is an Ask that has passed the middleware of a Via, but not yet that of the
// process.
func askOn[A any, Q Question[A]](ctx context.Context, out Outgoing) (A, error) {
	if c := contextOf(ctx); c != nil && c.sends && c.filters() {
		return askThrough[A](c.more().traffic.send, ctx, out, askInside[A, Q])
	}
	return askInside[A, Q](ctx, out)
}
