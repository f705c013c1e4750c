package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

var errClosed = errors.New("closed on Mondays")

// doorman lets in only what is asked, and says who comes.
func doorman(next bastion.Receive) bastion.Receive {
	visitors := 0 // of this incarnation
	return func(ctx *bastion.Context, msg any) error {
		if !ctx.Asked() {
			return ctx.Reject(errClosed) // into the dead letters
		}
		visitors++
		ctx.Carry(ctx.Header().With("trace", "5"))
		fmt.Printf("visitor %d of %s: %T, trace %q\n", visitors, ctx.Self().Name(), msg, ctx.Header().Value("trace"))
		return next(ctx, msg)
	}
}

// Middleware on receive stands around every message of a process, made once for each incarnation.
func ExampleMiddleware() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	letters := sys.DeadLetters(1)
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{{
			Name:       "clerk",
			Start:      bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) }),
			Middleware: []bastion.Middleware{{Receive: doorman}},
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	fmt.Println(bastion.Ask(ctx, sup.Child("clerk"), Price{Item: "tea"}))
	check(sup.Child("clerk").Tell(ctx, "psst"))
	fmt.Println((<-letters.C()).Reason)
	// Output:
	// visitor 1 of clerk: bastion_test.Price, trace "5"
	// 350 <nil>
	// closed on Mondays
}

// shelf answers what it knows in place of the receiver, and marks what it passes on.
func shelf(next bastion.Send) bastion.Send {
	return func(ctx context.Context, out bastion.Outgoing) error {
		if q, ok := out.Message.(Price); ok && q.Item == "coffee" {
			return out.Answer(420)
		}
		out.Header = out.Header.With("trace", "7")
		return next(ctx, out)
	}
}

// A Via is a reference with middleware on the way to it, for whoever sends.
func ExampleRef_Via() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{{
			Name: "clerk",
			Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					fmt.Printf("%T with trace %s\n", msg, ctx.Header().Value("trace"))
					return clerk(ctx, msg)
				})
			}),
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	via := sup.Child("clerk").Via(bastion.Middleware{Send: shelf})
	fmt.Println(bastion.AskVia(ctx, via, Price{Item: "coffee"}))
	fmt.Println(bastion.AskVia(ctx, via, Price{Item: "tea"}))
	check(via.Tell(ctx, "goodbye"))
	check(via.Ref().Drain(ctx))
	// Output:
	// 420 <nil>
	// bastion_test.Price with trace 7
	// 350 <nil>
	// string with trace 7
}

// What is done for a question ends when nobody waits for its answer any more.
func ExampleContext_Asking() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	patience, hangUp := context.WithTimeout(ctx, time.Hour)
	given := make(chan error, 1)
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{{
			Name: "clerk",
			Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					work := ctx.Asking()
					_, limited := work.Deadline()
					fmt.Println("with a deadline:", limited)
					hangUp()
					<-work.Done() // a slow query, say, which takes this context
					given <- context.Cause(ctx)
					return nil
				})
			}),
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	_, err := bastion.Ask(patience, sup.Child("clerk"), Price{Item: "tea"})
	fmt.Println(err)
	fmt.Println("and the clerk's own Context:", <-given)
	// Output:
	// with a deadline: true
	// context canceled
	// and the clerk's own Context: <nil>
}

// Waiting by the system's clock, which a seeded run controls, from wherever a Ref is known.
func ExampleSystem_Sleep() {
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{
			{Name: "clerk", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) })},
		},
	}))
	to := sup.Child("clerk").System()
	fmt.Println(to.Name(), to.Sleep(context.Background(), time.Microsecond))

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(to.Sleep(ended, time.Hour))
	// Output:
	// shop <nil>
	// context canceled
}
