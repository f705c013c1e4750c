package bastion_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

// asks is a query whose receiver asks on, and answers with what it was told.
func asks(to func() bastion.Ref, q query) query {
	return query{act: func(ctx *bastion.Context, own query) error {
		n, err := bastion.Ask(ctx, to(), q)
		if err != nil {
			return own.Fail(ctx, err)
		}
		return own.Reply(ctx, n)
	}}
}

func fixed(r bastion.Ref) func() bastion.Ref { return func() bastion.Ref { return r } }

// forwards is a query that its receiver hands on.
func forwards(to bastion.Ref, then func(*bastion.Context, query) error) query {
	first := true
	return query{act: func(ctx *bastion.Context, q query) error {
		if first {
			first = false
			return ctx.Forward(to)
		}
		return then(ctx, q)
	}}
}

func TestD6_ForwardTakesTheQuestionAlong(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		var at, sender bastion.Ref
		n, err := ask(t, a, forwards(b, func(ctx *bastion.Context, q query) error {
			at, sender = ctx.Self(), ctx.Sender()
			return q.Reply(ctx, 5)
		}))
		if n != 5 || err != nil || at != b || !sender.IsZero() {
			t.Errorf("%d %v at %v from %v", n, err, at, sender)
		}
		// What becomes of the forwarder no longer matters to the asker.
		_, err = ask(t, a, forwards(b, func(*bastion.Context, query) error { return errBoom }))
		var failed *bastion.FailedError
		if !errors.As(err, &failed) || failed.Path != b.Path() {
			t.Errorf("%v, want a failure of %v", err, b)
		}
	})
}

func TestD6_ForwardIsRefusedAndTheQuestionStays(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		if err := b.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		var dead, nobody error
		n, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			dead, nobody = ctx.Forward(b), ctx.Forward(bastion.Ref{})
			return q.Reply(ctx, 6)
		}})
		if n != 6 || err != nil {
			t.Error(n, err)
		}
		wantErr(t, "to the dead", dead, bastion.ErrStopped)
		wantErr(t, "to nobody", nobody, bastion.ErrNoProcess)
	})
}

func TestD6_ForwardTwiceOrAfterTheAnswer(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		out := make(chan error, 2)
		tried := make(chan struct{}) // b answers only then: after an answer it is ErrAnswered
		first := true
		n, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			if !first {
				<-tried
				return q.Reply(ctx, 8)
			}
			defer close(tried)
			first = false
			if err := ctx.Forward(b); err != nil {
				return err
			}
			out <- ctx.Forward(b)
			return nil
		}})
		if n != 8 || err != nil {
			t.Error(n, err)
		}
		wantErr(t, "second forward", rigRecv(t, "forward", out), bastion.ErrNoMessage)
		_, _ = ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			_ = q.Reply(ctx, 1)
			out <- ctx.Forward(b)
			return nil
		}})
		wantErr(t, "forward after the answer", rigRecv(t, "forward", out), bastion.ErrAnswered)
	})
}

func TestD6_AskingOneself(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		_, err := ask(t, a, asks(fixed(a), answers(1)))
		wantRing(t, err, a)
	})
}

func wantRing(t *testing.T, err error, refs ...bastion.Ref) {
	t.Helper()
	var want []string
	for _, r := range refs {
		want = append(want, r.Path())
	}
	var ring *bastion.RingError
	if !errors.Is(err, bastion.ErrDeadlock) || !errors.As(err, &ring) || !slices.Equal(ring.Ring, want) {
		t.Errorf("%v, want the ring %v", err, want)
	}
}

func TestD6_RingOfTwo(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		_, err := ask(t, a, asks(fixed(b), asks(fixed(a), answers(1))))
		wantRing(t, err, b, a)
		if n, err := ask(t, a, answers(1)); n != 1 || err != nil {
			t.Error("afterwards:", n, err)
		}
	})
}

func TestD6_RingOfThree(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: answerer()}, bastion.ChildSpec{Name: "b", Start: answerLoop()},
		bastion.ChildSpec{Name: "c", Start: answerer()})
	a, b, c := r.child("a"), r.child("b"), r.child("c")
	_, err := ask(t, a, asks(fixed(b), asks(fixed(c), asks(fixed(a), answers(1)))))
	wantRing(t, err, c, a, b)
}

