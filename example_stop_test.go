package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Three ways to end a process. Stop lets the message in hand finish and gives the rest of the mailbox to the dead
// letters, Drain handles what is queued first, Kill cancels the context and does not wait.
func ExampleRef_Stop() {
	ctx := context.Background()
	began := make(chan struct{}, 8)
	patient := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		began <- struct{}{}
		<-ctx.Stopping()
		fmt.Println("handled", msg)
		return nil
	})
	quick := bastion.ReceiverFunc(func(_ *bastion.Context, msg any) error {
		fmt.Println("handled", msg)
		return nil
	})
	hopeless := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{
			{Name: "patient", Start: bastion.Handle(func() bastion.Receiver { return patient })},
			{Name: "quick", Start: bastion.Handle(func() bastion.Receiver { return quick })},
			{Name: "hopeless", Start: bastion.Handle(func() bastion.Receiver { return hopeless })},
		},
	}))
	letters := sys.DeadLetters(8)
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	check(sup.Child("patient").Tell(ctx, "a"))
	check(sup.Child("patient").Tell(ctx, "b"))
	<-began
	check(sup.Child("patient").Stop(ctx))
	fmt.Println("not handled", (<-letters.C()).Message)

	check(sup.Child("quick").Tell(ctx, "c"))
	check(sup.Child("quick").Tell(ctx, "d"))
	check(sup.Child("quick").Drain(ctx))
	fmt.Println("stopped:", errors.Is(sup.Child("quick").Tell(ctx, "e"), bastion.ErrStopped))

	check(sup.Child("hopeless").Tell(ctx, "f"))
	<-began
	check(sup.Child("hopeless").Kill(ctx))
	// Output:
	// handled a
	// not handled b
	// handled c
	// handled d
	// stopped: true
}

// Kill ends a system at once: contexts are cancelled, no hook runs. Done and Wait tell when it is over.
func ExampleSystem_Kill() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{}))
	must(sys.Supervise(bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{{Name: "waiting", Start: bastion.Loop(func(ctx *bastion.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})}},
	}))
	check(sys.Start(ctx))
	fmt.Println("twice:", errors.Is(sys.Start(ctx), bastion.ErrStarted))

	sys.Kill()
	<-sys.Done()
	fmt.Println("asked for:", sys.Wait() == nil)
	// Output:
	// twice: true
	// asked for: true
}
