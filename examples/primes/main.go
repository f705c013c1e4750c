// Primes has a worker for each processor look for primes, and every sixth of their answers is a panic.
//
//	go run ./examples/primes
//
// Worth a look: a crash costs its one question, whose asker hears of it at once (a FailedError) and asks again. All other
// questions that wait in the worker's mailbox are answered by its next incarnation; no client notices more than that.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/big"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion"
)

// IsPrime is asked.
type IsPrime struct {
	bastion.Returns[bool]
	N int64
}

// working is the factory of a worker. What a worker keeps itself is gone after a crash, so the count lies outside.
func working(questions *atomic.Int64) func() bastion.Receiver {
	return func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			q, ok := msg.(IsPrime)
			if !ok {
				return ctx.Unhandled()
			}
			if questions.Add(1)%6 == 0 {
				panic("some workers are like that")
			}
			return q.Reply(ctx, big.NewInt(q.N).ProbablyPrime(0)) // exact for such small numbers
		})
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "math", Logger: slog.New(slog.DiscardHandler)}) // crashes are no news here
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "primes", Children: []bastion.ChildSpec{{
		Name: "workers", Count: runtime.NumCPU(), Intensity: bastion.Unlimited, // as many crashes as it takes
		Start: bastion.Handle(working(new(atomic.Int64))),
	}}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	workers := sup.Group("workers").Members()
	var primes, failures atomic.Int64
	var clients sync.WaitGroup
	for client := range int64(50) {
		clients.Go(func() {
			for n := client*100 + 1; n <= client*100+100; n++ {
				prime, err := ask(ctx, workers[n%int64(len(workers))], n, &failures)
				if err != nil {
					log.Print(err)
				}
				if prime {
					primes.Add(1)
				}
			}
		})
	}
	clients.Wait()
	fmt.Println("primes up to 5,000:", primes.Load())
	fmt.Println("answers that were a panic:", failures.Load())
	return nil
}

// ask asks until there is an answer.
func ask(ctx context.Context, worker bastion.Ref, n int64, failures *atomic.Int64) (bool, error) {
	for {
		prime, err := bastion.Ask(ctx, worker, IsPrime{N: n})
		var failed *bastion.FailedError
		if !errors.As(err, &failed) {
			return prime, err
		}
		failures.Add(1)
	}
}
