// Compress is a TCP service whose connections hand their data to a hundred workers, which compress it.
//
//	go run ./examples/compress
//
// Worth a look: the listener and every connection are goroutines of one loop process, so a stop closes them all. Back-pressure
// needs no queue of its own: a connection asks a worker and waits, and reads no further meanwhile. (That is the idea of the
// original's "middleware" example. A whole reverse proxy is another matter.)
package main

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync/atomic"

	"github.com/bastion-go/bastion"
)

// Compress asks a worker; Address asks the service where it listens.
type (
	Compress struct {
		bastion.Returns[[]byte]
		Data []byte
	}
	Address struct{ bastion.Returns[string] }
)

// work compresses. A worker has nothing to keep, so it needs no state.
func work(ctx *bastion.Context, msg any) error {
	q, ok := msg.(Compress)
	if !ok {
		return ctx.Unhandled()
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return err
	}
	_, err = w.Write(q.Data)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return q.Reply(ctx, out.Bytes())
}

// serve is the loop: it says where it listens, while its goroutines serve.
func serve(ctx *bastion.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	workers := ctx.Supervisor().Group("workers").Members()
	var next atomic.Uint64
	err = ctx.Go(func(ctx *bastion.Context) error {
		return accept(ctx, listener, func() bastion.Ref { return workers[next.Add(1)%uint64(len(workers))] }) // round robin
	})
	if err != nil {
		return err
	}
	ctx.Ready()
	for {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		if q, ok := msg.(Address); ok {
			if err := q.Reply(ctx, listener.Addr().String()); err != nil {
				return err
			}
		}
	}
}

func accept(ctx *bastion.Context, listener net.Listener, worker func() bastion.Ref) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil // told to stop
		}
		if err != nil {
			return err // the listener is no good any more: a failure of the server, which is started again
		}
		err = ctx.Go(func(ctx *bastion.Context) error { handle(ctx, conn, worker); return nil })
		if err != nil {
			conn.Close()
			return nil
		}
	}
}

// handle answers one connection: all it sends, compressed.
func handle(ctx *bastion.Context, conn net.Conn, worker func() bastion.Ref) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	data, err := io.ReadAll(io.LimitReader(conn, 1<<20))
	if err != nil {
		return
	}
	compressed, err := bastion.Ask(ctx, worker(), Compress{Data: data})
	if err != nil {
		log.Print(err)
		return
	}
	_, _ = conn.Write(compressed)
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "compress"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "net", Strategy: bastion.RestForOne, // the server is nothing without its workers
		Children: []bastion.ChildSpec{
			{Name: "workers", Count: 100, Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(work) })},
			{Name: "server", Start: bastion.Loop(serve), WaitReady: true},
		},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	address, err := bastion.Ask(ctx, sup.Child("server"), Address{})
	if err != nil {
		return err
	}
	for _, text := range []string{strings.Repeat("bastion ", 1000), "short"} {
		if err := client(address, text); err != nil {
			return err
		}
	}
	return nil
}

// client sends a text and checks what comes back.
func client(address, text string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	compressed, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(flate.NewReader(bytes.NewReader(compressed)))
	fmt.Printf("%d bytes, smaller: %t, the same again: %t\n", len(text), len(compressed) < len(text), string(plain) == text)
	return err
}
