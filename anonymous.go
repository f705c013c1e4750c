package bastion

import "context"

// Anonymous returns a context for calls that do not say who makes them: with it,
// and with what is derived from it, the receiver's Sender is the zero Ref, as it is
// for a call from outside. In all else it is ctx: it ends with it, and a call still
// counts as one of the process that ctx belongs to, for its order, for its fence
// (ErrEnded) and for rings of asks. Replies carry no sender in any case: whoever
// asks knows whom.
//
// With a ctx from outside, from which calls are anonymous anyway, it changes nothing.
func Anonymous(ctx context.Context) context.Context {
	if contextOf(ctx) == nil {
		return someContext(ctx)
	}
	return anonymous{ctx}
}

// anonymous is a context under which envelopes get no sender.
type anonymous struct{ context.Context }

// anonymousKey finds out whether a context is, or is derived from, one of those.
type anonymousKey struct{}

func (a anonymous) Value(k any) any {
	if _, ours := k.(anonymousKey); ours {
		return a
	}
	return a.Context.Value(k)
}

// names reports whether a call with ctx says that it is c's.
func (c *Context) names(ctx context.Context) bool {
	return ctx == context.Context(c) || ctx.Value(anonymousKey{}) == nil
}
