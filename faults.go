package bastion

import "context"

// Faults is what goes wrong on purpose in a seeded run (Config.Faults), so that a
// test sees how a tree takes it; package bastiontest has some to choose from. Its
// methods are called at the moments that their names say, as a part of the code
// that stands there: they may return an error, panic, wait in the ctx's calls, or
// give orders. They must be made for one run, which calls them one at a time.
type Faults interface {
	// Start is called in the process before its factory, or before its loop. An
	// error is a failed start.
	Start(ctx *Context) error
	// Receive is called in the process before it gets a message. With an error a
	// handler fails as if it had returned that; a loop gets it from Recv, with the
	// message in hand.
	Receive(ctx *Context, msg any) error
	// Send is called by the sender before a message is offered to to's mailbox. An
	// error is what the send answers then, and nothing was sent.
	Send(ctx context.Context, to Ref, msg any) error
}

// startsFaulty is the fault of a start, in the process.
func (p *process) startsFaulty(c *Context) error {
	if f := p.sys().faults; f != nil {
		return f.Start(c)
	}
	return nil
}

// strikes is the fault of a message that a loop has in hand.
func (c *Context) strikes(e *envelope) error {
	if f := c.p.sys().faults; f != nil {
		return f.Receive(c, plain(e.msg))
	}
	return nil
}

// receives notes a message that a handler is about to get in a seeded run, and puts
// the faults before it.
func (c *Context) receives(user Receiver, e *envelope) Receiver {
	c.noteMessage(e, false)
	f := c.p.sys().faults
	if f == nil {
		return user
	}
	return ReceiverFunc(func(ctx *Context, msg any) error {
		if err := f.Receive(ctx, plain(msg)); err != nil {
			return err
		}
		return user.Receive(ctx, msg)
	})
}
