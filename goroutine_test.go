package bastion_test

import (
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// A loop that waits for nothing but its Context learns that a goroutine of its own has failed the incarnation.
func TestL5_GoroutineThatFailsCancelsTheIncarnation(t *testing.T) {
	leaveNothing(t)
	again := make(chan error, 1)
	var causes [2]error
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: bastion.Loop(func(ctx *bastion.Context) error {
		if ctx.Incarnation() > 1 {
			again <- nil
			return serve(ctx)
		}
		beside := make(chan struct{})
		if err := ctx.Go(func(ctx *bastion.Context) error { <-ctx.Done(); causes[0] = ctx.Err(); close(beside); return nil }); err != nil {
			return err
		}
		if err := ctx.Go(func(*bastion.Context) error { return errBoom }); err != nil {
			return err
		}
		<-ctx.Done()
		causes[1] = ctx.Err()
		<-beside
		return ctx.Err()
	})})
	if err := rigRecv(t, "the next incarnation", again); err != nil || causes[0] == nil || causes[1] == nil {
		t.Error(err, causes)
	}
	if e := r.await(bastion.EventFailed, r.child("a").Path()); !errors.Is(e.Reason, errBoom) {
		t.Errorf("failed with %v, want %v", e.Reason, errBoom)
	}
}
