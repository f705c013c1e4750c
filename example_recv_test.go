package bastion_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

// Selective receive: whoever waits for one thing leaves the rest in its mailbox, in order. Here a clerk fetches a key and
// is not to be disturbed meanwhile; the visitors wait.
func ExampleContext_RecvWhere() {
	ctx := context.Background()
	done := make(chan struct{})
	type key struct{ door int }
	clerk := func(ctx *bastion.Context) error {
		defer close(done)
		isKey := func(msg any) bool { _, ok := msg.(key); return ok }
		msg, err := ctx.RecvWhere(isKey)
		if err != nil {
			return err
		}
		fmt.Println("got", msg)
		for range 2 {
			visitor, err := ctx.Recv()
			if err != nil {
				return err
			}
			fmt.Println("now", visitor)
		}
		return nil
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "office",
		Children: []bastion.ChildSpec{{Name: "clerk", Start: bastion.Loop(clerk), Restart: bastion.Temporary}},
	}))
	for _, msg := range []any{"Ada", "Grace", key{door: 7}} {
		check(sup.Child("clerk").Tell(ctx, msg))
	}
	check(sys.Start(ctx))
	<-done
	check(sys.Stop(ctx))
	// Output:
	// got {7}
	// now Ada
	// now Grace
}

// RecvMatch is selective receive by type, and perhaps by more.
func ExampleRecvMatch() {
	ctx := context.Background()
	done := make(chan struct{})
	clerk := func(ctx *bastion.Context) error {
		defer close(done)
		n, err := bastion.RecvMatch(ctx, func(n int) bool { return n > 10 })
		if err != nil {
			return err
		}
		word, err := bastion.RecvMatch[string](ctx, nil)
		fmt.Println(n, word)
		return err
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "office",
		Children: []bastion.ChildSpec{{Name: "clerk", Start: bastion.Loop(clerk), Restart: bastion.Temporary}},
	}))
	for _, msg := range []any{"a", 10, 11, "b"} {
		check(sup.Child("clerk").Tell(ctx, msg))
	}
	check(sys.Start(ctx))
	<-done
	check(sys.Stop(ctx))
	// Output: 11 a
}

// RecvTimeout gives a loop a rhythm of its own beside its messages.
func ExampleContext_RecvTimeout() {
	ctx := context.Background()
	done := make(chan struct{})
	clerk := func(ctx *bastion.Context) error {
		defer close(done)
		for {
			msg, ok, err := ctx.RecvTimeout(10 * time.Millisecond)
			if err != nil {
				return err
			}
			if !ok {
				fmt.Println("nobody came: closed")
				return nil
			}
			fmt.Println("served", msg)
		}
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "office",
		Children: []bastion.ChildSpec{{Name: "clerk", Start: bastion.Loop(clerk), Restart: bastion.Temporary}},
	}))
	check(sup.Child("clerk").Tell(ctx, "Ada"))
	check(sys.Start(ctx))
	<-done
	check(sys.Stop(ctx))
	// Output:
	// served Ada
	// nobody came: closed
}

// RecvWhereTimeout is Erlang's receive with a pattern and an after.
func ExampleContext_RecvWhereTimeout() {
	ctx := context.Background()
	done := make(chan struct{})
	clerk := func(ctx *bastion.Context) error {
		defer close(done)
		urgent := func(msg any) bool { return msg == "fire" }
		_, ok, err := ctx.RecvWhereTimeout(urgent, 10*time.Millisecond)
		fmt.Println("fire:", ok, err)
		_, ok, err = ctx.TryRecvWhere(urgent) // without waiting
		fmt.Println("fire:", ok, err)
		msg, err := ctx.Recv()
		fmt.Println(msg, err)
		return nil
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "office",
		Children: []bastion.ChildSpec{{Name: "clerk", Start: bastion.Loop(clerk), Restart: bastion.Temporary}},
	}))
	check(sup.Child("clerk").Tell(ctx, "Ada"))
	check(sys.Start(ctx))
	<-done
	check(sys.Stop(ctx))
	// Output:
	// fire: false <nil>
	// fire: false <nil>
	// Ada <nil>
}

// A message says how it came: a broadcast has others as readers, and nobody waits for an answer to what was told.
func ExampleContext_Delivery() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "desk", Children: []bastion.ChildSpec{{
		Name: "clerk", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				fmt.Printf("%T was %v\n", msg, ctx.Delivery())
				if q, ok := msg.(Total); ok && ctx.Delivery() == bastion.DeliveryAsked {
					return q.Reply(ctx, 1)
				}
				return nil
			})
		}),
	}}}))
	check(sys.Start(ctx))
	check(sup.Child("clerk").Tell(ctx, Total{}))
	must(sup.Broadcast(ctx, "closing time"))
	must(bastion.Ask(ctx, sup.Child("clerk"), Total{}))
	check(sys.Stop(ctx))
	// Output:
	// bastion_test.Total was told
	// string was broadcast
	// bastion_test.Total was asked
}
