// Fibonaccimatch is the fibonacci example with a method for each message instead of a type switch.
//
//	go run ./examples/fibonaccimatch
//
// Worth a look: the types of the messages are those of the methods; that a Fib is answered by an int is checked by the
// compiler. An arm knows how a message came: a Limit counts only when it was broadcast, so that all workers have the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/match"
)

// Limit is broadcast, Fib is asked.
type (
	Limit struct{ N int }
	Fib   struct {
		bastion.Returns[int]
		N int
	}
)

type worker struct{ limit int }

func newWorker() bastion.Receiver {
	w := &worker{limit: 10}
	return match.New(
		match.Broadcast(w.setLimit),
		match.Answer(w.fib),
		match.Fallback(func(ctx *bastion.Context, msg any) error {
			fmt.Printf("a %T that was %v is not for me\n", msg, ctx.Delivery())
			return ctx.Unhandled()
		}),
	)
}

func (w *worker) setLimit(_ *bastion.Context, m Limit) error {
	w.limit = m.N
	return nil
}

var errTooMuch = errors.New("too much work")

func (w *worker) fib(ctx *bastion.Context, q Fib) (int, error) {
	if q.N > w.limit {
		return 0, q.Fail(ctx, errTooMuch) // an error that was returned would be a failure of the worker
	}
	a, b := 0, 1
	for range q.N {
		a, b = b, a+b
	}
	return a, nil
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "math"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "numbers", Children: []bastion.ChildSpec{
		{Name: "workers", Count: 4, Start: bastion.Handle(newWorker)},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	workers := sup.Group("workers")
	if err := workers.Member(0).Tell(ctx, Limit{1000}); err != nil {
		return err
	}
	fmt.Println(bastion.Ask(ctx, workers.Member(0), Fib{N: 90}))
	if _, err := workers.Broadcast(ctx, Limit{90}); err != nil {
		return err
	}
	fmt.Println(bastion.Ask(ctx, workers.Member(3), Fib{N: 90}))
	return nil
}
