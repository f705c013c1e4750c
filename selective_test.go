package bastion_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// loopOf is a rig with one loop, "c", that runs f; what it returns comes out of ended.
func loopOf(t *testing.T, f func(ctx *bastion.Context) error) (r *rig, ended <-chan error) {
	out := make(chan error, 100)
	spec := bastion.ChildSpec{Name: "c", Shutdown: 100 * time.Millisecond, Restart: bastion.Transient, Start: bastion.Loop(func(ctx *bastion.Context) error {
		err := f(ctx)
		out <- err
		return err
	})}
	return rigOn(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}}), out
}

func (r *rig) start() {
	r.t.Helper()
	if err := r.sys.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

func is(n int) func(any) bool { return func(msg any) bool { return msg == n } }

// recvAll receives what waits, without waiting.
func recvAll(ctx *bastion.Context) (all []any) {
	for {
		msg, ok, err := ctx.TryRecv()
		if !ok || err != nil {
			return all
		}
		all = append(all, msg)
	}
}

func TestD2_SelectiveReceiveLeavesTheRestInOrder(t *testing.T) {
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		for _, n := range []int{3, 5, 1} {
			if msg, err := ctx.RecvWhere(is(n)); msg != n || err != nil {
				t.Errorf("%v %v, want %d", msg, err, n)
			}
		}
		if msg, ok, err := ctx.TryRecvWhere(is(3)); ok || err != nil {
			t.Errorf("%v %v, which was taken before", msg, err)
		}
		if msg, err := bastion.RecvMatch(ctx, func(s string) bool { return s > "a" }); msg != "b" || err != nil {
			t.Errorf("%q %v", msg, err)
		}
		if msg, err := bastion.RecvMatch[error](ctx, nil); msg != errBoom || err != nil {
			t.Errorf("%v %v", msg, err)
		}
		if msg, err := ctx.Recv(); msg != 0 || err != nil {
			t.Errorf("%v %v", msg, err)
		}
		if got := recvAll(ctx); !slices.Equal(got, []any{2, 4, "a"}) {
			t.Errorf("left: %v", got)
		}
		return bastion.ErrNormal
	})
	for i := range 6 {
		r.tell("c", i)
	}
	r.tell("c", "a")
	r.tell("c", "b")
	r.tell("c", errBoom)
	r.start()
	rigRecv(t, "the loop", ended)
}

func TestRecvWhere_WhileItWaitsItAsksOnceOfEach(t *testing.T) {
	asked := map[any]int{}
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		_, err := ctx.RecvWhere(func(msg any) bool { asked[msg]++; return msg == 999 })
		if got := len(recvAll(ctx)); got != 999 {
			t.Errorf("%d are left", got)
		}
		return errors.Join(err, bastion.ErrNormal)
	})
	r.start()
	for i := range 1000 {
		r.tell("c", i)
	}
	rigRecv(t, "the loop", ended)
	for i := range 1000 {
		if asked[i] != 1 {
			t.Errorf("asked %d times of %d", asked[i], i)
		}
	}
}

// What was skipped counts as waiting, is what the next incarnation gets first, and goes to the dead letters in the end.
func TestL3_WhatASelectiveReceiveSkippedWaits(t *testing.T) {
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		if ctx.Incarnation() == 1 {
			_, err := ctx.RecvWhere(is(2)) // and fails with 2 in hand
			return errors.Join(err, errBoom)
		}
		if msg, err := ctx.Recv(); msg != 0 || err != nil {
			t.Errorf("after the restart %v %v", msg, err)
		}
		_, err := ctx.RecvWhere(is(7))
		return err
	})
	watch := r.sys.DeadLetters(10)
	for i := range 5 {
		r.tell("c", i)
	}
	r.start()
	if err := rigRecv(t, "the first life", ended); !errors.Is(err, errBoom) {
		t.Error(err)
	}
	r.tell("c", 5)
	r.tell("c", do(nil)) // looked at last
	r.awaitUnread(5)
	if b := r.sys.Inspector().Books(); b.Mailboxes != 5 || b.Failed != 1 || b.Handled != 1 {
		t.Errorf("books: %v", b)
	}
	if err := r.child("c").Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := rigRecv(t, "the second life", ended); !errors.Is(err, bastion.ErrStopping) {
		t.Error(err)
	}
	for _, want := range []int{1, 3, 4, 5} {
		if got := rigRecv(t, "a dead letter", watch.C()).Message; got != want {
			t.Errorf("dead letter %v, want %d", got, want)
		}
	}
	if b := r.sys.Inspector().Books(); b.Reason(bastion.DiscardStopped) != 5 {
		t.Errorf("books: %v", b)
	}
}

