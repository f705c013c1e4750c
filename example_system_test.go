package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Run is a whole main function: it starts a system, waits for its context, for SIGINT or SIGTERM or for the system's
// own end, and stops it gracefully.
func ExampleRun() {
	ctx, cancel := context.WithCancel(context.Background())
	err := bastion.Run(ctx, bastion.Config{Name: "job"}, bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{{Name: "once", Restart: bastion.Temporary, Start: bastion.Loop(func(ctx *bastion.Context) error {
			fmt.Println("running as", ctx.Self().Path())
			cancel() // a service would go on until it is told to stop
			return nil
		})}},
	})
	fmt.Println(err)
	// Output:
	// running as /job/work/once
	// <nil>
}

// Processes have paths, and everyone can be told at once.
func ExampleSystem_Lookup() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "floor",
		Children: []bastion.ChildSpec{{Name: "tills", Start: echo, Count: 3}, {Name: "desk", Start: echo}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	till := must(sys.Lookup("/shop/floor/tills/2"))
	again := must(sys.Lookup(till.Path()))
	fmt.Println(till == again, till.ID() == again.ID())
	_, err := sys.Lookup("/shop/floor/nobody")
	fmt.Println(errors.Is(err, bastion.ErrNoProcess))

	fmt.Println(sys.Broadcast(ctx, "closing time"))              // all four
	fmt.Println(sys.Root().Broadcast(ctx, "lights out"))         // the same, by way of the root supervisor
	fmt.Println(sys.Root().Supervisor("floor").Group("nothing")) // no such group
	// Output:
	// true true
	// true
	// 4 <nil>
	// 4 <nil>
	// <nil>
}
