package bastion

import (
	"errors"
	"fmt"
	"slices"
)

// A Receive takes one message on its way to a process. What it returns is what the
// process's own Receive would have returned.
type Receive func(ctx *Context, msg any) error

// A Middleware stands around what processes receive, what they send, or both: in
// the spec of a child, of a supervisor for all processes below it, or of a whole
// system. What is said further out stands further out: the system's, the
// supervisors' from the root down, the child's own, each list in its order. Where
// none is set, nothing is paid.
//
// Receive and Send are called once for every incarnation, before its first hook,
// and what they return is called for every message; so what they keep between
// messages belongs to that incarnation, unless it was made outside. One that fails
// or returns nil is a failed start. A changed spec holds from the next incarnation on.
//
// On receive, told and asked messages, a Down and a trapped Exit look alike, and
// ctx says the rest: Self, Sender, Asked, Header. What is returned without calling
// next is not seen by the process: the message counts as handled, and a question
// that has no answer by then fails with ErrUnanswered; Context.Reject says why not,
// to the asker and to the dead letters. Instead of the message another may be
// passed on; a question that is to stay one must be a changed copy, because its
// token is in it. next is for one call at most, before returning, on the same
// goroutine (ErrNext otherwise). A panic is one of the process.
//
// A loop takes its messages by itself, so there next only hands the message out to
// whoever is in Recv, and returns nil at once: what becomes of it is not seen. An
// error is what Recv returns, with the message in hand, which fails with the loop
// if that returns it. A message that is passed on in place of another is what the
// crash report shows.
type Middleware struct {
	Receive func(next Receive) Receive
	Send    func(next Send) Send
}

var (
	// ErrNext: a middleware called next a second time, after it had returned, or from
	// another goroutine.
	ErrNext = errors.New("bastion: next is for one call, within the middleware's own")
	// ErrDropped: a middleware on the way did not pass the message on, and said no
	// reason. It was not accepted.
	ErrDropped = errors.New("bastion: dropped by a middleware")

	errNilMiddleware = errors.New("bastion: a middleware returned nil for its next")
)

func checkMiddleware(ms []Middleware, f *faults) {
	for i := range ms {
		if ms[i].Receive == nil && ms[i].Send == nil {
			f.add(fmt.Sprintf("Middleware[%d]", i), "has neither Receive nor Send")
		}
	}
}

// layer makes what the base's spec says hold for everything below it.
func (b *base) layer(ms []Middleware) {
	if len(ms) == 0 {
		b.layers.Store(nil)
		return
	}
	b.layers.Store(&ms)
}

// layers are those around the child's processes, outermost first; nil for most.
func (pl *plan) layers() []Middleware {
	var all []Middleware
	for b := pl.parent; b != nil; b = b.parent {
		if ms := b.layers.Load(); ms != nil {
			all = append(slices.Clone(*ms), all...)
		}
	}
	return append(all, pl.terms().Middleware...)
}

// A traffic is what an incarnation needs for middleware and for headers. Its owner
// writes it, what equip writes before any user code runs.
type traffic struct {
	send    Send
	receive Receive // of a loop

	next  bool // the receiving side's next may be called
	given any  // what a loop's middleware handed out

	header Header // of the message in hand when turn is the number of those finished
	turn   uint64
}

// traffic is the incarnation's, made on first use. Owner only.
func (c *Context) traffic() *traffic {
	l := c.more()
	if l.traffic == nil {
		l.traffic = new(traffic)
	}
	return l.traffic
}

// equip composes what stands around an incarnation. It calls user code, so it is
// itself called as that is, before anything else of the incarnation. Owner only.
func (p *process) equip(c *Context) error {
	layers := p.plan.layers()
	if layers == nil {
		return nil
	}
	t := c.traffic()
	if t.send != nil {
		return nil // it was done before the hook before the start
	}
	send, receive := Send(deliver), Receive(t.handOut(c))
	for _, m := range slices.Backward(layers) {
		if m.Send != nil {
			if send = m.Send(send); send == nil {
				return errNilMiddleware
			}
			c.sends = true
		}
		if m.Receive != nil && p.plan.loop {
			if receive = m.Receive(receive); receive == nil {
				return errNilMiddleware
			}
			c.takes = true
		}
	}
	t.send, t.receive = send, receive
	return nil
}