// awaitUnread waits until so many wait in mailboxes and nobody has one in hand.
func (r *rig) awaitUnread(waiting uint64) {
	r.t.Helper()
	for limit := time.Now().Add(rigLimit); time.Now().Before(limit); runtime.Gosched() {
		if b := r.sys.Inspector().Books(); b.Mailboxes == waiting && b.InHand == 0 && b.Balanced() {
			return
		}
	}
	r.t.Fatalf("never %d unread: %v", waiting, r.sys.Inspector().Books())
}

// A drain gives what was skipped to Recv, and RecvWhere does not wait for what cannot come.
func TestRecvWhere_Drain(t *testing.T) {
	var got []any
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		if _, err := ctx.RecvWhere(is(7)); !errors.Is(err, bastion.ErrStopping) || ctx.Err() != nil {
			t.Errorf("%v, context %v", err, ctx.Err())
		}
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			got = append(got, msg)
		}
	})
	r.start()
	for i := range 3 {
		r.tell("c", i)
	}
	if err := rigIn(t, "Drain", func() error { return r.child("c").Drain(context.Background()) }); err != nil {
		t.Error(err)
	}
	if err := rigRecv(t, "the loop", ended); !errors.Is(err, bastion.ErrStopping) || !slices.Equal(got, []any{0, 1, 2}) {
		t.Errorf("%v, handled %v", err, got)
	}
}

func TestRecvWhere_WhatWantMayKnowAndDo(t *testing.T) {
	var delivery []bastion.Delivery
	var sender bastion.Ref
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		_, err := ctx.RecvWhere(func(msg any) bool {
			if _, err := ctx.Recv(); !errors.Is(err, bastion.ErrBusy) {
				t.Errorf("Recv within: %v", err)
			}
			if err := ctx.Forward(ctx.Self()); !errors.Is(err, bastion.ErrNoMessage) {
				t.Errorf("Forward within: %v", err)
			}
			delivery, sender = append(delivery, ctx.Delivery()), ctx.Sender()
			return msg == "last"
		})
		if _, err := ctx.RecvWhere(nil); !errors.Is(err, bastion.ErrNilFunc) {
			t.Errorf("without a want: %v", err)
		}
		if _, _, err := ctx.TryRecvWhere(nil); !errors.Is(err, bastion.ErrNilFunc) {
			t.Errorf("without a want: %v", err)
		}
		return errors.Join(err, bastion.ErrNormal)
	})
	r.tell("c", 1)
	if _, err := r.sup.Broadcast(t.Context(), 2); err != nil {
		t.Error(err)
	}
	r.start()
	asked := make(chan error, 1)
	go func() {
		_, err := bastion.Ask(context.Background(), r.child("c"), barrier{})
		asked <- err
	}()
	r.awaitUnread(3)
	r.tell("c", "last")
	rigRecv(t, "the loop", ended)
	rigRecv(t, "the asker", asked)
	want := []bastion.Delivery{bastion.DeliveryTold, bastion.DeliveryBroadcast, bastion.DeliveryAsked, bastion.DeliveryTold}
	if !slices.Equal(delivery, want) || !sender.IsZero() {
		t.Errorf("%v from %v, want %v", delivery, sender, want)
	}
}

