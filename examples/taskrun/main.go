// Taskrun runs one function on the executor, without processes, and waits for what it returns.
//
//	go run ./examples/taskrun
//
// (The original's executor example "run".) Worth a look: the executor stands alone, as a pool of workers that steal from each other
// and are replaced when they block. For a single function a plain go statement does it; this is for thousands.
package main

import (
	"context"
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

	sum := executor.Spawn(e, executor.FutureSpec{Name: "sum"}, func(context.Context) (int, error) {
		total := 0
		for i := range 1_000_001 {
			total += i
		}
		return total, nil
	})
	answer, err := sum.Await(ctx)
	if err != nil {
		return err
	}
	fmt.Println(sum.Name(), sum.State(), answer)
	return nil
}
