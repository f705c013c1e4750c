// Taskhooks shows the turning points of a task: before its start, after it has completed, and in between.
//
//	go run ./examples/taskhooks
//
// (The original's lightproc example "proc_run".) Worth a look: each hook runs exactly once, whatever the outcome; AfterComplete comes
// when the outcome can be awaited already.
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

	for _, outcome := range []error{nil, errors.New("out of paper")} {
		done := make(chan struct{})
		task := executor.Spawn(e, executor.FutureSpec{
			Name:          "print",
			BeforeStart:   func(name string) { fmt.Println("before", name) },
			AfterComplete: func(name string, err error) { fmt.Println("after", name+":", err); close(done) },
		}, func(context.Context) (int, error) {
			fmt.Println("  printing")
			return 1, outcome
		})
		<-done
		_, err := task.Await(ctx)
		fmt.Println(task.State(), err)
	}
	return nil
}
