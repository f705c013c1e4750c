package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// echo answers with its path and incarnation.
var echo = bastion.Handle(func() bastion.Receiver {
	return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		if m, ok := msg.(Whoami); ok {
			return m.Reply(ctx, fmt.Sprintf("%s #%d", ctx.Self().Path(), ctx.Incarnation()))
		}
		return ctx.Unhandled()
	})
})

// A tree changes while it runs: children, groups and whole subtrees come, move and go.
func ExampleSupervisor() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor"})) // a supervisor may begin without children
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	desk := must(sup.Add(ctx, bastion.ChildSpec{Name: "desk", Start: echo}))
	tills := must(sup.AddGroup(ctx, bastion.ChildSpec{Name: "tills", Start: echo, Count: 2}))
	must(sup.AddSupervisor(ctx, bastion.SupervisorSpec{
		Name:     "cellar",
		Children: []bastion.ChildSpec{{Name: "pump", Start: echo}},
	}))
	fmt.Println(bastion.Ask(ctx, desk, Whoami{}))
	fmt.Println(bastion.Ask(ctx, tills.Member(1), Whoami{}))
	fmt.Println(bastion.Ask(ctx, sup.Supervisor("cellar").Child("pump"), Whoami{}))

	check(sup.Restart(ctx, "desk")) // on purpose: another incarnation behind the same reference
	fmt.Println(bastion.Ask(ctx, desk, Whoami{}))

	check(sup.Move(ctx, "tills", bastion.Position{Before: "desk"})) // from now on the tills start before the desk and stop after it
	node := must(sys.Inspector().Node(sup.Path()))
	for _, child := range node.Children {
		fmt.Print(child.Name, " ")
	}
	fmt.Println("are below", sup.Name())

	check(sup.Remove(ctx, "desk"))
	fmt.Println(errors.Is(desk.Tell(ctx, "anyone?"), bastion.ErrStopped), sup.Child("desk").IsZero())

	check(sup.Supervisor("cellar").Stop(ctx)) // a whole subtree, for good
	check(sup.Kill(ctx))                      // the rest, without asking it
	// Output:
	// /shop/floor/desk #1 <nil>
	// /shop/floor/tills/1 #1 <nil>
	// /shop/floor/cellar/pump #1 <nil>
	// /shop/floor/desk #2 <nil>
	// tills desk cellar are below floor
	// true true
}

// A subtree may stand among the children of a spec, and supervisors are found again by name.
func ExampleSubtree() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "house",
		Strategy: bastion.RestForOne,
		Children: []bastion.ChildSpec{
			{Name: "door", Start: echo},
			{Start: bastion.Subtree(bastion.SupervisorSpec{
				Name:     "rooms",
				Children: []bastion.ChildSpec{{Name: "kitchen", Start: echo}},
			})},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	kitchen := sys.Root().Supervisor("house").Supervisor("rooms").Child("kitchen")
	fmt.Println(bastion.Ask(ctx, kitchen, Whoami{}))
	// Output: /shop/house/rooms/kitchen #1 <nil>
}

// A group of alike children is one child of its supervisor, and grows while it runs.
func ExampleGroup() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "floor",
		Children: []bastion.ChildSpec{{Name: "tills", Start: echo, Count: 2}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	tills := sup.Group("tills")
	third := must(tills.Spawn(ctx))
	fmt.Println(tills.Name(), tills.Path(), tills.Len(), third == tills.Member(2))
	for _, till := range tills.Members() {
		fmt.Println(bastion.Ask(ctx, till, Whoami{}))
	}
	fmt.Println(tills.Broadcast(ctx, "closing time")) // how many took it
	check(tills.Stop(ctx))
	fmt.Println(errors.Is(third.Tell(ctx, "anyone?"), bastion.ErrStopped))
	// Output:
	// tills /shop/floor/tills 3 true
	// /shop/floor/tills/0 #1 <nil>
	// /shop/floor/tills/1 #1 <nil>
	// /shop/floor/tills/2 #1 <nil>
	// 3 <nil>
	// true
}
