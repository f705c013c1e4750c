package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

// Whether a system may be given work, and whether it would be better off restarted, as plain data. Package health
// serves the same to Kubernetes and load balancers.
func ExampleSystem_Health() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	floor := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "till", Start: echo},
		{Name: "music", Start: echo, Optional: true}, // not needed to serve
	}}))
	fmt.Println(sys.Health().Ready.Problems)

	check(sys.Start(ctx))
	h := sys.Health()
	fmt.Println(h.State, h.Ready.OK, h.Live.OK)

	// The store is not there, so its process waits before it tries again.
	tried := make(chan struct{}, 1)
	must(floor.Add(ctx, bastion.ChildSpec{
		Name: "store", Backoff: bastion.Constant{Delay: time.Hour}, Start: bastion.Loop(func(ctx *bastion.Context) error {
			tried <- struct{}{}
			_, err := ctx.Recv()
			return errors.Join(errors.New("connection refused"), err)
		}),
	}))
	<-tried
	events := sys.Events(0)
	check(floor.Child("store").Tell(ctx, "connect"))
	for e := range events.C() {
		if e.Kind == bastion.EventRestarting {
			break
		}
	}
	for _, p := range sys.Health().Ready.Problems {
		fmt.Println(p, "because:", p.Reason)
	}
	check(sys.Stop(ctx))
	// Output:
	// [/shop: not started]
	// running true true
	// /shop/floor/store: waiting to be restarted because: connection refused
}

// A program that ends its system by itself tells load balancers first, and goes on serving meanwhile. Run does so if
// its Config has a LameDuck.
func ExampleSystem_LameDuck() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{{Name: "till", Start: echo}}}))
	check(sys.Start(ctx))

	sys.LameDuck()
	fmt.Println(sys.Health().Ready.OK, sys.Health().Ready.Problems)
	till := must(sys.Lookup("/shop/floor/till"))
	fmt.Println(till.Tell(ctx, "a last customer"))
	// ... after some seconds:
	check(sys.Stop(ctx))
	// Output:
	// false [/shop: stopping]
	// <nil>
}
