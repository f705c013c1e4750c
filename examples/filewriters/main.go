// Filewriters has ten workers write to one file at once, each the lines it is asked to write, and reads the file back.
//
//	go run ./examples/filewriters
//
// Worth a look: a handler may block, here on the disk, without telling anybody; the executor serves the others meanwhile.
// Answers are what bounds the work: a client that waits for each answer cannot flood its worker. A write that fails
// fails the question, not the worker.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	"github.com/bastion-go/bastion"
)

const (
	workers = 10
	lines   = 20 // for each worker
	width   = 20 // bytes of a line
)

// Write asks to write a line; its answer is how many bytes were written.
type Write struct {
	bastion.Returns[int]
	Line int
	Text string
}

// writer is the factory of a worker: all write to the same file, each at places of its own.
func writer(file *os.File) func() bastion.Receiver {
	return func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			q, ok := msg.(Write)
			if !ok {
				return ctx.Unhandled()
			}
			n, err := file.WriteAt(fmt.Appendf(nil, "%-*s\n", width-1, q.Text), int64(q.Line*width))
			if err != nil {
				return q.Fail(ctx, err)
			}
			return q.Reply(ctx, n)
		})
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	file, err := os.CreateTemp("", "filewriters")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	sys, err := bastion.New(bastion.Config{Name: "office"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "disk", Children: []bastion.ChildSpec{
		{Name: "writers", Count: workers, Start: bastion.Handle(writer(file))},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	written := make([]int, workers)
	failed := make([]error, workers)
	var clients sync.WaitGroup
	for w, ref := range sup.Group("writers").Members() {
		clients.Go(func() { // one client for each worker
			for i := range lines {
				n, err := bastion.Ask(ctx, ref, Write{Line: w*lines + i, Text: fmt.Sprint("worker ", w, " line ", i)})
				if err != nil {
					failed[w] = err
					return
				}
				written[w] += n
			}
		})
	}
	clients.Wait()
	content, err := os.ReadFile(file.Name())
	if err != nil {
		return err
	}
	total := 0
	for _, n := range written {
		total += n
	}
	fmt.Println("answers say", total, "bytes, the file has", len(content), "in", bytes.Count(content, []byte("\n")), "lines")
	for w, err := range failed {
		if err != nil {
			return fmt.Errorf("worker %d: %w", w, err)
		}
	}
	return nil
}
