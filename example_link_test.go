package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// A reader and its connection are of no use without each other. They are linked, so that when one fails the other ends
// too, and both are started again.
func ExampleContext_Link() {
	ctx := context.Background()
	linked, ended := make(chan bool, 1), make(chan string)
	reader := bastion.Loop(func(ctx *bastion.Context) error {
		conn := ctx.Supervisor().Child("connection")
		if err := ctx.Link(conn); err != nil {
			return err
		}
		if ctx.Incarnation() == 1 {
			linked <- true
		}
		_, err := ctx.Recv() // or any other wait: its Context is done
		if ctx.Incarnation() == 1 {
			ended <- "reader ended, too"
		}
		return err
	})
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "feed",
		Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{
			{Name: "connection", Start: bastion.Handle(func() bastion.Receiver { return broken{} })},
			{Name: "reader", Start: reader},
		},
	}))
	events := sys.Events(0)
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	<-linked
	fmt.Println("linked with", must(sys.Inspector().Node("/shop/feed/reader")).LinkCount)
	check(sup.Child("connection").Tell(ctx, "break"))
	fmt.Println(<-ended)
	for e := range events.C() {
		if e.Kind == bastion.EventFailed && e.Path == "/shop/feed/reader" {
			fmt.Println(e.Reason)
			break
		}
	}
	// Output:
	// linked with 1
	// reader ended, too
	// bastion: exit signal (link with /shop/feed/connection): connection lost
}

var errLost = errors.New("connection lost")

// broken fails with every message.
type broken struct{}

func (broken) Receive(*bastion.Context, any) error { return errLost }

// A pool traps exits: its workers' ends are messages to it. With a worker that it hands out it has nothing to do any
// more, and unlinks it.
func ExampleContext_TrapExits() {
	ctx := context.Background()
	seen := make(chan string)
	pool := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		worker := ctx.Supervisor().Child("worker")
		given := ctx.Supervisor().Child("given away")
		switch m := msg.(type) {
		case string:
			ctx.TrapExits(true)
			if err := errors.Join(ctx.Link(worker), ctx.Link(given)); err != nil {
				return err
			}
			ctx.Unlink(given)
			return errors.Join(given.Tell(ctx, "break"), worker.Tell(ctx, "break"))
		case bastion.Exit:
			seen <- fmt.Sprint(m.From.Name(), " ended: ", m.Reason)
		}
		return nil
	})
	breaks := bastion.Handle(func() bastion.Receiver { return broken{} })
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "work",
		Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{
			{Name: "pool", Start: bastion.Handle(func() bastion.Receiver { return pool })},
			{Name: "worker", Start: breaks},
			{Name: "given away", Start: breaks},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	check(sup.Child("pool").Tell(ctx, "go"))
	fmt.Println(<-seen)
	// Output:
	// worker ended: connection lost
}
