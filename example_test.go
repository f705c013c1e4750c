package bastion_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// From here to the end of counting this is the README's first taste, to the letter; TestHouseReadme compares.

type Add struct{ N int }
type Total struct{ bastion.Returns[int] } // a question; its answer is an int

type counter struct{ n int }

func (c *counter) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Add:
		c.n += m.N
	case Total:
		return m.Reply(ctx, c.n) // checked by the compiler
	default:
		return ctx.Unhandled()
	}
	return nil // after an error or a panic the supervisor starts the next incarnation
}

func counting(ctx context.Context) (int, error) {
	sys, err := bastion.New(bastion.Config{Name: "shop"})
	if err != nil {
		return 0, err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "counting", Children: []bastion.ChildSpec{
		{Name: "counter", Start: bastion.Handle(func() bastion.Receiver { return new(counter) })},
	}})
	if err != nil {
		return 0, err
	}
	if err := sys.Start(ctx); err != nil { // nothing of yours runs before this
		return 0, err
	}
	defer sys.Stop(ctx)
	sup.Child("counter").Tell(ctx, Add{N: 2})
	return bastion.Ask(ctx, sup.Child("counter"), Total{}) // 2
}

// A system with one supervised process, a message and a question.
func Example() {
	fmt.Println(counting(context.Background()))
	// Output: 2 <nil>
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
