// Gettingstarted is a tour: two kinds of process, groups, a subtree, messages, questions, a crash, the books.
//
//	go run ./examples/gettingstarted
//
// Read it from run downwards. Every verb it uses has an Example of its own in the package documentation.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

// Messages are plain Go types. One that is a question says what its answer is.
type (
	Order struct{ Item string }
	Sold  struct{ bastion.Returns[int] }
)

// A till is a handler: no goroutine while it is idle, one message at a time, so no locks.
type till struct{ sold int }

func (t *till) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Order:
		if m.Item == "a dead parrot" {
			return errors.New("it is no more") // the failure of this incarnation; the supervisor decides what follows
		}
		t.sold++
		return nil
	case Sold:
		return m.Reply(ctx, t.sold)
	}
	return ctx.Unhandled()
}

// doorman is a loop: it has a goroutine of its own and receives when it likes.
func doorman(ctx *bastion.Context) error {
	for {
		msg, open, err := ctx.RecvTimeout(time.Hour)
		switch {
		case err != nil:
			return err // told to stop
		case open:
			fmt.Printf("the doorman heard %q, which was %v\n", msg, ctx.Delivery())
		}
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "shop", Logger: slog.New(slog.DiscardHandler)}) // no logs in this tour
	if err != nil {
		return err
	}
	front, err := sys.Supervise(bastion.SupervisorSpec{
		Name:      "front",
		Strategy:  bastion.OneForOne,
		Intensity: bastion.Intensity{Max: 3, Within: time.Minute}, // a fourth restart would be one for the one above to decide
		Children: []bastion.ChildSpec{
			{Name: "tills", Count: 3, Start: bastion.Handle(func() bastion.Receiver { return new(till) })},
			{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "entrance", Children: []bastion.ChildSpec{
				{Name: "doorman", Start: bastion.Loop(doorman), Backoff: bastion.Constant{Delay: time.Second}},
			}})},
		},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil { // nothing of yours has run before this
		return err
	}

	first := front.Group("tills").Member(0) // a reference is good for all lives of its process
	for _, item := range []string{"tea", "a dead parrot", "milk"} {
		if err := first.Tell(ctx, Order{item}); err != nil {
			return err
		}
	}
	sold, err := bastion.Ask(ctx, first, Sold{})
	fmt.Println(first.Path(), "sold", sold, err, "(what it had sold before the crash, it forgot)")

	doorman, err := sys.Lookup("/shop/front/entrance/doorman")
	if err != nil {
		return err
	}
	if err := doorman.Tell(ctx, "good morning"); err != nil {
		return err
	}
	if _, err := sys.Broadcast(ctx, "we are closing"); err != nil { // tills do not know what to do with that
		return err
	}
	if err := front.Drain(ctx); err != nil { // what was accepted is handled first
		return err
	}
	if err := sys.Stop(ctx); err != nil {
		return err
	}
	fmt.Println(sys.Inspector().Books())
	return nil
}
