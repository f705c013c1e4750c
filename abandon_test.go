package bastion_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// stuckHere is to be seen in stacks.
//
//go:noinline
func stuckHere(until <-chan struct{}) { <-until }

// stucks are children that get stuck in stuckHere once they are told "stuck", each somewhere else. before is what
// has to happen to get them there, other than the message.
func stucks(gate <-chan struct{}) map[string]bastion.Behavior {
	on := func(f func(ctx *bastion.Context) error) func(ctx *bastion.Context, msg any) error {
		return func(ctx *bastion.Context, msg any) error {
			if msg == "stuck" && ctx.Incarnation() == 1 {
				return f(ctx)
			}
			return react(ctx, msg)
		}
	}
	here := func(*bastion.Context) error { stuckHere(gate); return nil }
	inGo := func(ctx *bastion.Context) error { return ctx.Go(here) }
	return map[string]bastion.Behavior{
		"handler":                withHooks(hooked{on: on(here)}),
		"loop":                   loopOn(on(here)),
		"goroutine of a handler": withHooks(hooked{on: on(inGo)}),
		"goroutine of a loop":    loopOn(on(inGo)),
		"stop hook": withHooks(hooked{stop: func(ctx *bastion.Context, _ error) error {
			if ctx.Incarnation() == 1 {
				stuckHere(gate)
			}
			return nil
		}}),
	}
}

func TestL7_TheStuckIsAbandonedOnStopKillAndFailure(t *testing.T) {
	for _, how := range []string{"restart", "kill", "failure"} {
		for where := range stucks(nil) {
			if how == "failure" && (where == "handler" || where == "loop") || how == "kill" && where == "stop hook" {
				continue // it cannot fail while it is stuck; a kill runs no hook
			}
			t.Run(where+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { stuckOn(t, where, how) })
			})
		}
	}
}

func stuckOn(t *testing.T, where, how string) {
	gate := make(chan struct{})
	release := sync.OnceFunc(func() { close(gate) })
	defer release()
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: stucks(gate)[where], Shutdown: 10 * time.Second},
		bastion.ChildSpec{Name: "bystander", Start: actor()})
	ref := r.child("c")
	r.tell("c", "stuck")
	synctest.Wait()
	began := time.Now()
	ctx := context.Background()
	switch how {
	case "restart":
		if err := r.sup.Restart(ctx, "c"); err != nil {
			t.Error(err)
		}
	case "kill":
		if err := ref.Kill(ctx); err != nil {
			t.Error(err)
		}
	case "failure":
		r.tell("c", fail{})
	}
	e := r.await(bastion.EventAbandoned, e2path(where))
	if !strings.Contains(e.Text, "stuckHere") {
		t.Errorf("the stack does not show where it is stuck:\n%s", e.Text)
	}
	limit := 10 * time.Second
	if how == "kill" {
		limit = 0
	}
	if took := time.Since(began); took < limit || took > limit+time.Second {
		t.Errorf("took %v", took)
	}
	if how != "kill" {
		if inc := r.sync(ref); inc != 2 {
			t.Errorf("incarnation %d", inc)
		}
	}
	err := r.sys.Stop(ctx)
	var left *bastion.AbandonedError
	if !errors.As(err, &left) || len(left.Left) != 1 || !strings.Contains(left.Left[0].Stack, "stuckHere") {
		t.Errorf("Stop: %v", err)
	}
	release()
	synctest.Wait()
	if err := r.sys.Stop(ctx); err != nil {
		t.Errorf("Stop after all has returned: %v", err)
	}
}

func e2path(where string) string {
	if strings.HasPrefix(where, "goroutine") {
		return "/sys/sup/c (1 goroutines of ctx.Go)"
	}
	return "/sys/sup/c"
}

func TestL7_StuckStartHookIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		r := rigOf(t)
		for _, kind := range []string{"h", "l"} {
			spec := bastion.ChildSpec{Name: kind, StartTimeout: time.Minute, Start: withHooks(hooked{
				start: func(*bastion.Context) error { stuckHere(gate); return nil },
			})}
			if kind == "l" {
				spec.WaitReady = true
				spec.Start = bastion.Loop(func(*bastion.Context) error { stuckHere(gate); return nil })
			}
			began := time.Now()
			_, err := r.sup.Add(context.Background(), spec)
			var failed *bastion.StartError
			if !errors.As(err, &failed) || !errors.Is(err, bastion.ErrStartTimeout) {
				t.Errorf("%s: %v", kind, err)
			}
			if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
				t.Errorf("%s: took %v", kind, took)
			}
		}
		if _, err := r.sup.AddGroup(context.Background(), bastion.ChildSpec{Name: "g", Start: actor()}); err != nil {
			t.Error(err)
		}
		close(gate)
	})
}

func TestL7_SpawnTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		r := rigOf(t, bastion.ChildSpec{Name: "g", Group: true, StartTimeout: time.Minute, Start: withHooks(hooked{
			start: func(*bastion.Context) error { stuckHere(gate); return nil },
		})})
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if _, err := r.sup.Group("g").Spawn(ctx); !errors.Is(err, bastion.ErrStartTimeout) {
			t.Errorf("Spawn: %v", err)
		}
		close(gate)
	})
}

