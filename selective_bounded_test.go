package bastion_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// What a selective receive has skipped takes room in a bounded mailbox, through a restart as well, until it is taken.
func TestO1_SkippedMessagesCountAgainstTheBound(t *testing.T) {
	for _, mailbox := range []bastion.Mailbox{
		{Bound: 3},
		{Bound: 3, Fair: true},
		{Bound: 3, Priority: func(any) int { return 0 }},
	} {
		took := make(chan any)
		r := rigOf(t, bastion.ChildSpec{Name: "c", Mailbox: mailbox, Start: bastion.Loop(func(ctx *bastion.Context) error {
			for {
				msg, err := ctx.RecvWhere(func(msg any) bool { return msg != "skip" })
				if err != nil {
					return err
				}
				if msg == "fail" {
					return errBoom
				}
				took <- msg
			}
		})})
		to := r.child("c")
		tell := func(msg any, want error) {
			t.Helper()
			if err := to.Tell(context.Background(), msg); !errors.Is(err, want) {
				t.Errorf("%+v: tell %v: %v, want %v", mailbox, msg, err, want)
			}
		}
		tell("skip", nil)
		tell("skip", nil)
		tell(1, nil)
		rigRecv(t, "1", took)
		r.awaitUnread(2)
		tell("fail", nil) // there is room for one beside the two
		r.await(bastion.EventRestarting, "/sys/sup/c")
		r.awaitUnread(2)
		tell("skip", nil)
		tell("skip", bastion.ErrFull)
		tell("rest", bastion.ErrFull) // although that would be taken at once
		r.awaitUnread(3)
		if err := to.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if b := r.sys.Inspector().Books(); b.Reason(bastion.DiscardStopped) != 3 || !b.Balanced() {
			t.Errorf("%+v: %v", mailbox, b)
		}
	}
}

// A taken message makes room, also from behind the skipped ones, for a sender that waits for it.
func TestO1_TakenOutOfTurnMakesRoom(t *testing.T) {
	for seed := range uint64(100) {
		var got []any
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{
			Name: "c", Mailbox: bastion.Mailbox{Bound: 3, Full: bastion.WaitForRoom},
			Start: bastion.Loop(func(ctx *bastion.Context) error {
				if err := ctx.Sleep(time.Second); err != nil { // everyone has come
					return err
				}
				for len(got) < 4 {
					msg, err := ctx.RecvWhere(func(msg any) bool { return msg != "skip" })
					if err != nil {
						return err
					}
					if got = append(got, msg); len(got) == 2 {
						return errBoom
					}
				}
				got = append(got, recvAll(ctx)...)
				_, err := ctx.Recv()
				return err
			}),
		}}}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			r.tell("c", "skip")
			r.tell("c", "skip")
			r.Go("sender", func() {
				for n := range 4 {
					r.tell("c", n) // the first has room, the others wait for it
				}
			})
			r.until("all", func() bool { return len(got) == 6 })
		})
		if want := []any{0, 1, 2, 3, "skip", "skip"}; !slices.Equal(got, want) {
			t.Errorf("seed %d: %v", seed, got)
		}
	}
}

// TestAllocsTypedBounded is P9 for a typed door in front of a mailbox with a bound, from outside and from within.
func TestAllocsTypedBounded(t *testing.T) {
	const portion = 100
	got, done := 0, make(chan struct{})
	sys, err := bastion.New(bastion.Config{Name: "allocs"})
	check(err)
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{
		{Name: "sink", Mailbox: bastion.Mailbox{Bound: portion}, Start: bastion.HandleTyped(func() bastion.TypedReceiver[allocToken] {
			return bastion.TypedReceiverFunc[allocToken](func(*bastion.Context, allocToken) error {
				if got++; got%portion == 0 {
					done <- struct{}{}
				}
				return nil
			})
		})},
		{Name: "source", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { msg.(func(context.Context))(ctx); return nil })
		})},
	}})
	check(err)
	check(sys.Start(t.Context()))
	defer sys.Stop(context.Background())
	to, err := bastion.Typed[allocToken](sup.Child("sink"))
	check(err)
	burst := func(ctx context.Context) {
		for i := range portion {
			if err := to.Tell(ctx, allocToken{left: i}); err != nil {
				t.Error(err)
			}
		}
	}
	allocsEach(t, 0, func(n int) {
		for range n / portion {
			burst(context.Background())
			<-done
		}
	})
	var within any = burst
	allocsEach(t, 0, func(n int) {
		for range n / portion {
			check(sup.Child("source").Tell(context.Background(), within))
			<-done
		}
	})
}
