package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// Two processes write to a third, and one of them fails and waits an hour for its restart. Whatever the seed, the
// program ends within a moment, and with the same seed it does the same.
func Example_seeded() {
	program := func(seed uint64) (log string) {
		run, err := executor.NewSeeded(executor.SeededConfig{Seed: seed})
		if err != nil {
			return err.Error()
		}
		err = run.Run(func() {
			sys, err := bastion.New(bastion.Config{Seeded: run, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
			if err != nil {
				return
			}
			began := sys.Clock().Now()
			var sink bastion.Ref
			writer := func(word string) bastion.ChildSpec {
				return bastion.ChildSpec{Name: word, Start: bastion.Loop(func(ctx *bastion.Context) error {
					if word == "moon" && ctx.Incarnation() == 1 {
						return errors.New("not yet")
					}
					_ = sink.Tell(ctx, word)
					return ctx.Await(nil) // until it is told to stop
				}), Backoff: bastion.Constant{Delay: time.Hour}}
			}
			words := 0
			sup, _ := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
				{Name: "sink", Start: bastion.Handle(func() bastion.Receiver {
					return bastion.ReceiverFunc(func(_ *bastion.Context, msg any) error {
						words++
						log += fmt.Sprint(" ", msg, " after ", sys.Clock().Now().Sub(began), ";")
						return nil
					})
				})},
				writer("sun"), writer("moon"),
			}})
			sink = sup.Child("sink")
			_ = sys.Start(context.Background())
			run.Wait("two words", nil, func() bool { return words == 2 })
			_ = sys.Stop(context.Background())
		})
		if err != nil {
			return err.Error()
		}
		return log
	}
	first, second := program(1), program(1)
	fmt.Println("seed 1:" + first)
	fmt.Println(first == second)
	// Output:
	// seed 1: sun after 0s; moon after 1h0m0s;
	// true
}

// A deadline on the system's clock holds in a seeded run as well, where package context's own would be in real time.
func ExampleSystem_Timeout() {
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		return
	}
	ctx, cancel := sys.Timeout(context.Background(), time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err())
	// Output: context deadline exceeded
}

// A watcher that takes one event after the other.
func ExampleSubscription_Next() {
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		return
	}
	events := sys.Events(0)
	_ = sys.Start(context.Background())
	_ = sys.Stop(context.Background())
	for {
		e, err := events.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Kind)
	}
	// Output:
	// system started
	// stopped
	// system stopped
	// bastion: process has stopped
}
