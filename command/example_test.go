//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

// A command that copies its input to its output is a child like any other: told a line, its answer comes as a message.
// (play is the test binary in one of its roles; here it could be "cat".)
func ExampleRun() {
	ctx := context.Background()
	lines := make(chan command.Line)
	printer := func(_ *bastion.Context, msg any) error { lines <- msg.(command.Line); return nil }

	sys := must(bastion.New(bastion.Config{Name: "shop"}))
	out := must(sys.Supervise(bastion.SupervisorSpec{Name: "out", Children: []bastion.ChildSpec{
		{Name: "printer", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(printer) })},
	}}))
	copier := play("echo")
	copier.Stdin = true
	copier.Stdout.To = out.Child("printer")
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "tools", Children: []bastion.ChildSpec{
		{Name: "copier", Start: command.Run(copier), WaitReady: true, Backoff: bastion.Constant{Delay: time.Second}},
	}}))
	check(sys.Start(ctx))

	written := must(bastion.Ask(ctx, sup.Child("copier"), command.Input{Text: "hello\n"}))
	line := <-lines
	fmt.Println(written, "bytes in, out of", line.Stream, "came:", line.Text)
	check(sys.Stop(ctx)) // nothing of the command is left then
	// Output: 6 bytes in, out of stdout came: hello
}

// A command that is not ready, or ends badly, fails its child. The error says how it ended and what it said last.
func ExampleExitError() {
	sys := must(bastion.New(bastion.Config{Name: "shop", Logger: slog.New(slog.DiscardHandler)}))
	server := play("exit", "3")
	server.Ready.Line = regexp.MustCompile("listening")
	must(sys.Supervise(bastion.SupervisorSpec{Name: "net", Children: []bastion.ChildSpec{
		{Name: "server", Start: command.Run(server), WaitReady: true},
	}}))
	err := sys.Start(context.Background())
	var exit *command.ExitError
	fmt.Println(errors.As(err, &exit), exit.Code, exit.Stderr, exit.Cause)
	// Output: true 3 [last words] command: not ready
}

// Check is for whoever reads a spec from a file; a supervisor's spec is checked with those of its commands.
func ExampleSpec_Check() {
	spec := command.Spec{
		Argv:  []string{"server"},
		Env:   []string{"COLOUR"},
		Ready: command.Ready{Address: ":8080", File: "server.ready"},
	}
	fmt.Println(strings.Join(spec.Check(), "\n"))
	// Output:
	// Env[0]: "COLOUR" is not of the form NAME=value
	// Ready: Address and File contradict one another; choose one
}
