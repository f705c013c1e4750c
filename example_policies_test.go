package bastion_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

// fragile fails at every message but a question.
var fragile = bastion.Handle(func() bastion.Receiver {
	return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		if m, ok := msg.(Whoami); ok {
			return m.Reply(ctx, fmt.Sprint("incarnation ", ctx.Incarnation()))
		}
		return fmt.Errorf("cannot %v", msg)
	})
})

// Every restart policy is a line of a child's spec. The supervisor's own limit is lifted here, so that they are alone
// to decide.
func ExampleRestartType() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "policies",
		Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{
			{Name: "always", Start: fragile, Restart: bastion.Transient},
			{Name: "never", Start: fragile, Restart: bastion.Temporary},
			{Name: "three tries", Start: fragile, Tries: 3},
			{Name: "three tries a minute", Start: fragile, Tries: 3, TriesWithin: time.Minute},
			{Name: "linear", Start: fragile, Backoff: bastion.Linear{First: time.Millisecond, Step: time.Millisecond}},
			{Name: "exponential", Start: fragile, Backoff: bastion.Exponential{First: time.Millisecond}},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	children := make([]bastion.Ref, 0, 6)
	for _, child := range must(sys.Inspector().Node(sup.Path())).Children {
		children = append(children, sup.Child(child.Name))
	}
	for _, child := range children {
		for range 5 {
			_ = child.Tell(ctx, "fail") // refused once the child is down for good
		}
		who, err := bastion.Ask(ctx, child, Whoami{})
		fmt.Println(child.Name(), "->", who, err)
	}
	// Output:
	// always -> incarnation 6 <nil>
	// never ->  bastion: process has stopped
	// three tries ->  bastion: process has stopped
	// three tries a minute ->  bastion: process has stopped
	// linear -> incarnation 6 <nil>
	// exponential -> incarnation 6 <nil>
}

// What happens when a child fails too often is for its supervisor to say. This one takes a break and tries again.
func ExampleIntensity() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "shop",
		Intensity: bastion.Intensity{
			Max: 2, Within: time.Minute, Exceeded: bastion.RetryLater, RetryAfter: 50 * time.Millisecond,
		},
		Children: []bastion.ChildSpec{{Name: "till", Start: fragile}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	till, began := sup.Child("till"), time.Now()
	for range 3 {
		check(till.Tell(ctx, "fail"))
	}
	fmt.Println(bastion.Ask(ctx, till, Whoami{}))
	fmt.Println(time.Since(began) >= 50*time.Millisecond)
	// Output:
	// incarnation 4 <nil>
	// true
}
