package bastion_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/bastion-go/bastion"
)

// The first of several to answer is enough; the others are given up.
func ExampleAskEach() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "front", Children: []bastion.ChildSpec{
		{Name: "clerks", Count: 3, Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) })},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	clerks := sup.Group("clerks").Members()
	for answer := range bastion.AskEach(ctx, clerks, Price{Item: "tea"}) {
		fmt.Println("the first to answer:", answer.Value, answer.Err)
		break
	}
	total := 0
	for answer := range bastion.AskEach(ctx, clerks, Price{Item: "tea"}) {
		total += answer.Value
	}
	fmt.Println("all of them:", total)
	// Output:
	// the first to answer: 350 <nil>
	// all of them: 1050
}

// Of several that are equally good the first that accepts the question is asked, and nobody else.
func ExampleAskOneOf() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "front", Children: []bastion.ChildSpec{
		{Name: "clerks", Count: 3, Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) })},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	clerks := sup.Group("clerks").Members()
	check(clerks[0].Stop(ctx))
	answer := bastion.AskOneOf(ctx, slices.Values(clerks), Price{Item: "tea"})
	fmt.Println(answer.From.Path(), answer.Value, answer.Err)
	// Output: /shop/front/clerks/1 350 <nil>
}

// What a process has decided can be seen among the events.
func ExampleContext_Note() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	events := sys.Events(0)
	must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "till", Start: bastion.Loop(func(ctx *bastion.Context) error {
			if err := ctx.Note("open for business"); err != nil {
				return err
			}
			return ctx.Await(nil)
		})},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	for {
		if e := must(events.Next(ctx)); e.Kind == bastion.EventNote {
			fmt.Println(e.Path, e.Text)
			return
		}
	}
	// Output: /shop/floor/till open for business
}

// Whoever spreads work over a group by itself looks at who serves, and at how busy they are.
func ExampleGroup_Serving() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		{Name: "tills", Start: echo, Count: 2},
	}}))
	tills := sup.Group("tills")
	known, edition := tills.Serving(), tills.Edition()
	check(known[0].Tell(ctx, "kept until the start"))
	for _, till := range known {
		fmt.Println(till.Path(), till.Load(0).State, till.Load(0).Backlog())
	}
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	lucky := known[sys.Random(len(known))]
	check(lucky.Drain(ctx))
	if tills.Edition() != edition {
		known = tills.Serving()
	}
	fmt.Println(len(known))
	// Output:
	// /shop/floor/tills/0 declared 1
	// /shop/floor/tills/1 declared 0
	// 1
}
