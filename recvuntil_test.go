package bastion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// untilRig runs a loop that reports what RecvUntil gave it: a message, or nil for the channel.
func untilRig(t *testing.T, until <-chan struct{}, seen chan<- any) *rig {
	return rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, ok, err := ctx.RecvUntil(until)
			if err != nil {
				return err
			}
			if ok != (msg != nil) {
				t.Errorf("message %v, but %v", msg, ok)
			}
			seen <- msg
		}
	})})
}

func TestRecvUntil_NothingIsLostBetweenMessagesAndTheChannel(t *testing.T) {
	const n = 2000
	until, seen := make(chan struct{}), make(chan any, 2*n)
	r := untilRig(t, until, seen)
	ticked := make(chan struct{})
	go func() {
		defer close(ticked)
		for range n {
			until <- struct{}{}
		}
	}()
	for i := range n {
		r.tell("c", i+1)
	}
	<-ticked
	ticks, next := 0, 1
	for ticks+next-1 < 2*n {
		switch msg := rigRecv(t, "message or tick", seen); msg {
		case nil:
			ticks++
		case next:
			next++
		default:
			t.Fatalf("%v, want %d or a tick", msg, next)
		}
	}
	if ticks != n {
		t.Errorf("%d ticks, want %d", ticks, n)
	}
}

func TestRecvUntil_ClosedChannelGoesBeforeMessagesAndAnOrderBeforeBoth(t *testing.T) {
	until, held, results := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
		<-held
		msg, ok, err := ctx.RecvUntil(until)
		if ok || msg != nil {
			err = errors.New("a message was taken")
		}
		if msg, failed := ctx.Recv(); msg != 1 {
			t.Errorf("after that %v %v", msg, failed)
		}
		results <- err // the order follows
		<-ctx.Done()
		_, _, err = ctx.RecvUntil(until)
		results <- err
		return err
	})})
	r.tell("c", 1)
	close(until)
	close(held)
	if err := rigRecv(t, "result", results); err != nil {
		t.Error(err)
	}
	if err := r.child("c").Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := rigRecv(t, "result", results); !errors.Is(err, bastion.ErrStopping) {
		t.Errorf("told to stop: %v", err)
	}
}
