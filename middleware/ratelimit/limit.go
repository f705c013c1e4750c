package ratelimit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"github.com/bastion-go/bastion"
)

// ErrLimited: there were more messages than the limit allows.
var ErrLimited = errors.New("ratelimit: too many messages")

// A Limit bounds messages. The zero Limit lets nothing through, as rate.NewLimiter(0, 0) does.
type Limit struct {
	PerSecond float64
	Burst     int  // that may come at once. Zero: one, if PerSecond is not zero
	Wait      bool // blocks instead of refusing
}

// Middleware is it for both sides, each with a bucket of its own.
func (l Limit) Middleware() bastion.Middleware {
	if l.Burst == 0 && l.PerSecond > 0 {
		l.Burst = 1
	}
	in, out := rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst), rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst)
	return bastion.Middleware{
		Receive: func(next bastion.Receive) bastion.Receive {
			return func(ctx *bastion.Context, msg any) error {
				switch err := l.admit(ctx, ctx.System(), in); {
				case errors.Is(err, ErrLimited):
					return ctx.Reject(err)
				case err != nil:
					return err // told to end while it waited
				}
				return next(ctx, msg)
			}
		},
		Send: func(next bastion.Send) bastion.Send {
			return func(ctx context.Context, o bastion.Outgoing) error {
				if err := l.admit(ctx, o.To.System(), out); err != nil {
					return err
				}
				return next(ctx, o)
			}
		},
	}
}

// admit takes a token, or says why there is none.
func (l Limit) admit(ctx context.Context, sys *bastion.System, bucket *rate.Limiter) error {
	now := sys.Clock().Now()
	if !l.Wait {
		if bucket.AllowN(now, 1) {
			return nil
		}
		return ErrLimited
	}
	r := bucket.ReserveN(now, 1)
	if !r.OK() {
		return ErrLimited
	}
	wait := r.DelayFrom(now)
	if at, limited := ctx.Deadline(); limited && now.Add(wait).After(at) {
		r.CancelAt(now)
		return ErrLimited // its time is over before its turn
	}
	if wait == 0 {
		return nil
	}
	if wait == rate.InfDuration {
		wait = time.Duration(1<<63 - 1)
	}
	if err := sys.Sleep(ctx, wait); err != nil {
		r.CancelAt(sys.Clock().Now())
		return err
	}
	return nil
}
