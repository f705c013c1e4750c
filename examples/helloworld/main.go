// Helloworld asks whoever is there to greet, without knowing who that is.
//
//	go run ./examples/helloworld
//
// Worth a look: a Distributor is a named set of processes, here the members of a group; Request asks one of them and gives
// the typed answer. (The example hello does without either.)
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/match"
)

// Greet is a question; its answer is a string.
type Greet struct {
	bastion.Returns[string]
	Whom string
}

func greeter() bastion.Receiver {
	return match.New(match.Answer(func(_ *bastion.Context, q Greet) (string, error) {
		return "Hello, " + q.Whom + "!", nil
	}))
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
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "front", Children: []bastion.ChildSpec{
		{Name: "greeters", Count: 3, Start: bastion.Handle(greeter)},
	}})
	if err != nil {
		return err
	}
	greeters, err := distributor.New(sys, distributor.Spec{
		Name: "say hi", Groups: []*bastion.Group{sup.Group("greeters")},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	fmt.Println(distributor.Request(ctx, greeters, Greet{Whom: "world"}))
	return nil
}
