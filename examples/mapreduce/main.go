// Mapreduce splits a computation over ten workers and puts their answers together.
//
//	go run ./examples/mapreduce
//
// Worth a look: the reducer is a handler that asks with AskThen, so it waits for nothing: it could serve other jobs
// meanwhile, and its fields need no lock, because the answers come between two messages.
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"slices"
	"strings"

	"github.com/bastion-go/bastion"
)

// Count asks a worker to count the words of one text (map); Job asks the reducer for those of all texts.
type (
	Count struct {
		bastion.Returns[map[string]int]
		Text string
	}
	Job struct {
		bastion.Returns[map[string]int]
		Texts []string
	}
)

func count(ctx *bastion.Context, msg any) error {
	q, ok := msg.(Count)
	if !ok {
		return ctx.Unhandled()
	}
	words := make(map[string]int)
	for _, word := range strings.Fields(q.Text) {
		words[word]++
	}
	return q.Reply(ctx, words)
}

func reduce(ctx *bastion.Context, msg any) error {
	job, ok := msg.(Job)
	if !ok {
		return ctx.Unhandled()
	}
	if err := job.Hold(ctx); err != nil {
		return err
	}
	workers := ctx.Supervisor().Group("workers").Members()
	total, left := make(map[string]int), len(job.Texts)
	for i, text := range job.Texts {
		err := bastion.AskThen(ctx, workers[i%len(workers)], Count{Text: text}, func(ctx *bastion.Context, words map[string]int, err error) error {
			if err != nil {
				return job.Fail(ctx, err)
			}
			for word, n := range words {
				total[word] += n
			}
			if left--; left == 0 {
				return job.Reply(ctx, total)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "words"})
	if err != nil {
		return err
	}
	handler := func(f bastion.ReceiverFunc) bastion.Behavior {
		return bastion.Handle(func() bastion.Receiver { return f })
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "counting", Children: []bastion.ChildSpec{
		{Name: "workers", Count: 10, Start: handler(count)},
		{Name: "reducer", Start: handler(reduce)},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	texts := make([]string, 100)
	for i := range texts {
		texts[i] = strings.Repeat("a rose is a rose ", i%3)
	}
	total, err := bastion.Ask(ctx, sup.Child("reducer"), Job{Texts: texts})
	if err != nil {
		return err
	}
	for _, word := range slices.Sorted(maps.Keys(total)) {
		fmt.Println(word, total[word])
	}
	return nil
}
