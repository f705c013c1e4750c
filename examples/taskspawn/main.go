// Taskspawn spawns a thousand tasks on the executor and cancels those it does not need.
//
//	go run ./examples/taskspawn
//
// (The original's executor example "spawn_async".) Worth a look: a task gets a context, which ends when it is cancelled; dropping a
// future cancels nothing. Tasks may block, here on a channel, on as many workers as there are.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bastion-go/bastion/executor"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	e, err := executor.New(executor.Config{})
	if err != nil {
		return err
	}
	e.Start()
	defer e.Close(ctx)

	squares := make([]*executor.Future[int], 1000)
	for i := range squares {
		squares[i] = executor.Spawn(e, executor.FutureSpec{}, func(context.Context) (int, error) { return i * i, nil })
	}
	sum := 0
	for _, f := range squares {
		n, err := f.Await(ctx)
		if err != nil {
			return err
		}
		sum += n
	}
	fmt.Println("sum of a thousand squares:", sum)

	never := executor.Spawn(e, executor.FutureSpec{}, func(ctx context.Context) (int, error) {
		<-ctx.Done() // waits for something that does not come
		return 0, ctx.Err()
	})
	never.Cancel()
	_, err = never.Await(ctx)
	fmt.Println("the one that was cancelled:", never.State(), errors.Is(err, context.Canceled))
	return nil
}
