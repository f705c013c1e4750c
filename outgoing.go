package bastion

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/bastion-go/bastion/internal/goid"
)

// A Send passes one message on to its receiver. What it returns is what the
// sender's verb returns: of a Tell, or an AskThen, nil once the message was
// accepted; of an Ask nil once there is an answer.
//
// ctx is the one that the verb was given, or one derived from it: whose call it is,
// and for an Ask how long it waits. A middleware can pass another one on that is
// derived from that.
//
// A middleware on send sees what a process tells, asks and broadcasts, a send for
// each receiver; not its replies, what it forwards, and what the runtime sends for
// it. What a middleware sends itself, on the goroutine that it is called on, does
// not pass it again. It may answer in place of the receiver (Outgoing.Answer), or
// return an error: then the message was not accepted, and nothing of it is in the
// books. If it returns nil without either, the sender gets ErrDropped, and so do
// the dead letters. Once a told message was accepted the sender is told so, whatever
// the middleware returns; it may pass an Ask on again when next has returned an
// error, which makes it another question. next is for the goroutine it was called
// on, before returning. A panic is a *PanicError for the sender, and logged; the
// message that was accepted before it stays accepted.
type Send func(ctx context.Context, out Outgoing) error

// An Outgoing is a message that is being sent, as middleware sees and changes it
// before it passes it on.
type Outgoing struct {
	To      Ref      // its receiver; of an AskEach it must stay
	Message any      // of an Ask it must stay of its type
	Header  Header   // travels with it, in place of what else would
	Verb    Verb     // what it is sent by
	By      *Context // whose call it is; nil: it comes from outside

	way *way
}

// A Verb is what a message is sent by.
type Verb uint8

const (
	// VerbTell is Ref.Tell or TypedRef.Tell.
	VerbTell Verb = iota
	// VerbAsk is Ask: next returns when it was answered, or has failed.
	VerbAsk
	// VerbAskThen is AskThen, or one of many by an AskEach: next returns when the
	// question was accepted.
	VerbAskThen
	// VerbBroadcast is one of many by a Broadcast.
	VerbBroadcast
)

func (v Verb) String() string { return pick(int(v), "tell", "ask", "ask then", "broadcast") }

// Answer answers an Ask in place of its receiver; the middleware then returns nil
// without calling next. ErrNoQuestion: it is no Ask. ErrType: it wants an answer of
// another type. ErrNext: the send is over.
func (o Outgoing) Answer(answer any) error {
	switch w := o.way; {
	case w == nil || w.answer == nil:
		return ErrNoQuestion
	case !w.mine():
		return ErrNext
	case !w.answer(answer):
		return fmt.Errorf("%w of answer than %T", ErrType, answer)
	default:
		w.done = true
		return nil
	}
}

// A way is one send on its way through middleware. It belongs to one goroutine.
type way struct {
	g        uintptr
	over     bool
	done     bool // accepted, or answered
	last     func(ctx context.Context, out Outgoing) error
	answer   func(any) bool // nil: it is no Ask
	everyone bool
	passing  *bool // the Context's; nil: not a process's own goroutine
}

// deliver is the innermost next on send.
func deliver(ctx context.Context, out Outgoing) error {
	w := out.way
	if w == nil || !w.mine() || w.done {
		return ErrNext
	}
	if out.Message == nil {
		return ErrNilMessage
	}
	if out.To.p == nil {
		return ErrNoProcess
	}
	err := w.last(someContext(ctx), out)
	w.done = err == nil
	return err
}

func (w *way) mine() bool { return !w.over && w.g == goid.Self() }

// pass takes out through send. c is whose process it is, or nil.
func (w *way) pass(c *Context, send Send, ctx context.Context, out Outgoing) (err error) {
	w.g, out.way, out.By = goid.Self(), w, c
	if c != nil && c.mine() {
		w.passing, c.passing = &c.passing, true
	}
	returned := false
	defer func() {
		if w.passing != nil {
			*w.passing = false
		}
		w.over = true
		if returned {
			return
		}
		if value := recover(); value != nil { // nil: a Goexit, which goes on
			err = w.torn(sound(caught(value)), out)
		}
	}()
	err = send(ctx, out)
	returned = true
	return w.outcome(c, err, out)
}

// outcome is what the sender is told of what a middleware returned.
func (w *way) outcome(c *Context, err error, out Outgoing) error {
	switch {
	case w.done && out.Verb != VerbAsk:
		return nil
	case w.done || err != nil:
		return err
	}
	if out.To.p != nil {
		d := DeadLetter{Message: plain(out.Message), Receiver: out.To, Reason: ErrDropped}
		if c != nil {
			d.Sender = Ref{c.p}
		}
		out.To.p.sys().deadLetter(d)
	}
	return ErrDropped
}

// torn is what the sender is told of a middleware that panicked.
func (w *way) torn(err error, out Outgoing) error {
	if out.To.p != nil {
		out.To.p.sys().note(slog.LevelError, "bastion: a middleware panicked", "to", out.To.Path(), "error", err, "stack", stackOf(err))
	}
	if w.done && out.Verb != VerbAsk {
		return nil
	}
	return err
}

// filters reports whether what is sent with c passes middleware: not if this is
// itself called by one.
func (c *Context) filters() bool { return !c.mine() || !c.passing }

// sendThrough is send for a process with middleware on what it tells.
func (c *Context) sendThrough(ctx context.Context, p *process, e envelope) error {
	out := Outgoing{To: Ref{p}, Message: plain(e.msg)}
	if box, ok := e.msg.(*parcel); ok {
		out.Header = box.header
	}
	if e.everyone {
		out.Verb = VerbBroadcast
	}
	w := &way{last: tellInside, everyone: e.everyone}
	if err := w.pass(c, c.more().traffic.send, ctx, out); err != nil {
		return err
	}
	if v, ok := e.msg.(interface{ empty() }); ok {
		v.empty() // the value travelled without it
	}
	return nil
}

// tellInside is a Tell that has passed the middleware of its process.
func tellInside(ctx context.Context, out Outgoing) error {
	e := envelope{msg: out.Message, hops: hopsPassed, everyone: out.way.everyone}
	out.Header.onto(&e)
	return out.To.p.send(ctx, e)
}

// hopsPassed marks, on its way into a mailbox, what is told and has passed the
// middleware of its sender. Only questions are forwarded with a count.
const hopsPassed = 1