func TestL7_TheAbandonedIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		tried := make(chan []error, 1)
		r := rigOf(t, bastion.ChildSpec{Name: "other", Start: actor()},
			bastion.ChildSpec{Name: "g", Start: actor(), Group: true},
			bastion.ChildSpec{Name: "c", Start: actor()})
		other, sup := r.child("other"), r.sup
		r.tell("c", do(func(ctx *bastion.Context) error {
			<-gate
			_, ask := bastion.Ask(ctx, other, barrier{})
			then := bastion.AskThen(ctx, other, barrier{}, func(*bastion.Context, uint64, error) error { return nil })
			_, add := sup.Add(ctx, bastion.ChildSpec{Name: "x", Start: actor()})
			_, spawn := sup.Group("g").Spawn(ctx)
			_, cast := ctx.System().Broadcast(ctx, 1)
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			tried <- []error{other.Tell(ctx, 1), other.Tell(derived, 1), ask, then, add, spawn, cast,
				ctx.Go(func(*bastion.Context) error { return nil }), other.Stop(ctx), ctx.Forward(other), sup.Restart(ctx, "other")}
			return errBoom
		}))
		synctest.Wait()
		if err := r.sup.Restart(context.Background(), "c"); err != nil {
			t.Error(err)
		}
		close(gate)
		for i, err := range <-tried {
			if !errors.Is(err, bastion.ErrEnded) && !errors.Is(err, bastion.ErrNoMessage) &&
				!errors.Is(err, context.Canceled) && !errors.Is(err, bastion.ErrNotHandler) {
				t.Errorf("%d: %v", i, err)
			}
		}
		synctest.Wait()
		if inc := r.sync(r.child("c")); inc != 2 {
			t.Errorf("what the abandoned returned counted: incarnation %d", inc)
		}
		if inc := r.sync(other); inc != 1 || !r.sup.Child("x").IsZero() || r.sup.Group("g").Len() != 0 {
			t.Error("the fence has a hole")
		}
	})
}

// One stuck message is folded (alone in the mailbox) or in a batch; what waits is served by the replacement.
func TestL7_WhatWaitsIsServedExactlyOnceAndInOrder(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		for _, waiting := range []int{0, 1, 2, 5} {
			for _, before := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) { stuckWith(t, kind, waiting, before) })
			}
		}
	}
}

func stuckWith(t *testing.T, kind string, waiting int, before bool) {
	gate, first := make(chan struct{}), make(chan struct{})
	var got []int
	on := func(ctx *bastion.Context, msg any) error {
		if n, ok := msg.(int); ok {
			got = append(got, n)
			return nil
		}
		return react(ctx, msg)
	}
	start := withHooks(hooked{on: on})
	if kind == "loop" {
		start = loopOn(on)
	}
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start, Shutdown: time.Minute})
	if before { // the stuck one is part of a batch
		r.tell("c", hang{first})
		synctest.Wait()
	}
	r.tell("c", hang{gate})
	if !before {
		synctest.Wait() // the stuck one is alone in the mailbox
	}
	for i := range waiting {
		r.tell("c", i)
	}
	close(first)
	synctest.Wait()
	if err := r.sup.Restart(context.Background(), "c"); err != nil {
		t.Error(err)
	}
	r.tell("c", waiting)
	if inc := r.sync(r.child("c")); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
	close(gate)
	synctest.Wait()
	r.sync(r.child("c"))
	if len(got) != waiting+1 {
		t.Errorf("%s with %d waiting: got %v", kind, waiting, got)
	}
	for i, n := range got {
		if i != n {
			t.Errorf("%s with %d waiting: got %v", kind, waiting, got)
		}
	}
	synctest.Wait() // an answer comes before its question is counted as handled
	if b := r.sys.Inspector().Books(); !b.Balanced() || b.Failed != 1 {
		t.Errorf("books: %v", b)
	}
}

func TestL7_StuckAfterStopDoesNotHangStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Callbacks: bastion.Callbacks{
			AfterStop: func(bastion.Failure) { stuckHere(gate) },
		}})
		r.left = true
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stopped := make(chan error, 1)
		go func() { stopped <- r.sys.Stop(ctx) }()
		select {
		case err := <-stopped:
			if !errors.Is(err, bastion.ErrAbandoned) {
				t.Errorf("Stop: %v", err)
			}
		case <-time.After(time.Hour):
			t.Error("Stop hangs on an AfterStop callback, past its context")
		}
		close(gate)
	})
}

func TestL7_WhatAnAbandonedFactoryMakesBelongsToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var made atomic.Int32
		r := rigOf(t, bastion.ChildSpec{Name: "c", StartTimeout: time.Minute, Start: bastion.Handle(func() bastion.Receiver {
			if made.Add(1) == 2 {
				<-gate
				return bastion.ReceiverFunc(func(*bastion.Context, any) error { t.Error("the late one got a message"); return nil })
			}
			return bastion.ReceiverFunc(react)
		})})
		r.tell("c", fail{})
		r.await2(bastion.EventStarted, 3)
		close(gate)
		synctest.Wait()
		if inc := r.sync(r.child("c")); inc != 3 {
			t.Errorf("incarnation %d", inc)
		}
	})
}

// await2 reads events until one of that kind and incarnation, however long that takes.
func (r *rig) await2(kind bastion.EventKind, inc uint64) bastion.Event {
	for e := range r.events.C() {
		if e.Kind == kind && e.Incarnation == inc {
			return e
		}
	}
	r.t.Fatal("the events ended")
	return bastion.Event{}
}
