package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Whoami is answered by a process with what it knows about itself.
type Whoami struct{ bastion.Returns[string] }

// What a process can ask its context about itself, and about the message in hand.
func ExampleContext() {
	ctx := context.Background()
	about := func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case Whoami:
			return m.Reply(ctx, fmt.Sprintf("%s of %s in %s, index %d, incarnation %d, from outside: %t",
				ctx.Self().Name(), ctx.Supervisor().Path(), ctx.System().Name(),
				ctx.Index(), ctx.Incarnation(), ctx.Sender().IsZero()))
		}
		return ctx.Unhandled()
	}
	sys := must(bastion.New(bastion.Config{Name: "office"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "floor",
		Children: []bastion.ChildSpec{
			{Name: "desk", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(about) })},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	fmt.Println(bastion.Ask(ctx, sup.Child("desk"), Whoami{}))
	// Output: desk of /office/floor in office, index 0, incarnation 1, from outside: true <nil>
}

// A switchboard that forwards: the question travels on, and the answer goes straight to whoever asked.
func ExampleContext_Forward() {
	ctx := context.Background()
	var desk bastion.Ref
	switchboard := func(ctx *bastion.Context, msg any) error { return ctx.Forward(desk) }
	answer := func(ctx *bastion.Context, msg any) error {
		if m, ok := msg.(Whoami); ok {
			return m.Reply(ctx, ctx.Self().Path())
		}
		return ctx.Unhandled()
	}
	sys := must(bastion.New(bastion.Config{Name: "office"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "floor",
		Children: []bastion.ChildSpec{
			{Name: "desk", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(answer) })},
			{Name: "switchboard", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(switchboard) })},
		},
	}))
	desk = sup.Child("desk")
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	fmt.Println(bastion.Ask(ctx, sup.Child("switchboard"), Whoami{}))
	// Output: /office/floor/desk <nil>
}

// Stray is a question that the process in this example does not know.
type Stray struct{ bastion.Returns[int] }

// A message that a process does not know goes to the dead letters; if it was a question, its asker hears of it at once.
func ExampleContext_Unhandled() {
	ctx := context.Background()
	deaf := func(ctx *bastion.Context, msg any) error { return ctx.Unhandled() }
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "floor",
		Children: []bastion.ChildSpec{
			{Name: "deaf", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(deaf) })},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	letters := sys.DeadLetters(8)
	defer letters.Close()
	_, err := bastion.Ask(ctx, sup.Child("deaf"), Stray{})
	letter := <-letters.C()
	fmt.Println(errors.Is(err, bastion.ErrUnhandled))
	fmt.Printf("%T for %s, missed %d\n", letter.Message, letter.Receiver.Name(), letters.Missed())
	// Output:
	// true
	// bastion_test.Stray for deaf, missed 0
}
