package middleware

import (
	"context"
	"errors"
	"time"

	"github.com/bastion-go/bastion"
)

// ErrExpired is why a question is a dead letter that nobody waited for any more when its turn came.
var ErrExpired = errors.New("middleware: nobody waits for the answer any more")

// Deadline makes the asker's remaining time that of all that is done for it. On send, an Ask made while a question is in hand
// ends with that question, as if it had been made with Context.Asking; on receive, a question that nobody waits for any more
// is not handled. A Limit is for asks that have no deadline of their own.
type Deadline struct {
	Limit time.Duration // zero: none
}

// Middleware is it for both sides.
func (d Deadline) Middleware() bastion.Middleware {
	return bastion.Middleware{Receive: d.receive, Send: d.send}
}

func (d Deadline) receive(next bastion.Receive) bastion.Receive {
	return func(ctx *bastion.Context, msg any) error {
		if ctx.Delivery() == bastion.DeliveryAsked && !ctx.Asked() {
			return ctx.Reject(ErrExpired)
		}
		return next(ctx, msg)
	}
}

func (d Deadline) send(next bastion.Send) bastion.Send {
	return func(ctx context.Context, out bastion.Outgoing) error {
		if out.Verb != bastion.VerbAsk {
			return next(ctx, out)
		}
		if out.By != nil && ctx == context.Context(out.By) {
			ctx = out.By.Asking()
		}
		if _, limited := ctx.Deadline(); !limited && d.Limit > 0 {
			inner, cancel := out.To.System().Timeout(ctx, d.Limit)
			defer cancel()
			ctx = inner
		}
		return next(ctx, out)
	}
}
