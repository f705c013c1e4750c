package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// drainable are the kinds of process that a drain treats differently.
func drainable() map[string]bastion.ChildSpec {
	return map[string]bastion.ChildSpec{
		"handler": {Name: "c", Start: actor()},
		"hooked":  {Name: "c", Start: withHooks(hooked{})},
		"loop":    {Name: "c", Start: looper()},
		"member":  {Name: "g", Group: true, Count: 1, Start: actor()},
	}
}

func drained(sup *bastion.Supervisor) bastion.Ref {
	if g := sup.Group("g"); g != nil {
		return g.Member(0)
	}
	return sup.Child("c")
}

// TestL6_WhatADrainAcceptsIsHandled: the last message before the mailbox closes is handled, and the next one refused.
func TestL6_WhatADrainAcceptsIsHandled(t *testing.T) {
	for kind, spec := range drainable() {
		for seed := range uint64(150) {
			seeded(t, executor.SeededConfig{Seed: seed}, bastion.SupervisorSpec{Children: []bastion.ChildSpec{spec}}, func(r *seededRig) {
				ref, accepted, handled, senders := drained(r.sup), 0, 0, 3
				for range 3 {
					r.Go("sender", func() {
						for range 8 {
							err := ref.Tell(context.Background(), do(func(*bastion.Context) error { handled++; return nil }))
							if err == nil {
								accepted++
							} else if !errors.Is(err, bastion.ErrStopped) {
								t.Errorf("%s, seed %d: tell: %v", kind, seed, err)
							}
						}
						senders--
					})
				}
				if err := ref.Drain(context.Background()); err != nil {
					t.Errorf("%s, seed %d: Drain: %v", kind, seed, err)
				}
				r.until("the senders", func() bool { return senders == 0 })
				if accepted != handled {
					t.Errorf("%s, seed %d: %d accepted, %d handled", kind, seed, accepted, handled)
				}
			})
		}
	}
}

func TestL6_WhatADrainAcceptsIsHandledUnderLoad(t *testing.T) {
	for kind, spec := range drainable() {
		t.Run(kind, func(t *testing.T) {
			spec.Shutdown = bastion.UnlimitedShutdown
			for range 20 {
				r := rigOf(t, spec)
				ref := drained(r.sup)
				var senders sync.WaitGroup
				for range 4 {
					senders.Go(func() {
						for range 500 { // a flood without end would have no drain end
							if ref.Tell(context.Background(), do(func(*bastion.Context) error { return nil })) != nil {
								return
							}
						}
					})
				}
				if err := rigIn(t, "Drain", func() error { return ref.Drain(context.Background()) }); err != nil {
					t.Fatal(err)
				}
				senders.Wait()
				if b := r.sys.Inspector().Books(); b.Discarded != 0 || !b.Balanced() {
					t.Fatalf("%v", b)
				}
			}
		})
	}
}

// TestL6_ADrainedChildIsStartedAgain: its closed mailbox opens with its next life.
func TestL6_ADrainedChildIsStartedAgain(t *testing.T) {
	for kind, spec := range drainable() {
		t.Run(kind, func(t *testing.T) {
			stopped := make(chan bastion.Failure, 1)
			spec.Callbacks.AfterStop = func(end bastion.Failure) { stopped <- end }
			r := rigOf(t, spec)
			ref := drained(r.sup)
			if err := rigIn(t, "Drain", func() error { return ref.Drain(context.Background()) }); err != nil {
				t.Fatal(err)
			}
			if end := rigRecv(t, "AfterStop", stopped); end.Ref != ref || end.Path != ref.Path() {
				t.Errorf("AfterStop of %v was told of %v", ref, end.Ref)
			}
			r.await(bastion.EventStopped, ref.Path())
			if spec.Group {
				return // a member that has left does not come back
			}
			if err := rigIn(t, "Restart", func() error { return ref.Restart(context.Background()) }); err != nil {
				t.Fatal(err)
			}
			if inc := r.sync(ref); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

// TestL6_ADrainThatTakesTooLongIsStillOnce: whoever is abandoned in the stop hook after the mailbox was closed is gone as others are.
func TestL6_ADrainThatTakesTooLongIsStillOnce(t *testing.T) {
	never := make(chan struct{})
	r := rigOf(t, bastion.ChildSpec{Name: "c", Shutdown: 10 * time.Millisecond, Start: withHooks(hooked{
		stop: func(*bastion.Context, error) error { <-never; return nil },
	})})
	r.left = true
	defer close(never)
	ref := r.child("c")
	if err := rigIn(t, "Drain", func() error { return ref.Drain(context.Background()) }); err != nil {
		t.Fatal(err)
	}
	r.await(bastion.EventStopped, ref.Path())
	wantErr(t, "tell", ref.Tell(context.Background(), 1), bastion.ErrStopped)
	fmt.Fprint(t.Output(), r.sys.Inspector().Books())
}
