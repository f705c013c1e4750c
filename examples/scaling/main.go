// Scaling has a group that grows from one member to ten while there is too much to do, and shrinks again.
//
//	go run ./examples/scaling
//
// Worth a look: the resizer is a child like any other, beside the group. Work reaches new members because the distributor
// follows the group; who is to go handles what it has first, so nothing is lost, as the books show.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/resizer"
)

// A job is done when the gate is open.
type job struct{ gate <-chan struct{} }

func work(ctx *bastion.Context, msg any) error {
	if j, ok := msg.(job); ok {
		return ctx.Await(j.gate)
	}
	return ctx.Unhandled()
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	resized := make(chan resizer.Resized, 100)
	sys, err := bastion.New(bastion.Config{Name: "works"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{
			Name: "workers", Group: true, Count: 1, Shutdown: time.Minute,
			Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(work) }),
		},
		{Name: "resizer", Start: resizer.Run(resizer.Spec{
			Group: "workers", Min: 1, Max: 10, Every: time.Millisecond, Grow: 1, Shrink: 0.5,
			OnResize: func(_ *bastion.Context, r resizer.Resized) error { resized <- r; return nil },
		})},
	}})
	if err != nil {
		return err
	}
	jobs, err := distributor.New(sys, distributor.Spec{Name: "jobs", Groups: []*bastion.Group{sup.Group("workers")}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}

	gate := make(chan struct{})
	for range 100 {
		if err := jobs.TellOne(ctx, job{gate}); err != nil {
			return err
		}
	}
	for r := range resized {
		fmt.Println("grown from", r.From, "to", r.To)
		if r.To == 10 {
			break
		}
	}
	close(gate)
	for r := range resized {
		if r.To == 1 {
			fmt.Println("and shrunk to 1")
			break
		}
	}
	if err := sys.Stop(ctx); err != nil {
		return err
	}
	books := sys.Inspector().Books()
	fmt.Println("jobs that nobody has done:", books.Discarded+books.Failed)
	return nil
}
