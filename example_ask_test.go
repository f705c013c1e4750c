package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
)

// Price is a question whose answer is a number of cents.
type Price struct {
	bastion.Returns[int]
	Item string
}

var errNoSuchItem = errors.New("no such item")

// clerk answers from a list; what is not on it is answered with an error, and what must be looked up, later.
func clerk(ctx *bastion.Context, msg any) error {
	q, ok := msg.(Price)
	switch {
	case !ok:
		return ctx.Unhandled()
	case q.Item == "tea":
		return q.Reply(ctx, 350)
	case q.Item == "rare book":
		if err := q.Hold(ctx); err != nil { // the answer comes later, also if this call returns first
			return err
		}
		return ctx.Go(func(ctx *bastion.Context) error {
			if err := ctx.Sleep(time.Millisecond); err != nil {
				return err
			}
			return q.Reply(ctx, 99900)
		})
	}
	return q.Fail(ctx, errNoSuchItem)
}

// Answers, errors as answers, and answers that come later from another goroutine.
func ExampleAsk() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "front",
		Children: []bastion.ChildSpec{
			{Name: "clerk", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) })},
		},
	}))
	_, err := bastion.Ask(ctx, sup.Child("clerk"), Price{Item: "tea"})
	fmt.Println("before the start:", errors.Is(err, bastion.ErrNotStarted))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	for _, item := range []string{"tea", "rare book", "moon"} {
		cents, err := bastion.Ask(ctx, sup.Child("clerk"), Price{Item: item})
		fmt.Println(item, cents, errors.Is(err, errNoSuchItem))
	}

	// A question that nobody answers ends with its asker's context.
	_, err = bastion.Ask(ctx, bastion.Ref{}, Price{Item: "tea"})
	fmt.Println("nobody:", errors.Is(err, bastion.ErrNoProcess))
	// Output:
	// before the start: true
	// tea 350 false
	// rare book 99900 false
	// moon 0 true
	// nobody: true
}

// Offer is asked of a process that has to ask another one itself.
type Offer struct {
	bastion.Returns[string]
	Item string
}

// A handler that waited in an ask would keep the rest of its mailbox waiting too. AskThen does not wait: the answer
// comes back into the asking process, between two messages, where its state may be touched without a lock.
func ExampleAskThen() {
	ctx := context.Background()
	var clerkRef bastion.Ref
	broker := func(ctx *bastion.Context, msg any) error {
		offer, ok := msg.(Offer)
		if !ok {
			return ctx.Unhandled()
		}
		if err := offer.Hold(ctx); err != nil {
			return err
		}
		return bastion.AskThen(ctx, clerkRef, Price{Item: offer.Item}, func(ctx *bastion.Context, cents int, err error) error {
			if err != nil {
				return offer.Fail(ctx, err)
			}
			return offer.Reply(ctx, fmt.Sprintf("%s for %d.%02d", offer.Item, cents/100, cents%100))
		})
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "market",
		Children: []bastion.ChildSpec{
			{Name: "clerk", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(clerk) })},
			{Name: "broker", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(broker) })},
		},
	}))
	clerkRef = sup.Child("clerk") // the same for the whole life of the child, restarts included
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	fmt.Println(bastion.Ask(ctx, sup.Child("broker"), Offer{Item: "tea"}))
	// Output: tea for 3.50 <nil>
}
