package middleware

import (
	"cmp"
	"context"
	"time"

	"github.com/bastion-go/bastion"
)

// TraceParent is the key under which a trace travels, if nothing else is said: that of W3C Trace Context.
const TraceParent = "traceparent"

// A Span is one handling or one sending of a message, about to begin.
type Span struct {
	Parent  string       // the trace it belongs to, as a Tracer gave it out; empty: none yet
	Process bastion.Ref  // who received it, or sends it; zero: from outside
	To      bastion.Ref  // of what is sent
	Message any          // for its type
	Sent    bool         // it is sent; otherwise received
	Verb    bastion.Verb // by which it is sent
	Time    time.Time    // on the system's clock
}

// A Tracer is what a tracing library is made to be. Begin returns what names the span to others, a traceparent for example, and
// what ends it; end may be nil. It is called by many goroutines at a time.
type Tracer interface {
	Begin(span Span) (id string, end func(err error))
}

// Tracing makes a span of each message that is handled and each that is sent. The name of a span travels beside the message, and
// becomes the parent of what is sent while it is handled, on the process's own goroutine.
type Tracing struct {
	Tracer Tracer // nil is no middleware
	Key    string // in the header. Empty: TraceParent
}

// Middleware is it for both sides.
func (t Tracing) Middleware() bastion.Middleware {
	if t.Tracer == nil {
		return bastion.Middleware{}
	}
	t.Key = cmp.Or(t.Key, TraceParent)
	return bastion.Middleware{Receive: t.receive, Send: t.send}
}

func (t Tracing) receive(next bastion.Receive) bastion.Receive {
	return func(ctx *bastion.Context, msg any) (err error) {
		h := ctx.Header()
		id, end := t.Tracer.Begin(Span{Parent: h.Value(t.Key), Process: ctx.Self(), Message: msg, Time: ctx.System().Clock().Now()})
		ctx.Carry(h.With(t.Key, id))
		if end != nil {
			err = ErrTorn
			defer func() { end(err) }()
		}
		err = next(ctx, msg)
		return err
	}
}

func (t Tracing) send(next bastion.Send) bastion.Send {
	return func(ctx context.Context, out bastion.Outgoing) (err error) {
		s := Span{Parent: out.Header.Value(t.Key), To: out.To, Message: out.Message, Sent: true, Verb: out.Verb, Time: out.To.System().Clock().Now()}
		if out.By != nil {
			s.Process = out.By.Self()
			s.Parent = cmp.Or(s.Parent, out.By.Header().Value(t.Key))
		}
		id, end := t.Tracer.Begin(s)
		out.Header = out.Header.With(t.Key, id)
		if end != nil {
			err = ErrTorn
			defer func() { end(err) }()
		}
		err = next(ctx, out)
		return err
	}
}
