// Fibonacci has four workers that are broadcast to, told and asked, all with a plain type switch.
//
//	go run ./examples/fibonacci
//
// Worth a look: a group of alike processes is one line of a spec (Count). AskEach asks all of them at once and takes the
// answers as they come. A process without an answer for a message says so (Unhandled), and its asker hears of it at once.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
)

// Limit is broadcast to all workers: they are to refuse what is larger. Fib is asked.
type (
	Limit struct{ N int }
	Fib   struct {
		bastion.Returns[int]
		N int
	}
)

type worker struct{ limit int }

func (w *worker) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Limit:
		w.limit = m.N
		return nil
	case Fib:
		if m.N > w.limit {
			return m.Fail(ctx, fmt.Errorf("fib(%d) is too much work", m.N))
		}
		return m.Reply(ctx, fib(m.N))
	}
	return ctx.Unhandled()
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
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
		{Name: "workers", Count: 4, Start: bastion.Handle(func() bastion.Receiver { return &worker{limit: 10} })},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	workers := sup.Group("workers")
	n, err := workers.Broadcast(ctx, Limit{30})
	fmt.Println("told of the new limit:", n, err)
	for i := range 4 { // one each; a worker that is asked does not keep the others waiting
		answer, err := bastion.Ask(ctx, workers.Member(i), Fib{N: 22 + i})
		fmt.Printf("worker %d: fib(%d) = %d %v\n", i, 22+i, answer, err)
	}
	sum := 0
	for a := range bastion.AskEach(ctx, workers.Members(), Fib{N: 20}) { // in the order in which they come
		if a.Err != nil {
			return a.Err
		}
		sum += a.Value
	}
	fmt.Println("four times fib(20):", sum)
	_, err = bastion.Ask(ctx, workers.Member(0), Fib{N: 90})
	fmt.Println(err)
	return nil
}
