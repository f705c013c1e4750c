package resizer_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/resizer"
)

// grain is milled when the mill is open.
type grain struct{ open chan struct{} }

func grinder(ctx *bastion.Context, msg any) error {
	if g, ok := msg.(grain); ok {
		return ctx.Await(g.open)
	}
	return nil
}

// A group grows while there is too much to do, and shrinks when it is done.
func Example() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "mill"}))
	resized := make(chan resizer.Resized, 10)
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{
			Name: "workers", Group: true, Count: 1, Shutdown: time.Minute,
			Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(grinder) }),
		},
		{Name: "resizer", Start: resizer.Run(resizer.Spec{
			Group: "workers",
			Max:   2,
			Every: time.Millisecond,
			OnResize: func(_ *bastion.Context, r resizer.Resized) error {
				resized <- r
				return nil
			},
		})},
	}}))
	if err := sys.Start(ctx); err != nil {
		panic(err)
	}
	defer sys.Stop(ctx)

	work := must(distributor.New(sys, distributor.Spec{Groups: []*bastion.Group{sup.Group("workers")}}))
	open := make(chan struct{})
	for range 10 {
		if err := work.TellOne(ctx, grain{open}); err != nil {
			panic(err)
		}
	}
	r := <-resized
	fmt.Println("too much to do:", r.From, "to", r.To)
	fmt.Println("serving:", must(bastion.Ask(ctx, sup.Child("resizer"), resizer.Status{})).Members)

	close(open)
	r = <-resized
	fmt.Println("done:", r.From, "to", r.To)
	// Output:
	// too much to do: 1 to 2
	// serving: 2
	// done: 2 to 1
}
