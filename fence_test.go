package bastion_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// leaked gives the Context of an incarnation of r's child "a" to the test.
func leaked(r *rig) *bastion.Context {
	out := make(chan *bastion.Context, 1)
	r.tell("a", do(func(ctx *bastion.Context) error { out <- ctx; return nil }))
	return rigRecv(r.t, "the Context", out)
}

func TestL7_AnEndedIncarnationIsFenced(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, _ *tally) {
		ctx := leaked(r)
		r.tell("a", fail{})
		r.sync(a)
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		b := r.child("b")
		for name, c := range map[string]context.Context{"its own": ctx, "derived": derived} {
			wantErr(t, name+": Tell", b.Tell(c, 1), bastion.ErrEnded)
			if _, err := bastion.Ask(c, b, barrier{}); !errors.Is(err, bastion.ErrEnded) && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: Ask: %v", name, err)
			}
			_, err := r.sys.Broadcast(c, 1)
			wantErr(t, name+": Broadcast", err, bastion.ErrEnded)
			wantErr(t, name+": Stop", b.Stop(c), bastion.ErrEnded)
			_, err = r.sup.Add(c, bastion.ChildSpec{Name: "x", Start: actor()})
			wantErr(t, name+": Add", err, bastion.ErrEnded)
		}
		if ctx.Err() == nil {
			t.Error("the Context of an ended incarnation is not done")
		}
		wantErr(t, "Go", ctx.Go(func(*bastion.Context) error { return nil }), bastion.ErrEnded)
		_, err := ctx.Recv()
		if !errors.Is(err, bastion.ErrEnded) && !errors.Is(err, bastion.ErrNotLoop) {
			t.Errorf("Recv: %v", err)
		}
		wantErr(t, "Forward", ctx.Forward(b), bastion.ErrNoMessage)
		err = bastion.AskThen(ctx, b, barrier{}, func(*bastion.Context, uint64, error) error { return nil })
		if !errors.Is(err, bastion.ErrEnded) && !errors.Is(err, bastion.ErrNotHandler) {
			t.Errorf("AskThen: %v", err)
		}
	})
}

// A Context carried to a bare goroutine still counts as the process, and is safe there.
func TestD2_ContextInABareGoroutine(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, _ *tally) {
		ctx := leaked(r)
		senders := make(chan bastion.Ref, 400)
		b := r.child("b")
		var bare sync.WaitGroup
		for range 4 {
			bare.Go(func() {
				derived, cancel := context.WithCancel(ctx)
				defer cancel()
				for _, c := range []context.Context{ctx, derived} {
					for range 50 {
						_ = b.Tell(c, do(func(ctx *bastion.Context) error { senders <- ctx.Sender(); return nil }))
					}
				}
				_, err := bastion.Ask(derived, b, barrier{})
				wantErr(t, "Ask", err, nil)
				if !ctx.Sender().IsZero() || ctx.Self() != a {
					t.Error("a stranger sees the message in hand")
				}
				_ = ctx.Unhandled()
				wantErr(t, "Forward", ctx.Forward(b), bastion.ErrNoMessage)
				if _, err := ctx.Recv(); err == nil {
					t.Error("a stranger receives")
				}
			})
			for range 100 {
				r.tell("a", do(func(ctx *bastion.Context) error { return b.Tell(ctx, 1) }))
			}
		}
		bare.Wait()
		r.sync(a)
		r.sync(b)
		for range 400 {
			if s := <-senders; s != a {
				t.Fatalf("sent by %v, want %v", s, a)
			}
		}
	})
}

// A context derived from a Context is the process's: in the process it may do what the Context may.
func TestD6_DerivedContextIsTheProcess(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		var inner error
		_, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			derived, cancel := context.WithTimeout(context.WithValue(ctx, new(int), 1), time.Hour)
			defer cancel()
			_, inner = bastion.Ask(derived, b, asks(fixed(a), answers(1)))
			return q.Reply(derived, 1)
		}})
		wantErr(t, "ask", err, nil)
		wantErr(t, "ring through a derived context", inner, bastion.ErrDeadlock)
	})
}

func TestD6_DeadlineOfADerivedContext(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		var inner error
		_, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			derived, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			_, inner = bastion.Ask(derived, b, holds(make(chan struct{}, 1)))
			return q.Reply(ctx, 1)
		}})
		wantErr(t, "ask", err, nil)
		wantErr(t, "inner ask", inner, context.DeadlineExceeded)
	})
}
