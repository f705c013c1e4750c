package bastion_test

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
)

// Add asks for nothing; Total is a question whose answer is an int.
type (
	Add   struct{ N int }
	Total struct{ bastion.Returns[int] }
)

type counter struct{ n int }

func (c *counter) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Add:
		c.n += m.N
	case Total:
		return m.Reply(ctx, c.n)
	default:
		return ctx.Unhandled()
	}
	return nil
}

// A system with one supervised process, two messages and a question.
func Example() {
	ctx := context.Background()
	sys, err := bastion.New(bastion.Config{Name: "shop"})
	if err != nil {
		log.Fatal(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "counting",
		Children: []bastion.ChildSpec{
			{Name: "counter", Start: bastion.Handle(func() bastion.Receiver { return new(counter) })},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := sys.Start(ctx); err != nil { // nothing of the program's runs before this
		log.Fatal(err)
	}

	counter := sup.Child("counter")
	counter.Tell(ctx, Add{2})
	counter.Tell(ctx, Add{3})
	total, err := bastion.Ask(ctx, counter, Total{}) // an int, checked by the compiler
	fmt.Println(total, err)

	fmt.Println(sys.Stop(ctx))
	// Output:
	// 5 <nil>
	// <nil>
}

// must and check end an example whose setting-up failed, which none expects.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
