package middleware

import (
	"context"
	"time"

	"github.com/bastion-go/bastion"
)

// A Sample is how long one message took.
type Sample struct {
	Process bastion.Ref   // who received it, or sends it; zero: from outside
	To      bastion.Ref   // of what is sent: who is to receive it
	Message any           // for its type; what it holds may change
	Sent    bool          // it was sent; otherwise received
	Verb    bastion.Verb  // by which it was sent
	Took    time.Duration // on the system's clock
	Err     error         // what it came to; ErrTorn for a panic
}

// Timing gives every duration to Observe, which puts it into whatever histograms the program has: of what is received how long
// it was handled, of a Tell how long it took to be accepted, of an Ask how long to be answered. Of a loop only sends are
// measured in earnest; what it receives is handed out at once.
type Timing struct {
	Observe func(Sample) // called by all processes at once. Nil is no middleware
}

// Middleware is it for both sides.
func (t Timing) Middleware() bastion.Middleware {
	if t.Observe == nil {
		return bastion.Middleware{}
	}
	return bastion.Middleware{Receive: t.receive, Send: t.send}
}

func (t Timing) receive(next bastion.Receive) bastion.Receive {
	return func(ctx *bastion.Context, msg any) (err error) {
		clock := ctx.System().Clock()
		began := clock.Now()
		err = ErrTorn
		defer func() {
			t.Observe(Sample{Process: ctx.Self(), Message: msg, Took: clock.Now().Sub(began), Err: err})
		}()
		err = next(ctx, msg)
		return err
	}
}

func (t Timing) send(next bastion.Send) bastion.Send {
	return func(ctx context.Context, out bastion.Outgoing) (err error) {
		clock := out.To.System().Clock()
		began := clock.Now()
		s := Sample{To: out.To, Message: out.Message, Sent: true, Verb: out.Verb}
		if out.By != nil {
			s.Process = out.By.Self()
		}
		err = ErrTorn
		defer func() {
			s.Took, s.Err = clock.Now().Sub(began), err
			t.Observe(s)
		}()
		err = next(ctx, out)
		return err
	}
}
