package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

// A loop process has a goroutine of its own. It takes its messages when it likes and may block on anything; here it
// hands lines on to a goroutine that it owns. When it is told to stop, Recv says so and the goroutine's context is done.
func ExampleLoop() {
	ctx := context.Background()
	printed := make(chan struct{})
	writer := func(ctx *bastion.Context) error {
		lines := make(chan string)
		check(ctx.Go(func(ctx *bastion.Context) error { // ends with this incarnation; its panic would be our failure
			for {
				select {
				case line := <-lines:
					fmt.Println(line)
					printed <- struct{}{}
				case <-ctx.Done():
					return nil
				}
			}
		}))
		ctx.Ready() // only now does the next child start, and Start return
		for {
			msg, err := ctx.Recv()
			if err != nil {
				fmt.Println("told to stop:", errors.Is(err, bastion.ErrStopping))
				return nil
			}
			lines <- fmt.Sprint(msg)
		}
	}

	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "output",
		Children: []bastion.ChildSpec{{Name: "writer", Start: bastion.Loop(writer), WaitReady: true}},
	}))
	check(sys.Start(ctx))
	check(sup.Child("writer").Tell(ctx, "hello"))
	<-printed
	check(sys.Stop(ctx))
	// Output:
	// hello
	// told to stop: true
}

// RecvUntil waits for messages and for something else: here for a line of input that may never come.
func ExampleContext_RecvUntil() {
	ctx := context.Background()
	input := make(chan struct{}, 1)
	seen := make(chan string)
	both := func(ctx *bastion.Context) error {
		for {
			msg, ok, err := ctx.RecvUntil(input)
			switch {
			case err != nil:
				return nil
			case ok:
				seen <- fmt.Sprint("message ", msg)
			default:
				seen <- "input"
			}
		}
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "desk",
		Children: []bastion.ChildSpec{{Name: "clerk", Start: bastion.Loop(both)}},
	}))
	check(sys.Start(ctx))
	input <- struct{}{}
	fmt.Println(<-seen)
	check(sup.Child("clerk").Tell(ctx, 1))
	fmt.Println(<-seen)
	check(sys.Stop(ctx))
	// Output:
	// input
	// message 1
}

// Who has to stop something else wants to know how long there is.
func ExampleContext_ShutdownTime() {
	ctx := context.Background()
	server := func(ctx *bastion.Context) error {
		<-ctx.Done()
		fmt.Println("clients have", ctx.ShutdownTime()-time.Second, "to go")
		return nil
	}
	sys := must(bastion.New(bastion.Config{}))
	must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "net",
		Children: []bastion.ChildSpec{{Name: "server", Start: bastion.Loop(server), Shutdown: 10 * time.Second}},
	}))
	check(sys.Start(ctx))
	check(sys.Stop(ctx))
	// Output: clients have 9s to go
}

// TryRecv takes what is there and does not wait: here a loop works in rounds and looks at its mailbox between them.
func ExampleContext_TryRecv() {
	ctx := context.Background()
	done := make(chan struct{})
	rounds := func(ctx *bastion.Context) error {
		defer close(done)
		for round := 1; ; round++ {
			msg, ok, err := ctx.TryRecv()
			if err != nil {
				return err
			}
			if !ok {
				fmt.Println("round", round, "nothing to do")
				return nil // a normal end: a transient child is not started again
			}
			fmt.Println("round", round, msg)
		}
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name:     "work",
		Children: []bastion.ChildSpec{{Name: "rounds", Start: bastion.Loop(rounds), Restart: bastion.Transient}},
	}))
	check(sup.Child("rounds").Tell(ctx, "a")) // kept until the start
	check(sup.Child("rounds").Tell(ctx, "b"))
	check(sys.Start(ctx))
	<-done
	check(sys.Stop(ctx))
	// Output:
	// round 1 a
	// round 2 b
	// round 3 nothing to do
}

// A handler is not interrupted by a stop: its context ends only when its shutdown time is over. One that works for long
// looks at Stopping, which is closed at once.
func ExampleContext_Stopping() {
	ctx := context.Background()
	began := make(chan struct{})
	search := func(ctx *bastion.Context, msg any) error {
		close(began)
		<-ctx.Stopping()
		fmt.Println("stop ordered, context still good:", ctx.Err() == nil)
		return nil
	}
	sys := must(bastion.New(bastion.Config{}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{
		Name: "work",
		Children: []bastion.ChildSpec{
			{Name: "search", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(search) })},
		},
	}))
	check(sys.Start(ctx))
	check(sup.Child("search").Tell(ctx, "everything"))
	<-began
	check(sys.Stop(ctx))
	// Output: stop ordered, context still good: true
}

// A promise to report: a process that gets stuck is a failure, found by its silence, and replaced.
func ExampleContext_Beat() {
	ctx := context.Background()
	answers := make(chan string, 1) // of a site that does not answer the first time
	fetched := make(chan string, 8)
	sys := must(bastion.New(bastion.Config{Name: "site", Logger: slog.New(slog.DiscardHandler)}))
	must(sys.Supervise(bastion.SupervisorSpec{Name: "crawl", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{
		Name: "crawler", Heartbeat: 50 * time.Millisecond, Start: bastion.Loop(func(ctx *bastion.Context) error {
			for {
				select {
				case page := <-answers:
					ctx.Beat() // at least every 50 ms, or else
					fetched <- page
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}),
	}}}))
	events := sys.Events(0)
	check(sys.Start(ctx))
	for e := range events.C() {
		if e.Kind == bastion.EventFailed {
			fmt.Println(e.Path, "failed:", e.Reason)
			break
		}
	}
	answers <- "index.html"
	fmt.Println("fetched", <-fetched)
	check(sys.Stop(ctx))
	// Output:
	// /site/crawl/crawler failed: bastion: no heartbeat for 50ms
	// fetched index.html
}
