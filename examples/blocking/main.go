// Blocking shows that there is no second runtime to bring: a process sleeps, blocks and begins goroutines as Go does.
//
//	go run ./examples/blocking
//
// (The original shows here how to run on Tokio.) Worth a look: there is one worker only, and still a process that blocks
// on a channel keeps nobody from being served. ctx.Sleep is the better sleep: it ends when the process is told to stop, and
// is virtual in a test. ctx.Go begins a goroutine that belongs to the process: its panic would be the process's failure.
package main

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/bastion-go/bastion"
)

// Block waits on a channel, Sleep for a time, Compute does something elsewhere; Quick is answered at once.
type (
	Block struct {
		bastion.Returns[string]
		On <-chan string
	}
	Sleep   struct{ bastion.Returns[string] }
	Compute struct{ bastion.Returns[int] }
	Quick   struct{ bastion.Returns[string] }
)

func receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Block:
		return m.Reply(ctx, <-m.On) // anything may block: a lock, a file, a call into C
	case Sleep:
		if err := ctx.Sleep(10 * time.Millisecond); err != nil {
			return err // told to stop
		}
		return m.Reply(ctx, "slept")
	case Compute:
		if err := m.Hold(ctx); err != nil { // answered after this handler has returned
			return err
		}
		return ctx.Go(func(ctx *bastion.Context) error {
			sum := 0
			for i := range 1000 {
				sum += i
			}
			return m.Reply(ctx, sum)
		})
	case Quick:
		return m.Reply(ctx, "at your service")
	}
	return ctx.Unhandled()
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "runtime", Workers: 1})
	if err != nil {
		return err
	}
	process := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(receive) })
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "desk", Children: []bastion.ChildSpec{
		{Name: "blocked", Start: process}, {Name: "free", Start: process},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	on := make(chan string)
	var client sync.WaitGroup
	client.Go(func() { fmt.Println(bastion.Ask(ctx, sup.Child("blocked"), Block{On: on})) })
	free := sup.Child("free")
	fmt.Println(bastion.Ask(ctx, free, Quick{}))
	fmt.Println(bastion.Ask(ctx, free, Sleep{}))
	fmt.Println(bastion.Ask(ctx, free, Compute{}))
	on <- "released"
	client.Wait()
	return nil
}
