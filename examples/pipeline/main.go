// Pipeline is three stages, each a supervisor of its own: input, processing by three different workers, and response.
//
//	go run ./examples/pipeline
//
// Worth a look: the input broadcasts a text to the whole group of processing, which gets the same value and so must not change
// it. Each worker does what its number says and tells the response, which knows by the id which results belong together.
package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"strings"

	"github.com/bastion-go/bastion"
)

// A Text goes in, a Result comes out of each worker, and a Report asks for what belongs together.
type (
	Text struct {
		ID    int
		Words []string
	}
	Result struct {
		ID int
		Is string
	}
	Report struct {
		bastion.Returns[string]
		ID int
	}
)

// workers say what the members of the group do.
var workers = []func(words []string) string{
	func(words []string) string { return fmt.Sprint(len(words), " words") },
	func(words []string) string {
		return "longest " + slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) })
	},
	func(words []string) string { return "sorted " + strings.Join(slices.Sorted(slices.Values(words)), " ") },
}

// process is one worker. It finds the response by its path.
func process(ctx *bastion.Context, msg any) error {
	text, ok := msg.(Text)
	if !ok {
		return ctx.Unhandled()
	}
	response, err := ctx.System().Lookup("/pipeline/response/collector")
	if err != nil {
		return err
	}
	return response.Tell(ctx, Result{text.ID, workers[ctx.Index()](text.Words)})
}

// A collector answers a report when all its results have come.
type collector struct {
	results map[int][]string
	waiting map[int]Report
}

func (c *collector) Receive(ctx *bastion.Context, msg any) error {
	id := 0
	switch m := msg.(type) {
	case Result:
		id, c.results[m.ID] = m.ID, append(c.results[m.ID], m.Is)
	case Report:
		if err := m.Hold(ctx); err != nil { // it is answered later, by another message's handling
			return err
		}
		id, c.waiting[m.ID] = m.ID, m
	default:
		return ctx.Unhandled()
	}
	report, asked := c.waiting[id]
	if results := c.results[id]; asked && len(results) == len(workers) {
		slices.Sort(results) // they come in any order
		return report.Reply(ctx, strings.Join(results, ", "))
	}
	return nil
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "pipeline"})
	if err != nil {
		return err
	}
	response, err := sys.Supervise(bastion.SupervisorSpec{Name: "response", Children: []bastion.ChildSpec{
		{Name: "collector", Start: bastion.Handle(func() bastion.Receiver {
			return &collector{results: map[int][]string{}, waiting: map[int]Report{}}
		})},
	}})
	if err != nil {
		return err
	}
	processing, err := sys.Supervise(bastion.SupervisorSpec{Name: "processing", Children: []bastion.ChildSpec{
		{Name: "workers", Count: len(workers), Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(process) })},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	for id, text := range []string{"the quick brown fox", "jumps over the lazy dog"} {
		if _, err := processing.Group("workers").Broadcast(ctx, Text{id, strings.Fields(text)}); err != nil {
			return err
		}
		fmt.Println(bastion.Ask(ctx, response.Child("collector"), Report{ID: id}))
	}
	return nil
}
