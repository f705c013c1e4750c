package bastiontest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/executor"
)

// The trace of a seeded run as a sequence diagram, and as a file that is read again.
func ExampleTrace() {
	var steps []executor.Step
	run, err := executor.NewSeeded(executor.SeededConfig{Trace: func(s executor.Step) { steps = append(steps, s) }})
	if err != nil {
		return
	}
	_ = run.Run(func() {
		sys, _ := bastion.New(bastion.Config{Name: "shop", Seeded: run})
		sup, _ := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
			{Name: "till", Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { return msg.(Price).Reply(ctx, 3) })
			})},
		}})
		_ = sys.Start(context.Background())
		_, _ = bastion.Ask(context.Background(), sup.Child("till"), Price{})
		_ = sys.Stop(context.Background())
	})
	trace := bastiontest.NewTrace("a sale", steps)
	var file, text bytes.Buffer
	_ = trace.WriteJSON(&file)
	_ = trace.WriteText(&text)
	again, err := bastiontest.ReadTrace(&file)
	fmt.Println(len(again.Steps) == len(trace.Steps), bytes.Count(text.Bytes(), []byte("\n")) == len(trace.Steps)+1, err)
	for i := range again.Steps {
		if again.Steps[i].Kind != "event" {
			continue
		}
		again.Steps[i].Kind = "" // only what is said
	}
	_ = again.WriteMermaid(os.Stdout)
	// Output:
	// true true <nil>
	// sequenceDiagram
	//     participant p0 as driver
	//     participant p1 as /shop/sup/till
	//     p0->>p1: #35;1 Price
	//     p1-->>p0: answer to #35;1
}
