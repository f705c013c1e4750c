// Restartstrategy is a child that always fails: it is tried three more times, each after a longer pause, and then given up.
//
//	go run ./examples/restartstrategy
//
// Worth a look: Tries and Backoff belong to the child, Intensity to its supervisor, which would otherwise end after so
// many failures. While the child waits, its supervisor serves the others. Events say what was decided.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

func fail(*bastion.Context) error { return errors.New("no luck") }

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "lab", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = sys.Supervise(bastion.SupervisorSpec{
		Name: "experiments", Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{{
			Name: "unlucky", Start: bastion.Loop(fail),
			Tries:   3,
			Backoff: bastion.Linear{First: 10 * time.Millisecond, Step: 10 * time.Millisecond},
		}},
	})
	if err != nil {
		return err
	}
	events := sys.Events(0)
	if err := sys.Start(ctx); err != nil {
		return err
	}
	for e := range events.C() {
		switch {
		case e.Path != "/lab/experiments/unlucky":
		case e.Kind == bastion.EventRestarting:
			fmt.Printf("life %d failed: %v; the next in %v\n", e.Incarnation, e.Reason, e.Delay)
		case e.Kind == bastion.EventStopped:
			fmt.Println("given up:", e.Reason)
			return sys.Stop(ctx)
		}
	}
	return nil
}
