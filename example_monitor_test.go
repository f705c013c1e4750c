package bastion_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
)

// A session's owner wants to know when it ends, without being touched by that.
func ExampleContext_Monitor() {
	ctx := context.Background()
	seen := make(chan string)
	owner := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		session := ctx.Supervisor().Child("session")
		switch m := msg.(type) {
		case string:
			if _, err := ctx.Monitor(session, bastion.EachIncarnation); err != nil {
				return err
			}
			if _, err := ctx.Monitor(session, bastion.UntilGone); err != nil {
				return err
			}
			return session.Tell(ctx, "break")
		case bastion.Down:
			seen <- fmt.Sprintf("%s, life %d: %v, gone: %v", m.Ref.Name(), m.Incarnation, m.Reason, m.Gone)
		}
		return nil
	})
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:      "work",
		Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{
			{Name: "owner", Start: bastion.Handle(func() bastion.Receiver { return owner })},
			{Name: "session", Tries: 1, Start: bastion.Handle(func() bastion.Receiver { return broken{} })},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	check(sup.Child("owner").Tell(ctx, "go"))
	fmt.Println(<-seen)
	check(sup.Child("session").Tell(ctx, "break")) // its second incarnation
	fmt.Println(<-seen)
	fmt.Println(<-seen) // and there is no third
	// Output:
	// session, life 1: connection lost, gone: false
	// session, life 2: connection lost, gone: false
	// session, life 2: connection lost, gone: true
}

// When Demonitor has returned, no Down of that monitor arrives, not even one that was in the mailbox already.
func ExampleContext_Demonitor() {
	ctx := context.Background()
	downs := 0
	loop := bastion.Loop(func(ctx *bastion.Context) error {
		quick := ctx.Supervisor().Child("quick")
		m, err := ctx.Monitor(quick, bastion.ThisIncarnation)
		if err != nil {
			return err
		}
		fmt.Println("watching", m.Ref().Name(), "at", !m.IsZero())
		if err := quick.Stop(ctx); err != nil {
			return err
		}
		ctx.Demonitor(m)
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			switch m := msg.(type) {
			case bastion.Down:
				downs++
			case howMany:
				if err := m.Reply(ctx, downs); err != nil {
					return err
				}
			}
		}
	})
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{
			{Name: "quick", Start: bastion.Handle(func() bastion.Receiver { return broken{} })},
			{Name: "watcher", Start: loop},
		},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	fmt.Println("downs:", must(bastion.Ask(ctx, sup.Child("watcher"), howMany{})))
	// Output:
	// watching quick at true
	// downs: 0
}

type howMany struct{ bastion.Returns[int] }
