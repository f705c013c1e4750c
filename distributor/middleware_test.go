package distributor_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// sending is a supervisor's children: three workers, and a boss that does what it is told, with middleware on what it sends.
func sending(n *notebook, send func(next bastion.Send) bastion.Send) []bastion.ChildSpec {
	return []bastion.ChildSpec{n.workers(3), {Name: "boss", Middleware: []bastion.Middleware{{Send: send}},
		Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { return msg.(func(*bastion.Context) error)(ctx) })
		})}}
}

// asBoss runs f in the boss and returns its error.
func asBoss(t *testing.T, sup *bastion.Supervisor, f func(ctx *bastion.Context) error) error {
	t.Helper()
	out := make(chan error, 1)
	wantErr(t, "tell the boss", sup.Child("boss").Tell(outside, func(ctx *bastion.Context) error { out <- f(ctx); return nil }), nil)
	return <-out
}

// TestTellOne_AFullMemberIsPassedOver: as a dead one is.
func TestTellOne_AFullMemberIsPassedOver(t *testing.T) {
	for _, full := range []error{bastion.ErrFull, bastion.ErrStopped, errBoom, nil} { // the middleware's own; nil: dropped by it
		var n notebook
		tried := 0
		sys, sup := up(t, sending(&n, func(next bastion.Send) bastion.Send {
			return func(ctx context.Context, out bastion.Outgoing) error {
				if tried++; out.To.Name() != "2" {
					return full
				}
				return next(ctx, out)
			}
		})...)
		d := over(sys, sup, nil)
		wantErr(t, "TellOne", asBoss(t, sup, func(ctx *bastion.Context) error { return d.TellOne(ctx, job(1)) }), nil)
		flush(t, d)
		if by := n.by(1); len(by) != 1 || by[0].Name() != "2" || tried != 3 {
			t.Errorf("%v: %v after %d", full, by, tried)
		}
	}
}

// TestD1_WhatAMiddlewareSaysAfterwardsIsNoRefusal: the message was passed on, so nobody else gets it.
func TestD1_WhatAMiddlewareSaysAfterwardsIsNoRefusal(t *testing.T) {
	for _, panics := range []bool{false, true} {
		var n notebook
		sys, sup := up(t, sending(&n, func(next bastion.Send) bastion.Send {
			return func(ctx context.Context, out bastion.Outgoing) error {
				if err := next(ctx, out); err != nil {
					return err
				}
				if panics {
					panic("afterwards")
				}
				return errBoom
			}
		})...)
		d := over(sys, sup, nil)
		err := asBoss(t, sup, func(ctx *bastion.Context) error { return d.TellOne(ctx, job(1)) })
		var panicked *bastion.PanicError
		if err != nil && !errors.Is(err, errBoom) && !errors.As(err, &panicked) { // accepted it was, so nil is honest
			t.Errorf("TellOne: %v", err)
		}
		flush(t, d)
		if by := n.by(1); len(by) != 1 {
			t.Errorf("told %v", by)
		}
		err = asBoss(t, sup, func(ctx *bastion.Context) error {
			a := distributor.AskOne[bastion.Ref](ctx, d, who{})
			if a.From.IsZero() {
				return errors.New("nobody was asked")
			}
			return a.Err
		})
		if errors.As(err, &panicked) != panics || !panics && !errors.Is(err, errBoom) {
			t.Errorf("AskOne: %v", err)
		}
	}
}
