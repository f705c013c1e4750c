package bastion_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Who sends is known by the context of the call. A process that does not want to be known says so; from outside there is
// nobody to be known.
func ExampleAnonymous() {
	ctx := context.Background()
	done := make(chan struct{})
	box := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		from := "nobody in particular"
		if s := ctx.Sender(); !s.IsZero() { // whether the sender is identified
			from = s.Path()
		}
		fmt.Println(msg, "from", from)
		if msg == "bye" {
			close(done)
		}
		return nil
	})
	clerk := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		box := ctx.Supervisor().Child("box")
		check(box.Tell(ctx, "a request"))
		check(box.Tell(bastion.Anonymous(ctx), "a complaint"))
		return msg.(Total).Reply(ctx, 2)
	})
	sys := must(bastion.New(bastion.Config{Name: "firm"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "hall", Children: []bastion.ChildSpec{
		{Name: "box", Start: bastion.Handle(func() bastion.Receiver { return box })},
		{Name: "clerk", Start: bastion.Handle(func() bastion.Receiver { return clerk })},
	}}))
	check(sys.Start(ctx))
	must(bastion.Ask(ctx, sup.Child("clerk"), Total{}))
	check(sup.Child("box").Tell(ctx, "bye"))
	<-done
	check(sys.Stop(ctx))
	// Output:
	// a request from /firm/hall/clerk
	// a complaint from nobody in particular
	// bye from nobody in particular
}
