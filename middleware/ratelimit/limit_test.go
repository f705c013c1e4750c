package ratelimit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/middleware/ratelimit"
)

type ping struct{ bastion.Returns[int] }

func seeded(t *testing.T, limit ratelimit.Limit, side func(bastion.Middleware) bastion.Middleware, main func(sys *bastion.System, c bastion.Ref)) {
	t.Helper()
	run, err := executor.NewSeeded(executor.SeededConfig{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = run.Run(func() {
		sys, err := bastion.New(bastion.Config{Seeded: run})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{{
			Name: "c", Middleware: []bastion.Middleware{side(limit.Middleware())},
			Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					n++
					if q, ok := msg.(ping); ok {
						return q.Reply(ctx, n)
					}
					return nil
				})
			}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := sys.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		main(sys, sup.Child("c"))
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if b := sys.Inspector().Books(); !b.Balanced() {
			t.Error(b)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func receive(m bastion.Middleware) bastion.Middleware { return bastion.Middleware{Receive: m.Receive} }

func TestLimit_RefusesOnTheSystemsClock(t *testing.T) {
	seeded(t, ratelimit.Limit{PerSecond: 1, Burst: 2}, receive, func(sys *bastion.System, c bastion.Ref) {
		count := func() (ok, limited int) {
			for range 5 {
				switch _, err := bastion.Ask(context.Background(), c, ping{}); {
				case err == nil:
					ok++
				case errors.Is(err, ratelimit.ErrLimited):
					limited++
				default:
					t.Error(err)
				}
			}
			return ok, limited
		}
		if ok, limited := count(); ok != 2 || limited != 3 {
			t.Error(ok, limited)
		}
		if err := sys.Sleep(context.Background(), time.Second); err != nil {
			t.Error(err)
		}
		if ok, limited := count(); ok != 1 || limited != 4 {
			t.Error(ok, limited)
		}
	})
}

func TestLimit_Waits(t *testing.T) {
	seeded(t, ratelimit.Limit{PerSecond: 2, Wait: true}, receive, func(sys *bastion.System, c bastion.Ref) {
		began := sys.Clock().Now()
		for range 5 {
			if _, err := bastion.Ask(context.Background(), c, ping{}); err != nil {
				t.Error(err)
			}
		}
		if took := sys.Clock().Now().Sub(began); took != 2*time.Second {
			t.Error(took)
		}
	})
}

func TestLimit_OnSendNothingIsAccepted(t *testing.T) {
	none := func(bastion.Middleware) bastion.Middleware {
		return bastion.Middleware{Receive: func(next bastion.Receive) bastion.Receive { return next }}
	}
	seeded(t, ratelimit.Limit{}, none, func(sys *bastion.System, c bastion.Ref) {
		via := c.Via(ratelimit.Limit{PerSecond: 1}.Middleware())
		if err := via.Tell(context.Background(), "x"); err != nil {
			t.Error(err)
		}
		if err := via.Tell(context.Background(), "y"); !errors.Is(err, ratelimit.ErrLimited) {
			t.Error(err)
		}
		if b := sys.Inspector().Books(); b.Accepted != 1 {
			t.Error(b)
		}
		patient := c.Via(ratelimit.Limit{PerSecond: 1, Wait: true}.Middleware())
		hasty, cancel := sys.Timeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = patient.Tell(hasty, "z")
		if err := patient.Tell(hasty, "z"); !errors.Is(err, ratelimit.ErrLimited) {
			t.Error(err)
		}
		if err := c.Via(ratelimit.Limit{Wait: true}.Middleware()).Tell(hasty, "never"); !errors.Is(err, ratelimit.ErrLimited) {
			t.Error(err)
		}
	})
}

// Two pings at once, and then one a second.
func ExampleLimit() {
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		panic(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{{
		Name:       "pong",
		Middleware: []bastion.Middleware{ratelimit.Limit{PerSecond: 0.001, Burst: 2}.Middleware()},
		Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { return msg.(ping).Reply(ctx, 1) })
		}),
	}}})
	if err != nil {
		panic(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		panic(err)
	}
	defer sys.Stop(context.Background())
	for range 3 {
		fmt.Println(bastion.Ask(context.Background(), sup.Child("pong"), ping{}))
	}
	// Output:
	// 1 <nil>
	// 1 <nil>
	// 0 ratelimit: too many messages
}
