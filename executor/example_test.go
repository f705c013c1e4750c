package executor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// countdown is a task that submits itself until it is done.
type countdown struct {
	executor.Task
	n    int
	done chan struct{}
}

func (c *countdown) Run(w *executor.Worker) (again bool) {
	if c.n--; c.n > 0 {
		return true // behind the others
	}
	close(c.done)
	return false
}

func Example() {
	e, err := executor.New(executor.Config{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Start()
	c := &countdown{n: 1000, done: make(chan struct{})}
	c.Init(c)
	e.Submit(&c.Task)
	<-c.done
	fmt.Println("left:", c.n, "close:", e.Close(context.Background()))
	// Output: left: 0 close: <nil>
}

// A task may block on anything; the one that it waits for runs meanwhile, even if there is one worker only.
func ExampleExecutor_Submit_blocking() {
	e, err := executor.New(executor.Config{Workers: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Start()
	defer e.Close(context.Background())
	ch := make(chan string)
	waits := executor.Spawn(e, executor.FutureSpec{}, func(context.Context) (string, error) { return <-ch, nil })
	executor.Spawn(e, executor.FutureSpec{}, func(context.Context) (int, error) { ch <- "served"; return 0, nil })
	fmt.Println(waits.Await(context.Background()))
	// Output: served <nil>
}

func ExampleSpawn() {
	e, err := executor.New(executor.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Start()
	defer e.Close(context.Background())

	f := executor.Spawn(e, executor.FutureSpec{Name: "answer"}, func(context.Context) (int, error) { return 42, nil })
	fmt.Println(f.Await(context.Background()))

	var p *executor.PanicError
	g := executor.Spawn(e, executor.FutureSpec{Name: "faulty"}, func(context.Context) (int, error) { panic("boom") })
	_, err = g.Await(context.Background())
	fmt.Println(errors.As(err, &p), err, strings.Contains(p.Stack(), "ExampleSpawn"), g.State())
	// Output:
	// 42 <nil>
	// true panic: boom true panicked
}

func ExampleFuture_Cancel() {
	e, err := executor.New(executor.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Start()
	defer e.Close(context.Background())
	f := executor.Spawn(e, executor.FutureSpec{}, func(ctx context.Context) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
	f.Cancel()
	_, err = f.Await(context.Background())
	fmt.Println(err, f.State())
	// Output: context canceled cancelled
}

func ExampleExecutor_Stats() {
	e, err := executor.New(executor.Config{Workers: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	e.Start()
	defer e.Close(context.Background())
	s := e.Stats()
	fmt.Println(s.Permits, "permits,", s.Idle, "idle,", s.Blocked, "blocked,", len(s.Workers), "workers")
	// Output: 3 permits, 3 idle, 0 blocked, 3 workers
}

// Places are where an executor's workers belong; a task may be queued on a memory node.
func ExampleExecutor_SubmitOn() {
	m := topology.Flat(4)
	e, err := executor.New(executor.Config{Workers: 2, Topology: m, Affinity: executor.AffinityCore})
	if err != nil {
		panic(err)
	}
	for i, p := range e.Places() {
		fmt.Printf("place %d: CPU %d of node %d, threads pinned to %v\n", i, p.CPU, p.Node, p.Pinned)
	}
	var t job
	t.Init(&t)
	fmt.Println("nodes:", e.Nodes(), "queued on node 0:", e.SubmitOn(&t.Task, 0))
	_, ok := e.Serving(7)
	fmt.Println("there is a node 7:", ok)
	fmt.Println("waiting:", e.Stats().Queued, e.Close(context.Background()))
	// Output:
	// place 0: CPU 0 of node 0, threads pinned to [0]
	// place 1: CPU 1 of node 0, threads pinned to [1]
	// nodes: [0] queued on node 0: true
	// there is a node 7: false
	// waiting: 1 <nil>
}

type job struct{ executor.Task }

func (*job) Run(*executor.Worker) bool { return false }
