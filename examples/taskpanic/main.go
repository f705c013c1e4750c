// Taskpanic is a task that panics: its panic is an error like any other, with the stack.
//
//	go run ./examples/taskpanic
//
// (The original's lightproc example "proc_panic".) Worth a look: AfterPanic runs whether or not anybody awaits the task, and the
// executor goes on with all its workers.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/bastion-go/bastion/executor"
)

func dangerous(context.Context) (int, error) {
	var list []int
	return list[len(list)], nil // a panic of the runtime itself
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	e, err := executor.New(executor.Config{Workers: 1})
	if err != nil {
		return err
	}
	e.Start()
	defer e.Close(ctx)

	told := make(chan string, 1)
	spec := executor.FutureSpec{
		Name:       "dangerous",
		AfterPanic: func(name string, p *executor.PanicError) { told <- name + " has panicked" },
	}
	_, err = executor.Spawn(e, spec, dangerous).Await(ctx)
	fmt.Println(err)
	var p *executor.PanicError
	fmt.Println("with its stack:", errors.As(err, &p) && strings.Contains(p.Stack(), ".dangerous"))
	fmt.Println(<-told)

	safe := executor.Spawn(e, executor.FutureSpec{}, func(context.Context) (string, error) { return "still there", nil })
	fmt.Println(safe.Await(ctx))
	return nil
}
