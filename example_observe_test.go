package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bastion-go/bastion"
)

// The life of a process as events. A subscription has a buffer: a slow watcher misses events and is told how many, but
// never holds up the runtime.
func ExampleSystem_Events() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "floor",
		Children: []bastion.ChildSpec{{Name: "till", Start: bastion.Handle(func() bastion.Receiver { return new(till) })}},
	}))
	events := sys.Events(64)
	check(sys.Start(ctx))
	check(sup.Child("till").Tell(ctx, Sell{-5}))
	must(bastion.Ask(ctx, sup.Child("till"), Sold{})) // answered by the next incarnation
	check(sys.Stop(ctx))

	for event := range events.C() { // closed once the system has stopped
		if event.Path != "/shop/floor/till" || event.Kind == bastion.EventRestarting {
			continue // that one tells when, with event.Delay
		}
		fmt.Println(event.Kind, event.Incarnation)
		if event.Report != nil {
			var panicked *bastion.PanicError
			fmt.Println("  a panic:", errors.As(event.Reason, &panicked))
			fmt.Println("  with the place:", strings.Contains(event.Report.Stack(), "example_supervise_test.go"))
			fmt.Println("  with the message:", event.Report.Message)
			fmt.Println("  the same place:", panicked.Stack() != "")
		}
	}
	fmt.Println("missed", events.Missed())
	// Output:
	// started 1
	// failed 1
	//   a panic: true
	//   with the place: true
	//   with the message: {-5}
	//   the same place: true
	// started 2
	// stopped 2
	// missed 0
}

// The inspector is the one read-only window: the tree with its counters, the workers, and the books, which balance to
// the message: accepted = handled + failed + in hand + in mailboxes + discarded.
func ExampleInspector() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: quiet, Workers: 2}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "floor",
		Children: []bastion.ChildSpec{{Name: "till", Start: bastion.Handle(func() bastion.Receiver { return new(till) })}},
	}))
	look := sys.Inspector()
	fmt.Println("before the start:", look.State())
	check(sys.Start(ctx))

	for _, amount := range []int{1, 2, -5, 3} {
		check(sup.Child("till").Tell(ctx, Sell{amount}))
	}
	must(bastion.Ask(ctx, sup.Child("till"), Sold{}))

	node := must(look.Node("/shop/floor/till"))
	fmt.Println(node.Kind, node.State, "restarts", node.Restarts)
	fmt.Println(look.Tree().Name, "has", len(look.Tree().Children), "supervisor; workers:", len(look.Workers().Workers))
	fmt.Println("it knows its machine:", len(look.Topology().CPUs) > 0)

	check(sys.Stop(ctx))
	books := look.Books()
	fmt.Println("accepted", books.Accepted, "handled", books.Handled, "failed", books.Failed)
	fmt.Println("discarded at the stop:", books.Reason(bastion.DiscardStopped), "balanced:", books.Balanced())
	// Output:
	// before the start: declared
	// handler running restarts 1
	// shop has 1 supervisor; workers: 2
	// it knows its machine: true
	// accepted 5 handled 4 failed 1
	// discarded at the stop: 0 balanced: true
}