func TestD6_RingByForward(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		var refused error
		_, err := ask(t, a, asks(fixed(b), query{act: func(ctx *bastion.Context, q query) error {
			refused = ctx.Forward(a) // who waits for the answer
			return q.Fail(ctx, errBoom)
		}}))
		wantErr(t, "ask", err, errBoom)
		wantRing(t, refused, a)
	})
}

func TestD6_TwoAskEachOtherAtOnce(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		for range 200 {
			var gate, out sync.WaitGroup
			gate.Add(2)
			meet := func(other bastion.Ref) query {
				return query{act: func(ctx *bastion.Context, q query) error {
					gate.Done()
					gate.Wait()
					_, err := bastion.Ask(ctx, other, answers(1))
					return q.Fail(ctx, orBoom(err))
				}}
			}
			var errs [2]error
			out.Go(func() { _, errs[0] = bastion.Ask(context.Background(), a, meet(b)) })
			out.Go(func() { _, errs[1] = bastion.Ask(context.Background(), b, meet(a)) })
			_ = rigIn(t, "the two", func() error { out.Wait(); return nil })
			refused := 0
			for _, err := range errs {
				if errors.Is(err, bastion.ErrDeadlock) {
					refused++
				} else {
					wantErr(t, "the other", err, errBoom)
				}
			}
			if refused != 1 {
				t.Fatalf("%d of two were refused: %v", refused, errs)
			}
		}
	})
}

func orBoom(err error) error {
	if err == nil {
		return errBoom
	}
	return err
}

// An asker whose question is answered waits for nobody, even before it has run again.
func TestD6_AnsweredAskerIsInNoRing(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		for range 500 {
			back := make(chan error, 1)
			_, err := ask(t, a, asks(fixed(b), query{act: func(ctx *bastion.Context, q query) error {
				_ = q.Reply(ctx, 1)
				_, err := bastion.Ask(ctx, a, answers(2))
				back <- err
				return nil
			}}))
			if err != nil {
				t.Fatal(err)
			}
			if err := rigRecv(t, "the way back", back); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A process may ask through a goroutine of its own, which closes no ring: the process itself goes on.
func TestD6_GoroutinesCloseNoRing(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		out := make(chan error, 1)
		r.tell("a", do(func(ctx *bastion.Context) error {
			return ctx.Go(func(ctx *bastion.Context) error {
				_, err := bastion.Ask(ctx, ctx.Self(), answers(1))
				out <- err
				return nil
			})
		}))
		wantErr(t, "ask of its own process", rigRecv(t, "Ask", out), nil)
	})
}

func TestD6_AskThen(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: answerer()}, bastion.ChildSpec{Name: "b", Start: answerLoop()})
	a, b := r.child("a"), r.child("b")
	ring := query{act: func(ctx *bastion.Context, q query) error {
		if err := q.Hold(ctx); err != nil {
			return err
		}
		// It asks itself, which is no deadlock: it does not wait.
		return bastion.AskThen(ctx, a, answers(4), func(ctx *bastion.Context, n int, err error) error {
			if err != nil {
				return err
			}
			return bastion.AskThen(ctx, b, query{act: func(ctx *bastion.Context, q query) error { return errBoom }},
				func(ctx *bastion.Context, _ int, err error) error {
					if !errors.Is(err, errBoom) {
						return errors.New("the failure of b was not told")
					}
					return q.Reply(ctx, n)
				})
		})
	}}
	if n, err := ask(t, a, ring); n != 4 || err != nil {
		t.Error(n, err)
	}
	_, err := ask(t, b, query{act: func(ctx *bastion.Context, q query) error {
		return q.Fail(ctx, bastion.AskThen(ctx, a, answers(1), func(*bastion.Context, int, error) error { return nil }))
	}})
	wantErr(t, "AskThen in a loop", err, bastion.ErrNotHandler)
	wantErr(t, "AskThen without a Context", bastion.AskThen[int](nil, a, answers(1), nil), bastion.ErrNotHandler)
}
