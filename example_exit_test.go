package bastion_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// A transient child that has done its work ends itself, and is not started again.
func ExampleContext_Exit() {
	ctx := context.Background()
	left := 3
	worker := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		fmt.Println("did", msg)
		if left--; left == 0 {
			return ctx.Exit(fmt.Errorf("%w: nothing left to do", bastion.ErrShutdown))
		}
		return nil
	})
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{{
			Name: "worker", Restart: bastion.Transient,
			Start: bastion.Handle(func() bastion.Receiver { return worker }),
		}},
	}))
	events := sys.Events(0)
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	for _, job := range []string{"a", "b", "c"} {
		check(sup.Child("worker").Tell(ctx, job))
	}
	for e := range events.C() {
		if e.Kind == bastion.EventStopped {
			fmt.Println(e.Path, e.Reason)
			break
		}
	}
	// Output:
	// did a
	// did b
	// did c
	// /bastion/work/worker bastion: shut down: nothing left to do
}

// Stop and Kill are orders: the child stays down. An exit signal ends the incarnation, and the restart type decides.
func ExampleRef_Exit() {
	ctx := context.Background()
	idle := bastion.ReceiverFunc(func(*bastion.Context, any) error { return nil })
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "work",
		Intensity: bastion.Unlimited,
		Children:  []bastion.ChildSpec{{Name: "idle", Start: bastion.Handle(func() bastion.Receiver { return idle })}},
	}))
	events := sys.Events(0)
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	next := func() bastion.Event {
		for e := range events.C() {
			if e.Path == "/bastion/work/idle" && e.Kind == bastion.EventStarted {
				return e
			}
			if e.Kind == bastion.EventFailed {
				fmt.Println(e.Reason)
			}
		}
		panic("no more events")
	}
	fmt.Println("life", next().Incarnation)
	check(sup.Child("idle").Exit(ctx, fmt.Errorf("its settings have changed")))
	fmt.Println("life", next().Incarnation)
	check(sup.Child("idle").Exit(ctx, bastion.ErrKilled))
	fmt.Println("life", next().Incarnation)
	// Output:
	// life 1
	// bastion: exit signal (outside): its settings have changed
	// life 2
	// bastion: killed
	// life 3
}
