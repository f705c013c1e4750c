package bastion_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A passed question is forwarded to the same process again and again.
type passed struct{ bastion.Returns[int] }

func TestD6_ForwardedMoreOftenThanItsCounterHolds(t *testing.T) {
	left := 1<<16 + 10
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error {
			if left--; left > 0 {
				return ctx.Forward(ctx.Self())
			}
			return nil // unanswered
		})
	})})
	err := rigIn(t, "Ask", func() error {
		_, err := bastion.Ask(context.Background(), r.child("a"), passed{})
		return err
	})
	if !errors.Is(err, bastion.ErrUnanswered) || left != 0 {
		t.Errorf("%v, with %d to go", err, left)
	}
}

func TestL6_StoppedMembersContextIsDone(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 2, Start: actor()})
	kept := make(chan *bastion.Context, 1)
	ref := r.sup.Group("g").Member(0)
	if err := ref.Tell(context.Background(), do(func(ctx *bastion.Context) error { kept <- ctx; return nil })); err != nil {
		t.Fatal(err)
	}
	c := <-kept
	r.sync(ref) // idle from here on, without a hook: the cheapest of all stops
	if err := ref.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(c.Err(), context.Canceled) {
		t.Errorf("Err is %v", c.Err())
	}
	rigIn(t, "Done", func() error { <-c.Done(); return nil })
}

func TestL7_ConditionOfASubtreeThatDoesNotReturn(t *testing.T) {
	until := make(chan struct{})
	defer close(until)
	asked := make(chan struct{})
	r := rigUp(t, bastion.SupervisorSpec{
		Intensity: bastion.Unlimited,
		Conditions: []bastion.Condition{{Then: bastion.StopChild, Match: func(bastion.Failure) bool {
			close(asked)
			<-until
			return true
		}}},
		Children: []bastion.ChildSpec{{Start: bastion.Subtree(bastion.SupervisorSpec{
			Name: "s", Intensity: bastion.NoRestarts,
			Children: []bastion.ChildSpec{{Name: "x", Start: actor()}},
		})}},
	})
	r.left = true
	if err := r.sup.Supervisor("s").Child("x").Tell(context.Background(), fail{}); err != nil {
		t.Fatal(err)
	}
	<-asked
	_ = rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) })
}

// A leaver is a logger that ends the goroutine which calls it, as t.Fatal does.
type leaver struct{ slog.Handler }

func (leaver) Enabled(context.Context, slog.Level) bool { runtime.Goexit(); return true }

func TestL5_LoggerThatEndsItsGoroutine(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "a", Start: actor()}}},
		func(c *bastion.Config) { c.Logger = slog.New(leaver{slog.DiscardHandler}) })
	r.tell("a", fail{})
	if inc := r.sync(r.child("a")); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
}

// A stuckError does not return when it is asked what it is; an endingError ends the goroutine that asks.
type (
	stuckError  struct{ asked, until chan struct{} }
	endingError struct{}
)

func (e stuckError) Error() string {
	select {
	case e.asked <- struct{}{}:
	default:
	}
	<-e.until
	return "stuck"
}

func (endingError) Error() string { runtime.Goexit(); return "" }

func TestL7_ErrorThatDoesNotSayWhatItIs(t *testing.T) {
	e := stuckError{asked: make(chan struct{}, 1), until: make(chan struct{})}
	defer close(e.until)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor(), Shutdown: time.Millisecond})
	r.left = true
	r.tell("a", do(func(*bastion.Context) error { return e }))
	<-e.asked
	err := rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) })
	if left := new(bastion.AbandonedError); !errors.As(err, &left) {
		t.Errorf("Stop: %v", err)
	}
}

func TestL5_ErrorThatEndsItsGoroutine(t *testing.T) {
	ways := map[string]do{
		"returned":  func(*bastion.Context) error { return endingError{} },
		"panicked":  func(*bastion.Context) error { panic(endingError{}) },
		"in ctx.Go": func(c *bastion.Context) error { return c.Go(func(*bastion.Context) error { return endingError{} }) },
	}
	for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
		for way, f := range ways {
			t.Run(kind+" "+way, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "a", Start: start})
				r.tell("a", f)
				r.await(bastion.EventFailed, "/sys/sup/a")
			})
		}
	}
}

// As many handlers as may be are blocked, and what has to end first waits for a worker.
func TestL7_StopWhileNoWorkerIsLeft(t *testing.T) {
	until, in := make(chan struct{}), make(chan struct{})
	defer close(until)
	block := do(func(*bastion.Context) error { in <- struct{}{}; <-until; return nil })
	child := func(name string) bastion.ChildSpec {
		return bastion.ChildSpec{Name: name, Start: actor(), Shutdown: time.Millisecond}
	}
	r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{child("a"), child("b"), child("c")}},
		func(c *bastion.Config) { c.Workers, c.MaxBlocked = 1, 1 })
	r.left = true
	r.tell("a", block)
	<-in
	r.tell("b", block)
	<-in
	r.tell("c", do(func(*bastion.Context) error { return nil }))
	err := rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) })
	left := new(bastion.AbandonedError)
	if !errors.As(err, &left) || len(left.Left) != 2 {
		t.Errorf("Stop: %v", err)
	}
}

// An asker is a logger that asks what it must not: the very supervisor that is dealing with the failure it is told of.
type asker struct {
	slog.Handler
	hold chan struct{}
	r    **rig
}

func (a asker) Enabled(context.Context, slog.Level) bool { return true }

func (a asker) Handle(ctx context.Context, _ slog.Record) error {
	_ = (*a.r).sup.Restart(ctx, "a")
	<-a.hold
	return nil
}

func (a asker) WithAttrs([]slog.Attr) slog.Handler { return a }

func TestL7_LoggerThatAsksAndDoesNotReturn(t *testing.T) {
	var r *rig
	hold := make(chan struct{})
	defer close(hold)
	r = rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "a", Start: actor()}}},
		func(c *bastion.Config) { c.Logger = slog.New(asker{slog.DiscardHandler, hold, &r}) })
	r.left = true
	for range 10 {
		r.tell("a", fail{})
	}
	if inc := r.sync(r.child("a")); inc < 11 {
		t.Errorf("incarnation %d", inc)
	}
	_ = rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) })
}
