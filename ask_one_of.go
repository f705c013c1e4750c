package bastion

import (
	"context"
	"errors"
	"iter"
)

// AskOneOf offers the question to one process after the other until one accepts it,
// and then waits for that one's answer or error, as Ask does; From says whose it is.
// Nobody else is asked then, whatever comes of it: at most one process gets the
// question (contract D1). It is for whoever has several that are equally good, in
// the order in which they are to be tried; no more of them are asked for than needed.
//
// If none accepts it, Err joins what each has answered, and From is the zero Ref;
// ErrNoProcess if there is nobody to offer it to. The end of ctx, or of the caller's incarnation, ends
// the search.
func AskOneOf[A any, Q Question[A]](ctx context.Context, to iter.Seq[Ref], question Q) Answer[A] {
	ctx = someContext(ctx)
	var refused []error
	for r := range to {
		value, accepted, err := offer[A](ctx, r, question)
		if accepted || err == nil {
			return Answer[A]{From: r, Value: value, Err: err}
		}
		if errors.Is(err, ErrEnded) || errors.Is(err, ErrNoQuestion) || ctx.Err() != nil {
			return Answer[A]{Err: err}
		}
		refused = append(refused, err)
	}
	if refused == nil {
		return Answer[A]{Err: ErrNoProcess}
	}
	return Answer[A]{Err: errors.Join(refused...)}
}

// offer is Ask that also tells whether the question was accepted.
func offer[A any, Q Question[A]](ctx context.Context, to Ref, question Q) (value A, accepted bool, err error) {
	a, err := beginAsk(ctx, to)
	if err != nil {
		return value, false, err
	}
	if a.c == nil || !a.c.sends || !a.c.filters() {
		value, err = pose[A](ctx, &a, question, Header{})
		return value, a.sent, err
	}
	a.abort()
	last := func(ctx context.Context, out Outgoing) (A, error) {
		var zero A
		passed, ok := out.Message.(Q)
		if !ok {
			return zero, ErrType
		}
		b, err := beginAsk(ctx, out.To)
		if err != nil {
			return zero, err
		}
		answer, err := pose[A](ctx, &b, passed, out.Header)
		accepted = accepted || b.sent
		return answer, err
	}
	value, err = askThrough[A](a.c.more().traffic.send, ctx, Outgoing{To: to, Message: question}, last)
	return value, accepted, err
}
