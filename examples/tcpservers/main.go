// Tcpservers is ten echo servers, each a supervised process with a socket of its own; one of them crashes.
//
//	go run ./examples/tcpservers
//
// Worth a look: a group of loops. What the crashed server owned is closed with it (its goroutines end with the
// incarnation), its next incarnation listens again, on another port; the other nine notice nothing.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"

	"github.com/bastion-go/bastion"
)

// Address is asked, crash is told.
type (
	Address struct{ bastion.Returns[string] }
	crash   struct{}
)

func serve(ctx *bastion.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := ctx.Go(func(ctx *bastion.Context) error { return echo(ctx, listener) }); err != nil {
		return err
	}
	ctx.Ready()
	for {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		switch m := msg.(type) {
		case Address:
			err = m.Reply(ctx, listener.Addr().String())
		case crash:
			err = errors.New("crashed")
		}
		if err != nil {
			return err
		}
	}
}

// echo serves one client after the other. Its context ends with the incarnation, whatever ends that.
func echo(ctx *bastion.Context, listener net.Listener) error {
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		_, _ = io.Copy(conn, conn)
		stop()
		conn.Close()
	}
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "echo", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "net", Children: []bastion.ChildSpec{
		{Name: "servers", Count: 10, Start: bastion.Loop(serve), WaitReady: true},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	servers := sup.Group("servers")
	if err := servers.Member(3).Tell(ctx, crash{}); err != nil {
		return err
	}
	echoed := 0
	for a := range bastion.AskEach(ctx, servers.Members(), Address{}) {
		if a.Err != nil {
			return a.Err
		}
		line, err := call(a.Value, fmt.Sprintf("hello, %d\n", echoed))
		if err != nil {
			return err
		}
		if line == fmt.Sprintf("hello, %d\n", echoed) {
			echoed++
		}
	}
	fmt.Println("servers that echo:", echoed)
	node, err := sys.Inspector().Node(servers.Member(3).Path())
	if err != nil {
		return err
	}
	fmt.Println("the one that crashed is in life", node.Incarnation)
	return nil
}

func call(address, line string) (string, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, line); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}
