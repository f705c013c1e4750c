package bastion_test

import (
	"context"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// typedWatcher begins to watch its neighbour, both ways, when it starts.
type typedWatcher[M any] struct {
	bastion.TypedReceiverFunc[M]
	link bool
}

func (w typedWatcher[M]) Start(ctx *bastion.Context) error {
	subject := ctx.Supervisor().Child("subject")
	if w.link {
		ctx.TrapExits(true)
		return ctx.Link(subject)
	}
	_, err := ctx.Monitor(subject, bastion.UntilGone)
	return err
}

// A typed handler gets a Down or an Exit if its type takes it; otherwise that is unhandled, and it lives on.
func TestS10_TypedHandlers(t *testing.T) {
	for _, link := range []bool{false, true} {
		got := make(chan any, 4)
		r := rigOf(t,
			bastion.ChildSpec{Name: "subject", Start: actor()},
			bastion.ChildSpec{Name: "any", Start: bastion.HandleTyped(func() bastion.TypedReceiver[any] {
				return typedWatcher[any]{func(ctx *bastion.Context, msg any) error { got <- msg; return react(ctx, msg) }, link}
			})},
			bastion.ChildSpec{Name: "barrier", Start: bastion.HandleTyped(func() bastion.TypedReceiver[barrier] {
				return typedWatcher[barrier]{func(ctx *bastion.Context, msg barrier) error { return react(ctx, msg) }, link}
			})},
		)
		letters := r.sys.DeadLetters(16)
		subject := r.child("subject")
		if err := rigIn(t, "Stop", func() error { return subject.Stop(context.Background()) }); err != nil {
			t.Fatal(err)
		}
		for _, msg := range []any{rigRecv(t, "message", got), rigRecv(t, "dead letter", letters.C()).Message} {
			switch m := msg.(type) {
			case bastion.Down:
				if link || m.Ref != subject {
					t.Errorf("%+v", m)
				}
			case bastion.Exit:
				if !link || m.From != subject {
					t.Errorf("%+v", m)
				}
			default:
				t.Errorf("%T", msg)
			}
		}
		if inc := r.sync(r.child("barrier")); inc != 1 {
			t.Error("it did not live on")
		}
	}
}

// A clock may begin at any time.
func TestH1_LameDuckAtTheEpoch(t *testing.T) {
	seeded(t, executor.SeededConfig{Start: time.Unix(0, 0)}, both(nil), func(r *seededRig) {
		r.sys.LameDuck()
		if h := r.sys.Health(); h.Ready.OK {
			t.Error("ready:", h.Ready)
		}
	})
}
