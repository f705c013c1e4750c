package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

// A supervisor lists and counts its children, and takes new ones of any kind at any place in the start order.
func ExampleSupervisor_Insert() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "desk", Start: echo},
		{Name: "tills", Start: echo, Count: 2},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	cellar := bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "pump", Start: echo}}})
	spec := bastion.ChildSpec{Name: "cellar", Start: cellar, Restart: bastion.Transient}
	child := must(sup.Insert(ctx, spec, bastion.Position{Before: "desk"}))
	must(sup.Insert(ctx, bastion.ChildSpec{Name: "door", Start: echo}, bastion.Position{After: "desk"}))

	for _, c := range sup.Children() {
		fmt.Println(c.Name, c.Kind, c.State, c.Restart)
	}
	fmt.Printf("%+v\n", sup.Count())
	fmt.Printf("%+v\n", sup.Group("tills").Count())
	fmt.Println(child.Supervisor.Parent().Path())
	// Output:
	// cellar supervisor running transient
	// desk handler running permanent
	// door handler running permanent
	// tills group running permanent
	// {Specs:4 Active:4 Supervisors:2 Workers:2}
	// {Specs:1 Active:2 Supervisors:0 Workers:2}
	// /shop/floor
}

// Whoever holds a reference can restart, stop and remove what it refers to.
func ExampleRef_Restart() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "desk", Start: echo},
		{Name: "tills", Start: echo, Count: 2},
		{Name: "carts", Start: echo, Count: 2},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	desk, tills, carts := sup.Child("desk"), sup.Group("tills"), sup.Group("carts")
	check(desk.Restart(ctx))
	check(tills.Member(1).Restart(ctx)) // one member
	fmt.Println(bastion.Ask(ctx, desk, Whoami{}))
	fmt.Println(bastion.Ask(ctx, tills.Member(1), Whoami{}))

	check(tills.Drain(ctx))   // handles what is queued first
	check(tills.Restart(ctx)) // and up again
	check(tills.Kill(ctx))    // without asking
	fmt.Println(tills.Count().Active, "tills are open")

	check(desk.Remove(ctx))
	check(carts.Remove(ctx))
	check(sup.Drain(ctx))
	fmt.Println(sup.Count())
	// Output:
	// /shop/floor/desk #2 <nil>
	// /shop/floor/tills/1 #2 <nil>
	// 0 tills are open
	// {1 0 1 0}
}

// The rules change while everything runs. What is wrong is refused whole.
func ExampleSupervisor_ChangeChild() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "till", Start: fragile},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	rules := sup.Spec()
	rules.Intensity = bastion.Intensity{Max: 10, Within: time.Minute}
	check(sup.Change(ctx, rules))

	till := must(sup.ChildSpec("till"))
	till.Tries = 2
	check(sup.ChangeChild(ctx, "till", till))

	till.Tries = -1
	err := sup.ChangeChild(ctx, "till", till)
	fmt.Println(err)

	for range 3 {
		_ = sup.Child("till").Tell(ctx, "fail")
	}
	_, err = bastion.Ask(ctx, sup.Child("till"), Whoami{})
	fmt.Println(errors.Is(err, bastion.ErrStopped))
	// Output:
	// bastion: bad spec: Tries: must not be negative, is -1
	// true
}
