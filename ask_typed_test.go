package bastion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// A doubling is a question by value; its receiver does what way says.
type doubling struct {
	bastion.Returns[int]
	n   int
	way string
}

// doubler answers doublings. A forwarded one goes to the child "plain".
func doubler() bastion.Behavior {
	return bastion.HandleTyped(func() bastion.TypedReceiver[doubling] {
		return bastion.TypedReceiverFunc[doubling](func(ctx *bastion.Context, q doubling) error {
			switch q.way {
			case "panic":
				panic(errBoom)
			case "fail":
				return q.Fail(ctx, errBoom)
			case "forget":
				return nil
			case "forward":
				return ctx.Forward(ctx.Supervisor().Child("plain"))
			case "hold":
				check(q.Hold(ctx))
				return ctx.Go(func(ctx *bastion.Context) error { return q.Reply(ctx, 2*q.n) })
			}
			return q.Reply(ctx, 2*q.n)
		})
	})
}

func plainDoubler(ctx *bastion.Context, msg any) error {
	if q, ok := msg.(doubling); ok {
		return q.Reply(ctx, -2*q.n)
	}
	return react(ctx, msg)
}

// wantDouble asks for 21 in some way.
func wantDouble(t *testing.T, way string, want int, fault error, ask func(doubling) (int, error)) {
	t.Helper()
	got, err := rigGet(t, way, func() (int, error) { return ask(doubling{n: 21, way: way}) })
	if got != want || !errors.Is(err, fault) {
		t.Errorf("%q: %d %v, want %d %v", way, got, err, want, fault)
	}
}

func TestD6_TypedAsks(t *testing.T) {
	r := rigOf(t,
		bastion.ChildSpec{Name: "c", Start: doubler()},
		bastion.ChildSpec{Name: "plain", Start: withHooks(hooked{on: plainDoubler})},
	)
	to, err := bastion.Typed[doubling](r.child("c"))
	check(err)
	fromOutside := func(q doubling) (int, error) { return bastion.AskTyped(t.Context(), to, q) }
	answers := make(chan bastion.Answer[int], 1)
	fromWithin := func(q doubling) (int, error) {
		r.tell("plain", do(func(ctx *bastion.Context) error {
			return bastion.AskThenTyped(ctx, to, q, func(_ *bastion.Context, n int, err error) error {
				answers <- bastion.Answer[int]{Value: n, Err: err}
				return nil
			})
		}))
		a := <-answers
		return a.Value, a.Err
	}
	for _, ask := range []func(doubling) (int, error){fromOutside, fromWithin} {
		wantDouble(t, "", 42, nil, ask)
		wantDouble(t, "hold", 42, nil, ask)
		wantDouble(t, "forward", -42, nil, ask)
		wantDouble(t, "fail", 0, errBoom, ask)
		wantDouble(t, "forget", 0, bastion.ErrUnanswered, ask)
		wantDouble(t, "panic", 0, errBoom, ask)
		wantDouble(t, "", 42, nil, ask) // the vessels of those that failed are nobody's
	}
	check(r.child("c").Stop(context.Background()))
	wantDouble(t, "", 0, bastion.ErrStopped, fromOutside)
	_, err = bastion.AskTyped(t.Context(), bastion.TypedRef[doubling]{}, doubling{})
	wantErr(t, "zero TypedRef", err, bastion.ErrNoProcess)
	_, err = bastion.Typed[doubling](r.child("plain"))
	wantErr(t, "another type", err, bastion.ErrType)
}

// A question that is discarded is failed, and shown as it was asked.
func TestD6_TypedAskOfAMailboxThatIsDropped(t *testing.T) {
	began, until := make(chan struct{}), make(chan struct{})
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.HandleTyped(func() bastion.TypedReceiver[doubling] {
		return bastion.TypedReceiverFunc[doubling](func(*bastion.Context, doubling) error {
			close(began)
			<-until
			return nil
		})
	})})
	letters := r.sys.DeadLetters(1)
	to, err := bastion.Typed[doubling](r.child("c"))
	check(err)
	check(to.Tell(t.Context(), doubling{}))
	rigRecv(t, "the first", began)
	asked := make(chan error, 1)
	go func() { _, err := bastion.AskTyped(context.Background(), to, doubling{n: 7}); asked <- err }()
	r.awaitMailbox("c", 1)
	stopped := make(chan error, 1)
	go func() { stopped <- r.child("c").Stop(context.Background()) }()
	r.awaitState("c", bastion.StateStopping)
	close(until)
	wantErr(t, "the ask", rigRecv(t, "ask", asked), bastion.ErrStopped)
	check(rigRecv(t, "stop", stopped))
	if l := rigRecv(t, "letter", letters.C()); l.Message.(doubling).n != 7 {
		t.Errorf("%+v", l)
	}
}

func TestBadInputTypedAsks(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "p", Start: bastion.HandleTyped(func() bastion.TypedReceiver[*doubling] {
		return bastion.TypedReceiverFunc[*doubling](func(*bastion.Context, *doubling) error { return nil })
	})}, bastion.ChildSpec{Name: "c", Start: doubler()})
	p, err := bastion.Typed[*doubling](r.child("p"))
	check(err)
	_, err = bastion.AskTyped(t.Context(), p, new(doubling))
	wantErr(t, "a pointer", err, bastion.ErrNoQuestion)
	c, err := bastion.Typed[doubling](r.child("c"))
	check(err)
	wantErr(t, "from nobody", bastion.AskThenTyped(nil, c, doubling{}, func(*bastion.Context, int, error) error { return nil }), bastion.ErrNotHandler)
}

func TestAnonymous(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, b bastion.Ref) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, 1)
		var none context.Context
		if bastion.Anonymous(ctx) != ctx || bastion.Anonymous(none) == nil {
			t.Error("from outside it changes something")
		}
		senders := make(chan bastion.Ref, 10)
		note := do(func(ctx *bastion.Context) error { senders <- ctx.Sender(); return nil })
		_, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			nobody := bastion.Anonymous(ctx)
			derived, cancel := context.WithCancel(nobody)
			defer cancel()
			for _, from := range []context.Context{ctx, nobody, derived} {
				if err := b.Tell(from, note); err != nil {
					return err
				}
			}
			_, err := bastion.Ask(nobody, ctx.Self(), query{}) // which still is a ring
			wantErr(t, "an ask of oneself", err, bastion.ErrDeadlock)
			return q.Reply(ctx, 0)
		}})
		check(err)
		for i, want := range []bastion.Ref{a, {}, {}} {
			if got := rigRecv(t, "sender", senders); got != want {
				t.Errorf("%d: sender %v, want %v", i, got, want)
			}
		}
	})
}