// A want that fails takes no message with it; one that hangs is abandoned like any other code.
func TestRecvWhere_WantFailsOrHangs(t *testing.T) {
	hung, until := make(chan struct{}), make(chan struct{})
	defer close(until)
	var got []any
	r, ended := loopOf(t, func(ctx *bastion.Context) error {
		switch ctx.Incarnation() {
		case 1:
			_, _ = ctx.RecvWhere(func(msg any) bool {
				if msg == 1 {
					panic(errBoom)
				}
				return false
			})
		case 2:
			_, _ = ctx.RecvWhere(func(msg any) bool {
				if msg == 1 {
					close(hung)
					<-until
				}
				return false
			})
			return nil
		}
		got = recvAll(ctx)
		return bastion.ErrNormal
	})
	r.left = true
	for i := range 3 {
		r.tell("c", i)
	}
	r.start()
	rigRecv(t, "the hang", hung)
	if err := r.child("c").Restart(context.Background()); err != nil {
		t.Error(err)
	}
	rigRecv(t, "the third life", ended) // the others have not returned
	if b := r.sys.Inspector().Books(); !slices.Equal(got, []any{0, 1, 2}) || b.Failed != 0 {
		t.Errorf("the third life got %v; %v", got, b)
	}
}

// A Down that was skipped is withdrawn like any other that waits.
func TestRecvWhere_SkippedDownIsWithdrawn(t *testing.T) {
	down := make(chan error, 1)
	r := rigOf(t, bastion.ChildSpec{Name: "x", Start: actor()}, bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		x := msg.(bastion.Ref)
		first, err1 := ctx.Monitor(x, bastion.ThisIncarnation)
		_, err2 := ctx.Monitor(x, bastion.ThisIncarnation)
		if err := errors.Join(err1, err2, x.Tell(ctx, fail{})); err != nil {
			return err
		}
		seen := 0
		_, err = ctx.RecvWhere(func(msg any) bool {
			if _, ok := msg.(bastion.Down); ok {
				seen++
			}
			return seen == 3 || msg == "go on"
		})
		if seen != 2 {
			t.Errorf("%d Downs were shown", seen)
		}
		ctx.Demonitor(first)
		seen = 0
		if msg, ok, _ := ctx.TryRecvWhere(func(msg any) bool { seen++; return false }); ok || seen != 1 {
			t.Errorf("after Demonitor %v, and %d were shown", msg, seen)
		}
		if got := recvAll(ctx); len(got) != 1 {
			t.Errorf("after Demonitor %v", got)
		}
		down <- err
		_, err = ctx.Recv()
		return err
	})})
	r.tell("c", r.child("x"))
	r.awaitUnread(2)
	r.tell("c", "go on")
	if err := rigRecv(t, "the loop", down); err != nil {
		t.Error(err)
	}
}

func TestRecvTimeout_OnTheSystemsClock(t *testing.T) {
	for seed := range uint64(100) {
		done := false
		var began time.Time
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
			took := func(what string, want time.Duration, msg any, ok bool, err error) {
				if took := ctx.System().Clock().Now().Sub(began); took != want || ok != (msg != nil) || err != nil {
					t.Errorf("seed %d: %s after %v: %v %v", seed, what, took, msg, err)
				}
			}
			began = ctx.System().Clock().Now()
			msg, ok, err := ctx.RecvTimeout(0)
			took("no wait", 0, msg, ok, err)
			msg, ok, err = ctx.RecvTimeout(time.Minute)
			took("nothing", time.Minute, msg, ok, err)
			check(ctx.Self().Tell(ctx, 1))
			msg, ok, err = ctx.RecvTimeout(time.Hour)
			took("what is there", time.Minute, msg, ok, err)
			check(ctx.Self().Tell(ctx, 2))
			msg, ok, err = ctx.RecvWhereTimeout(is(1), time.Minute)
			took("not wanted", 2*time.Minute, msg, ok, err)
			check(ctx.Go(func(ctx *bastion.Context) error {
				check(ctx.Sleep(time.Minute))
				check(ctx.Self().Tell(ctx, 3))
				return nil
			}))
			msg, ok, err = ctx.RecvWhereTimeout(is(3), time.Hour)
			took("in time", 3*time.Minute, msg, ok, err)
			if got := recvAll(ctx); !slices.Equal(got, []any{2}) {
				t.Errorf("seed %d: left %v", seed, got)
			}
			done = true
			_, _, err = ctx.RecvTimeout(time.Hour)
			return err
		})}}}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			r.until("the loop", func() bool { return done })
		})
	}
}
