// Roundrobin gives work to a named group of processes, one after the other, by a dispatcher.
//
//	go run ./examples/roundrobin
//
// Worth a look: the dispatcher's handler decides what a broadcast to its group means, here: to one, and the next time to the
// next. Members register themselves when they start, and the handler hears of that.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/dispatcher"
)

// Work is dispatched; Done is asked of each worker.
type (
	Work struct{ N int }
	Done struct{ bastion.Returns[[]int] }
)

type worker struct{ done []int }

func (w *worker) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Work:
		w.done = append(w.done, m.N)
		return nil
	case Done:
		return m.Reply(ctx, w.done)
	}
	return ctx.Unhandled()
}

// turns is a handler of our own: it says who comes, and leaves broadcasts to ToOne, which takes turns.
type turns struct{ dispatcher.ToOne }

func (turns) Notify(_ *dispatcher.Group, n dispatcher.Notification) {
	if n.Kind == dispatcher.Registered {
		fmt.Println("here comes", n.Ref.Path())
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "works"})
	if err != nil {
		return err
	}
	d := dispatcher.New(sys)
	callers, err := d.Named("callers", turns{})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "floor", Children: []bastion.ChildSpec{
		callers.Join(bastion.ChildSpec{
			Name: "workers", Count: 3, Start: bastion.Handle(func() bastion.Receiver { return new(worker) }),
		}),
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	for n := range 9 {
		if _, err := d.Broadcast(ctx, "callers", Work{n}); err != nil {
			return err
		}
	}
	for _, ref := range sup.Group("workers").Members() {
		done, err := bastion.Ask(ctx, ref, Done{})
		fmt.Println(ref.Path(), "has done", done, err)
	}
	return nil
}
