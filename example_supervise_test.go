package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

// quiet is for examples that crash on purpose: their crash reports would go to the default logger.
var quiet = slog.New(slog.DiscardHandler)

// Sold asks a till how much it has sold, and Sell tells it to sell; a negative amount is a bug in it.
type (
	Sell struct{ Amount int }
	Sold struct{ bastion.Returns[string] }
)

type till struct{ sold []int }

func (t *till) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Sell:
		t.sold = append(make([]int, 0, 4+m.Amount), t.sold...) // panics for -5
		t.sold = append(t.sold, m.Amount)
	case Sold:
		return m.Reply(ctx, fmt.Sprintf("incarnation %d sold %v", ctx.Incarnation(), t.sold))
	default:
		return ctx.Unhandled()
	}
	return nil
}

// A crash costs the message that caused it and the state of the process, nothing else: the reference stays, and what
// waited in the mailbox is handled by the next incarnation.
func ExampleSupervisorSpec() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "shop",
		Strategy:  bastion.OneForOne,
		Intensity: bastion.Intensity{Max: 5, Within: time.Minute},
		Children: []bastion.ChildSpec{{
			Name:    "till",
			Start:   bastion.Handle(func() bastion.Receiver { return new(till) }),
			Backoff: bastion.Exponential{First: time.Millisecond, Factor: 2, Max: time.Second},
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	till := sup.Child("till")
	for _, amount := range []int{3, -5, 4} {
		check(till.Tell(ctx, Sell{amount}))
	}
	fmt.Println(bastion.Ask(ctx, till, Sold{}))
	// Output: incarnation 2 sold [4] <nil>
}

// A condition maps a failure to another outcome than a restart. Here a missing file is no reason to lose the state, and
// whatever else fails ends the whole system.
func ExampleCondition() {
	ctx := context.Background()
	open := func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case string:
			return fmt.Errorf("open %s: %w", m, fs.ErrNotExist)
		case Whoami:
			return m.Reply(ctx, fmt.Sprint("still incarnation ", ctx.Incarnation()))
		}
		return errors.New("disk on fire")
	}
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "storage",
		Children: []bastion.ChildSpec{{
			Name:  "reader",
			Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(open) }),
			Conditions: []bastion.Condition{
				{Is: fs.ErrNotExist, Then: bastion.Resume},
				{Then: bastion.StopSystem},
			},
		}},
	}))
	check(sys.Start(ctx))
	reader := sup.Child("reader")
	check(reader.Tell(ctx, "a.txt"))
	fmt.Println(bastion.Ask(ctx, reader, Whoami{}))
	check(reader.Tell(ctx, 451))

	fmt.Println("the system ended on its own:", sys.Wait() != nil)
	<-sys.Done()
	// Output:
	// still incarnation 1 <nil>
	// the system ended on its own: true
}

// The hooks around the life of a process, in the order in which they run.
func ExampleCallbacks() {
	ctx := context.Background()
	say := func(what string) func(*bastion.Context) error {
		return func(ctx *bastion.Context) error {
			fmt.Println(what, ctx.Incarnation())
			return nil
		}
	}
	sayWhy := func(what string) func(*bastion.Context, bastion.Failure) error {
		return func(ctx *bastion.Context, f bastion.Failure) error {
			fmt.Printf("%s %d: %+v in hand of %d\n", what, ctx.Incarnation(), f.Message, f.Incarnation)
			return nil
		}
	}
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "shop",
		Children: []bastion.ChildSpec{{
			Name:  "till",
			Start: bastion.Handle(func() bastion.Receiver { return new(till) }),
			Callbacks: bastion.Callbacks{
				BeforeStart:   say("before start"),
				AfterStart:    say("after start"),
				BeforeRestart: sayWhy("before restart"),
				AfterRestart:  sayWhy("after restart"),
				AfterStop:     func(end bastion.Failure) { fmt.Println("after stop", end.Path) },
			},
		}},
	}))
	check(sys.Start(ctx))
	check(sup.Child("till").Tell(ctx, Sell{-5}))
	must(bastion.Ask(ctx, sup.Child("till"), Sold{})) // answered by the next incarnation
	check(sys.Stop(ctx))
	// Output:
	// before start 1
	// after start 1
	// before restart 2: {Amount:-5} in hand of 1
	// after restart 2: {Amount:-5} in hand of 1
	// after stop /bastion/shop/till
}

// Everything that is wrong with a spec is said at once, with the path of each field.
func ExampleSpecError() {
	sys := must(bastion.New(bastion.Config{}))
	start := bastion.Loop(func(ctx *bastion.Context) error { return nil })
	_, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "shop",
		Children: []bastion.ChildSpec{
			{Name: "till", Start: start},
			{Name: "till", Start: start, Count: -1},
			{Name: "a/b"},
		},
	})
	var faults *bastion.SpecError
	fmt.Println(errors.As(err, &faults), len(faults.Faults))
	for _, fault := range faults.Faults {
		fmt.Println(fault)
	}
	// Output:
	// true 4
	// Children[1].Count: must not be negative, is -1
	// Children[1].Name: "till" is taken by Children[0]
	// Children[2].Name: "a/b" contains a slash
	// Children[2].Start: is missing; use Handle, Loop or Subtree with something that is not nil
}

// A package that makes Behaviors from a spec of its own says what is wrong with that where everything else is said.
func ExampleInvalid() {
	poller := func(every time.Duration) bastion.Behavior {
		if every <= 0 {
			return bastion.Invalid("Every: must be positive")
		}
		return bastion.Loop(func(ctx *bastion.Context) error { return ctx.Sleep(every) })
	}
	sys := must(bastion.New(bastion.Config{}))
	_, err := sys.Supervise(bastion.SupervisorSpec{
		Name:     "net",
		Children: []bastion.ChildSpec{{Name: "poller", Start: poller(0)}},
	})
	fmt.Println(err)
	// Output: bastion: bad spec: Children[0].Start.Every: must be positive
}

// A subtree has callbacks of its own, around those of its children.
func ExampleTreeCallbacks() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "cellar",
		Children: []bastion.ChildSpec{{Name: "pump", Start: echo}},
		Callbacks: bastion.TreeCallbacks{
			BeforeStart: func(_ context.Context, path string) error { fmt.Println("opening", path); return nil },
			AfterStart:  func(_ context.Context, path string) error { fmt.Println(path, "is open"); return nil },
			AfterStop:   func(end bastion.Failure) { fmt.Println(end.Path, "is closed:", end.Reason) },
		},
	}))
	check(sys.Start(ctx))
	check(sys.Stop(ctx))
	// Output:
	// opening /shop/cellar
	// /shop/cellar is open
	// /shop/cellar is closed: bastion: shut down
}
