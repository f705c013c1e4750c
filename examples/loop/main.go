// Loop is a process in the style of the original Bastion: a goroutine of its own that receives when it wants to.
//
//	go run ./examples/loop
//
// The process is a TCP server for one line at a time. A goroutine that it owns accepts connections and hands each line
// over as a message; the loop answers them in order. Told to stop, Recv returns an error, the goroutine's context is
// done, and the socket is closed: after Stop nothing of it is left.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// Address asks the server where it listens.
type Address struct{ bastion.Returns[string] }

// A line came in over a connection that waits for an answer.
type line struct {
	text string
	conn net.Conn
}

func serve(ctx *bastion.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err // a failed start: the supervisor decides
	}
	// The goroutine belongs to this incarnation. If it panicked, or returned an error, the server would have failed.
	err = ctx.Go(func(ctx *bastion.Context) error { return accept(ctx, listener) })
	if err != nil {
		return err
	}
	ctx.Ready()
	for n := 0; ; {
		msg, err := ctx.Recv()
		if err != nil {
			fmt.Println("told to stop:", errors.Is(err, bastion.ErrStopping))
			return err
		}
		switch m := msg.(type) {
		case Address:
			if err := m.Reply(ctx, listener.Addr().String()); err != nil {
				return err
			}
		case line:
			n++
			fmt.Fprintf(m.conn, "%d: %s\n", n, strings.ToUpper(m.text))
			m.conn.Close()
		}
	}
}

func accept(ctx *bastion.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() }) // Accept knows no context
	defer stop()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		conn.SetDeadline(time.Now().Add(time.Second)) // a silent client is not waited for, least of all at a stop
		text, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			conn.Close()
			continue
		}
		if err := ctx.Self().Tell(ctx, line{strings.TrimSpace(text), conn}); err != nil {
			return err
		}
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "loud"})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name:     "net",
		Children: []bastion.ChildSpec{{Name: "server", Start: bastion.Loop(serve), WaitReady: true}},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	address, err := bastion.Ask(ctx, sup.Child("server"), Address{})
	if err != nil {
		return err
	}
	for _, text := range []string{"hello", "world"} {
		if err := call(address, text); err != nil {
			return err
		}
	}
	return sys.Stop(ctx)
}
