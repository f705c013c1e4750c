// Callbacks prints every turning point in the life of a small tree: first start, a crash with its restart, the stop.
//
//	go run ./examples/callbacks
//
// Worth a look: the order. What surrounds starts first and stops last. The strategy is one for all, so the healthy sibling
// is stopped before anything is started again; callbacks of the supervisor itself run only when it is restarted, not when
// it restarts a child.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	"github.com/bastion-go/bastion"
)

// ofChild are the callbacks of a process, in its own context.
func ofChild(name string) bastion.Callbacks {
	say := func(what string) { fmt.Println("   ", name, what) }
	return bastion.Callbacks{
		BeforeStart: func(*bastion.Context) error { say("before start"); return nil },
		AfterStart:  func(*bastion.Context) error { say("after start"); return nil },
		BeforeRestart: func(_ *bastion.Context, f bastion.Failure) error {
			say(fmt.Sprintf("before restart, after %v", f.Reason))
			return nil
		},
		AfterRestart: func(ctx *bastion.Context, _ bastion.Failure) error {
			say(fmt.Sprint("after restart, life ", ctx.Incarnation()))
			return nil
		},
		AfterStop: func(bastion.Failure) { say("after stop") },
	}
}

// ofTree are those of a supervisor.
func ofTree() bastion.TreeCallbacks {
	say := func(path, what string) error { fmt.Println(path, what); return nil }
	return bastion.TreeCallbacks{
		BeforeStart: func(_ context.Context, path string) error { return say(path, "before start") },
		AfterStart:  func(_ context.Context, path string) error { return say(path, "after start") },
		AfterStop:   func(end bastion.Failure) { _ = say(end.Path, "after stop") },
	}
}

// A crash is told; Alive is asked.
type (
	crash struct{}
	Alive struct{ bastion.Returns[bool] }
)

func receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case crash:
		return errors.New("a crash")
	case Alive:
		return m.Reply(ctx, true)
	}
	return ctx.Unhandled()
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	process := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(receive) })
	sys, err := bastion.New(bastion.Config{Name: "house", Logger: slog.New(slog.DiscardHandler), Callbacks: ofTree()})
	if err != nil {
		return err
	}
	floor, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "floor", Strategy: bastion.OneForAll, Callbacks: ofTree(),
		Children: []bastion.ChildSpec{
			{Name: "ann", Start: process, Callbacks: ofChild("ann")},
			{Name: "bob", Start: process, Callbacks: ofChild("bob")},
		},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	if err := floor.Child("ann").Tell(ctx, crash{}); err != nil {
		return err
	}
	for _, name := range []string{"ann", "bob"} { // both are up again when they have answered
		if _, err := bastion.Ask(ctx, floor.Child(name), Alive{}); err != nil {
			return err
		}
	}
	return sys.Stop(ctx)
}
