package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// Reading is passed by value: through a typed door it is never boxed.
type Reading struct {
	Sensor  int
	Celsius float64
}

// A process that takes one type of message, and a reference through which the compiler lets nothing else.
func ExampleTyped() {
	ctx := context.Background()
	done := make(chan struct{})
	sys := must(bastion.New(bastion.Config{Name: "weather"}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "station",
		Children: []bastion.ChildSpec{{
			Name: "hottest",
			Start: bastion.HandleTyped(func() bastion.TypedReceiver[Reading] {
				var hottest Reading
				return bastion.TypedReceiverFunc[Reading](func(_ *bastion.Context, r Reading) error {
					if r.Celsius > hottest.Celsius {
						hottest = r
					}
					if r.Sensor == 3 {
						fmt.Printf("sensor %d: %.1f\n", hottest.Sensor, hottest.Celsius)
						close(done)
					}
					return nil
				})
			}),
		}},
	}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	hottest, err := bastion.Typed[Reading](sup.Child("hottest"))
	fmt.Println(hottest.Ref().Path(), err)
	for i, celsius := range []float64{18.5, 24, 21.5} {
		check(hottest.Tell(ctx, Reading{Sensor: i + 1, Celsius: celsius}))
	}
	<-done

	_, err = bastion.Typed[string](sup.Child("hottest"))
	fmt.Println(errors.Is(err, bastion.ErrType))
	// Output:
	// /weather/station/hottest <nil>
	// sensor 2: 24.0
	// true
}

// Questions go through typed doors as well: neither the question nor its type is lost on the way.
func ExampleAskTyped() {
	ctx := context.Background()
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "shop", Children: []bastion.ChildSpec{{
		Name: "clerk", Start: bastion.HandleTyped(func() bastion.TypedReceiver[Price] {
			return bastion.TypedReceiverFunc[Price](func(ctx *bastion.Context, q Price) error {
				if q.Item != "tea" {
					return q.Fail(ctx, errNoSuchItem)
				}
				return q.Reply(ctx, 350)
			})
		}),
	}}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	clerk := must(bastion.Typed[Price](sup.Child("clerk")))
	fmt.Println(bastion.AskTyped(ctx, clerk, Price{Item: "tea"}))
	fmt.Println(bastion.AskTyped(ctx, clerk, Price{Item: "moon"}))
	// Output:
	// 350 <nil>
	// 0 no such item
}

// AskThenTyped is AskThen through a typed door.
func ExampleAskThenTyped() {
	ctx := context.Background()
	var clerkRef bastion.TypedRef[Price]
	broker := func(ctx *bastion.Context, msg any) error {
		offer := msg.(Offer)
		check(offer.Hold(ctx))
		return bastion.AskThenTyped(ctx, clerkRef, Price{Item: offer.Item}, func(ctx *bastion.Context, cents int, err error) error {
			if err != nil {
				return offer.Fail(ctx, err)
			}
			return offer.Reply(ctx, fmt.Sprint(offer.Item, " for ", cents+10))
		})
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "market", Children: []bastion.ChildSpec{
		{Name: "clerk", Start: bastion.HandleTyped(func() bastion.TypedReceiver[Price] {
			return bastion.TypedReceiverFunc[Price](func(ctx *bastion.Context, q Price) error { return q.Reply(ctx, 350) })
		})},
		{Name: "broker", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(broker) })},
	}}))
	clerkRef = must(bastion.Typed[Price](sup.Child("clerk")))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)

	fmt.Println(bastion.Ask(ctx, sup.Child("broker"), Offer{Item: "tea"}))
	// Output: tea for 360 <nil>
}
