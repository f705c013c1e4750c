// Hello is the smallest program with a process in it: a handler that greets, told twice and asked once.
//
//	go run ./examples/hello
//
// Worth a look: the question embeds bastion.Returns[string], so the answer is a string and the compiler checks both
// ends. The handler's field is touched without a lock, because one message is handled at a time. The ask is answered
// after both tells, because messages from one sender are handled in the order in which they were sent.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
)

// Greet is told; Greeted is asked, and its answer is a string.
type (
	Greet   struct{ Name string }
	Greeted struct{ bastion.Returns[string] }
)

type greeter struct{ names []string }

func (g *greeter) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Greet:
		g.names = append(g.names, m.Name)
		fmt.Printf("hello, %s, from %s\n", m.Name, ctx.Self().Path())
	case Greeted:
		return m.Reply(ctx, fmt.Sprintf("%d greeted, the last was %s", len(g.names), g.names[len(g.names)-1]))
	default:
		return ctx.Unhandled()
	}
	return nil
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "hello"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{
			{Name: "greeter", Start: bastion.Handle(func() bastion.Receiver { return new(greeter) })},
		},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}

	greeter := sup.Child("greeter")
	for _, name := range []string{"Ada", "Grace"} {
		if err := greeter.Tell(ctx, Greet{name}); err != nil {
			return err
		}
	}
	answer, err := bastion.Ask(ctx, greeter, Greeted{})
	if err != nil {
		return err
	}
	fmt.Println(answer)
	return sys.Stop(ctx)
}
