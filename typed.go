package bastion

import (
	"context"
	"fmt"
	"sync"
)

// A TypedReceiver is a Receiver for one type of message. Through a TypedRef its
// values travel without being boxed: sending one allocates nothing.
type TypedReceiver[M any] interface {
	Receive(ctx *Context, msg M) error
}

// A TypedReceiverFunc is a TypedReceiver without state of its own.
type TypedReceiverFunc[M any] func(ctx *Context, msg M) error

// Receive calls f.
func (f TypedReceiverFunc[M]) Receive(ctx *Context, msg M) error { return f(ctx, msg) }

// A door is where values of one type enter a kind of process: the vessels they
// travel in, which the receiver gives back. sync.Pool keeps them by processor;
// a Tell and its Receive mostly share one.
type door[M any] struct{ vessels sync.Pool }

// A vessel carries one value. As a pointer it goes into a message as it is. The
// slice gives it back when it is sure that the message was handled: whoever
// abandons a handler, and the report of one that failed, still read it.
type vessel[M any] struct {
	v    M
	door *door[M]
}

func (v *vessel[M]) empty() {
	var zero M
	v.v = zero
	v.door.vessels.Put(v)
}

func (v *vessel[M]) plain() any { return v.v }

// plain is the message as its sender meant it, for reports and dead letters and
// for passing it on: vessels do not leave their door.
func plain(msg any) any {
	if v, ok := msg.(interface{ plain() any }); ok {
		return v.plain()
	}
	return msg
}

// HandleTyped is Handle for a handler that takes one type of message. Messages
// of that type that come through the plain door are handled as well, others are
// unhandled (see Context.Unhandled). Start and stop hooks are those of Handle.
//
// That goes for a Down and a trapped Exit, too: only a handler whose M they are
// (any, for example) gets them. One that is to monitor or trap is better made by
// Handle, which can be told values of all types.
func HandleTyped[M any](factory func() TypedReceiver[M]) Behavior {
	if factory == nil {
		return Behavior{}
	}
	d := &door[M]{}
	d.vessels.New = func() any { return &vessel[M]{door: d} }
	return Behavior{takes: d, factory: func() Receiver {
		inner := factory()
		if inner == nil {
			return nil
		}
		return adapt(d, inner)
	}}
}

// adapt wraps a typed receiver, with those hooks that it has.
func adapt[M any](d *door[M], inner TypedReceiver[M]) Receiver {
	r := &typedReceiver[M]{door: d, inner: inner}
	starter, starts := inner.(Starter)
	stopper, stops := inner.(Stopper)
	switch {
	case starts && stops:
		return struct {
			*typedReceiver[M]
			Starter
			Stopper
		}{r, starter, stopper}
	case starts:
		return struct {
			*typedReceiver[M]
			Starter
		}{r, starter}
	case stops:
		return struct {
			*typedReceiver[M]
			Stopper
		}{r, stopper}
	}
	return r
}

type typedReceiver[M any] struct {
	door  *door[M]
	inner TypedReceiver[M]
}

func (r *typedReceiver[M]) Receive(ctx *Context, msg any) error {
	switch m := msg.(type) {
	case *vessel[M]:
		return r.inner.Receive(ctx, m.v)
	case M:
		return r.inner.Receive(ctx, m)
	}
	return ctx.Unhandled()
}

// A TypedRef is a Ref that takes one type of message. The zero TypedRef refers
// to nobody.
type TypedRef[M any] struct {
	ref  Ref
	door *door[M]
}

// Typed opens the typed door of a process. ErrType if the process was not made
// by HandleTyped for M; ErrNoProcess for the zero Ref.
func Typed[M any](r Ref) (TypedRef[M], error) {
	if r.p == nil {
		return TypedRef[M]{}, ErrNoProcess
	}
	d, ok := r.p.plan.takes.(*door[M])
	if !ok {
		var m M
		return TypedRef[M]{}, fmt.Errorf("%w than %T: %s", ErrType, m, r.p.path())
	}
	return TypedRef[M]{ref: r, door: d}, nil
}

// Ref is the plain reference to the same process.
func (r TypedRef[M]) Ref() Ref { return r.ref }

// Tell is Ref.Tell without boxing.
func (r TypedRef[M]) Tell(ctx context.Context, msg M) error {
	if r.ref.p == nil {
		return ErrNoProcess
	}
	v := r.door.vessels.Get().(*vessel[M])
	v.v = msg
	if err := r.ref.p.send(ctx, envelope{msg: v, kind: kindVessel}); err != nil {
		v.empty()
		return err
	}
	return nil
}
