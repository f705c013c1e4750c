package bastion_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A burden is a message that fails its receiver with itself, and tells when nobody has it any more.
type burden struct{ _ [1 << 10]byte }

func (*burden) Error() string { return "burden" }

// TestL10_AFailureIsForgottenOnceRepaired crashes children of all kinds with a message that is also the reason, and
// waits until the collector has got it: a process that is up again keeps neither the one nor the other, nor do those who
// are tied to it. For the first incarnation, which stands in the process, and for a later one.
func TestL10_AFailureIsForgottenOnceRepaired(t *testing.T) {
	fall := func(ctx *bastion.Context, msg any) error {
		if b, ok := msg.(*burden); ok {
			return b
		}
		return react(ctx, msg)
	}
	handler := withHooks(hooked{on: fall})
	loop := bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := fall(ctx, msg); err != nil {
				return err
			}
		}
	})
	r := rigOf(t,
		bastion.ChildSpec{Name: "handler", Start: handler},
		bastion.ChildSpec{Name: "loop", Start: loop},
		bastion.ChildSpec{Name: "group", Start: handler, Count: 1, Intensity: bastion.Unlimited},
		bastion.ChildSpec{Name: "watcher", Start: actor()},
	)
	r.events.Close() // a watcher would keep what it has not read
	for what, ref := range map[string]bastion.Ref{
		"handler": r.child("handler"), "loop": r.child("loop"), "member": r.sup.Group("group").Member(0),
	} {
		r.tell("watcher", do(func(ctx *bastion.Context) error {
			_, err := ctx.Monitor(ref, bastion.UntilGone)
			return err
		}))
		r.sync(r.child("watcher"))
		for range 2 {
			inc := r.sync(ref)
			collected := make(chan struct{})
			func() {
				b := new(burden)
				runtime.AddCleanup(b, func(c chan struct{}) { close(c) }, collected)
				if err := ref.Tell(context.Background(), b); err != nil {
					t.Fatal(err)
				}
			}()
			eventually(t, func() bool {
				n, err := bastion.Ask(context.Background(), ref, barrier{})
				return err == nil && n > inc
			}, func() string { return what + " is not up again" })
			awaitCollection(t, what, collected)
		}
	}
}

func awaitCollection(t *testing.T, what string, collected <-chan struct{}) {
	t.Helper()
	for limit := time.Now().Add(rigLimit); ; {
		runtime.GC()
		select {
		case <-collected:
			return
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(limit) {
			t.Fatalf("%s keeps the failure that was repaired", what)
		}
	}
}
