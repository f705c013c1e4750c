// Command supervises two programs of the operating system: a server, and a client that needs it.
//
//	go run ./examples/command
//
// The client starts when the server listens. The server is killed, from outside so to speak; it is started again, and
// with it the client, because they are rest for one. At the end nothing of either is left. Both programs are this one,
// started again with an argument; any other would do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"syscall"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "server":
		err = server(os.Args[2])
	case len(os.Args) == 3 && os.Args[1] == "client":
		err = client(os.Args[2])
	default:
		err = run(context.Background())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// server tells whoever comes what it is called.
func server(address string) error {
	listener, err := net.Listen("unix", address)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		fmt.Fprintln(conn, "hello from the server")
		conn.Close()
	}
}

// client writes what the server says, and ends.
func client(address string) error {
	conn, err := net.Dial("unix", address)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, conn)
	return err
}

func run(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bastion-example")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sys, err := bastion.New(bastion.Config{Name: "two", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	heard := make(chan string)
	print := func(_ *bastion.Context, msg any) error { heard <- msg.(command.Line).Text; return nil }
	out, err := sys.Supervise(bastion.SupervisorSpec{Name: "out", Children: []bastion.ChildSpec{
		{Name: "lines", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(print) })},
	}})
	if err != nil {
		return err
	}
	died := func(_ *bastion.Context, f bastion.Failure) error {
		var exit *command.ExitError
		if errors.As(f.Reason, &exit) {
			fmt.Println("the server ended by signal", exit.Signal)
		}
		return nil
	}
	programs, err := sys.Supervise(bastion.SupervisorSpec{Name: "programs", Strategy: bastion.RestForOne, Children: []bastion.ChildSpec{
		{Name: "server", WaitReady: true, Callbacks: bastion.Callbacks{BeforeRestart: died}, Start: command.Run(command.Spec{
			Argv: []string{self, "server", "socket"}, Dir: dir,
			Ready: command.Ready{Address: "./socket"},
		})},
		{Name: "client", Restart: bastion.Transient, Start: command.Run(command.Spec{
			Argv: []string{self, "client", "socket"}, Dir: dir,
			Stdout: command.Output{To: out.Child("lines")},
		})},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	fmt.Println("the client heard:", <-heard)
	if err := os.Remove(dir + "/socket"); err != nil { // the server has no time to
		return err
	}
	if err := programs.Child("server").Tell(ctx, command.Signal{Signal: syscall.SIGKILL}); err != nil {
		return err
	}
	fmt.Println("the client heard:", <-heard)
	return sys.Stop(ctx)
}
