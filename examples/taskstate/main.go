// Taskstate has the hooks of a task work on a state that they share.
//
//	go run ./examples/taskstate
//
// (The original's lightproc example "state_change", whose state is looked up by type and unchecked.) Worth a look: closures are
// all it takes, and no lock: the hooks of one task run one after the other.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion/executor"
)

// progress is what a task and its hooks have in common.
type progress struct {
	amount int
	done   chan struct{}
}

func (p *progress) spec() executor.FutureSpec {
	return executor.FutureSpec{
		BeforeStart:   func(string) { p.amount++ },
		AfterPanic:    func(string, *executor.PanicError) { p.amount += 2 },
		AfterComplete: func(string, error) { p.amount += 3; close(p.done) },
	}
}

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

	for _, f := range []func(context.Context) (int, error){
		func(context.Context) (int, error) { return 0, nil },
		func(context.Context) (int, error) { panic("a bad day") },
	} {
		p := &progress{done: make(chan struct{})}
		task := executor.Spawn(e, p.spec(), f)
		<-p.done // after the last hook
		fmt.Println(task.State(), "with amount", p.amount)
	}
	return nil
}
