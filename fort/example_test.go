//go:build unix

package fort_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// A server that survives whatever happens to it: this is its whole main function.
func ExampleMain() {
	main := func() {
		fort.Main(fort.Config{CrashDir: "crashes"}, func(ctx context.Context) error {
			l, err := fort.Listen("tcp", ":8080") // the same socket in every incarnation
			if err != nil {
				return err
			}
			if crash, ok := fort.LastCrash(); ok {
				slog.Error("here again", "crash", crash)
			}
			context.AfterFunc(ctx, func() { l.Close() })
			return greetAll(ctx, l)
		})
	}
	_ = main
}

func greetAll(ctx context.Context, l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return context.Cause(ctx)
		}
		fmt.Fprintln(conn, "hello")
		conn.Close()
	}
}

// Run puts any program into a fort.
func ExampleRun() {
	err := fort.Run(context.Background(), fort.Config{
		Intensity: fort.Intensity{Max: 2, Within: time.Minute}, // at most two restarts a minute
		Backoff:   fort.Constant{},                             // at once
		Logger:    slog.New(slog.DiscardHandler),
	}, fort.Command{
		Argv:   []string{"sh", "-c", "echo working; echo out of luck >&2; exit 3"},
		Output: func(l fort.Line) { fmt.Printf("%d: %s\n", l.Incarnation, l.Text) },
	})
	var exit *fort.ExitError
	if errors.As(err, &exit) {
		fmt.Println("status", exit.Status)
		fmt.Println(exit.Crash.Reason)
		fmt.Print(exit.Crash.Output)
	}
	// Unordered output:
	// 1: working
	// 1: out of luck
	// 2: working
	// 2: out of luck
	// 3: working
	// 3: out of luck
	// status 3
	// exit status 3
	// out of luck
}

// Events say what happens, step by step.
func ExampleRun_events() {
	_ = fort.Run(context.Background(), fort.Config{Backoff: fort.Constant{}, Logger: slog.New(slog.DiscardHandler)}, fort.Command{
		Argv: []string{"sh", "-c", "if [ -d \"$0\" ]; then rmdir \"$0\"; exit 1; fi", folder()},
		Watch: func(e fort.Event) {
			if e.Kind == fort.Crashed {
				fmt.Println(e.Incarnation, e.Kind, "-", e.Crash.Reason, "- again in", e.Crash.Delay)
				return
			}
			fmt.Println(e.Incarnation, e.Kind)
		},
	})
	// Output:
	// 1 started
	// 1 serving
	// 1 crashed - exit status 1 - again in 0s
	// 2 started
	// 2 serving
	// 2 ended
}

func folder() string {
	dir, err := os.MkdirTemp("", "fort")
	if err != nil {
		panic(err)
	}
	return dir
}

// Where there is no guard Listen is package net's, and the others say so.
func ExampleListen() {
	l, err := fort.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	fort.Ready()
	_, crashed := fort.LastCrash()
	fmt.Println(l.Addr().Network(), fort.Guarded(), fort.Incarnation(), crashed)
	fmt.Println(fort.Upgrade(context.Background()))
	// Output:
	// tcp false 0 false
	// fort: this process has no guard
}

func ExampleListenPacket() {
	c, err := fort.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(c.LocalAddr().Network())
	// Output: udp
}

// An address in use is an error that names its owner, where the system tells.
func ExampleInUseError() {
	l, err := fort.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	_, err = fort.Listen("tcp", l.Addr().String())
	var used *fort.InUseError
	fmt.Println(errors.As(err, &used) && used.Address == l.Addr().String())
	// Output: true
}
