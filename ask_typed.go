package bastion

import "context"

// AskTyped is Ask through a typed door: the question is not boxed. The compiler
// checks that the process takes it, beside the type of the answer. Errors are those
// of Ask; ErrNoQuestion also when Q is an interface.
func AskTyped[A any, Q Question[A]](ctx context.Context, to TypedRef[Q], question Q) (A, error) {
	var zero A
	ctx = someContext(ctx)
	a, err := beginAsk(ctx, to.ref)
	if err != nil {
		return zero, err
	}
	if a.c != nil && a.c.sends && a.c.filters() {
		a.abort()
		return askThrough[A](a.c.more().traffic.send, ctx, Outgoing{To: to.ref, Message: question}, askInside[A, Q])
	}
	msg := laden(to.door, question, &a)
	if msg == nil {
		a.abort()
		return zero, ErrNoQuestion
	}
	answer, err := a.run(ctx, msg, Header{})
	if err != nil {
		return zero, err
	}
	typed, _ := answer.(A)
	return typed, nil
}

// AskThenTyped is AskThen through a typed door.
func AskThenTyped[A any, Q Question[A]](ctx *Context, to TypedRef[Q], question Q, then func(ctx *Context, answer A, err error) error) error {
	if err := ctx.mayAskThen(then == nil); err != nil {
		return err
	}
	if ctx.sends && ctx.filters() {
		return askThenThrough[A](ctx, to.ref, question, then)
	}
	a, err := beginAskThen(ctx, to.ref)
	if err != nil {
		return err
	}
	a.q.then = continuationOf[A](then)
	msg := laden(to.door, question, &a)
	if msg == nil {
		a.abortThen()
		return ErrNoQuestion
	}
	return a.sendThen(msg, Header{})
}

// laden puts the question into a vessel, armed with its token: nil, if it has no
// room for one. A vessel that is refused at the door is left to the garbage collector.
func laden[Q any](d *door[Q], question Q, a *asking) any {
	v := d.vessels.Get().(*vessel[Q])
	v.v = question
	token, ok := any(&v.v).(armer)
	if !ok {
		v.empty()
		return nil
	}
	token.arm(a.q, a.gen)
	a.kind = kindVessel
	return v
}
