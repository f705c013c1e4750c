package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// A usageError says that the command line is at fault. Verbs return it before they start anything.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// A statusError ends the command with a status of its own. A silent one was told already.
type statusError struct {
	error
	status int
	silent bool
}

func (e statusError) Unwrap() error { return e.error }

// newRoot ties the verbs together. A new verb is a file with a function like newVersion, and a line here.
func newRoot(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "bastion",
		Short: "A fault-tolerant actor runtime, shown at work",
		Long: `Bastion is a fault-tolerant actor runtime for Go: supervised processes that fail,
restart and lose no message unnoticed. This command shows it at work.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*started = true
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(newDemo(), newDemoGuard(), newRun(), newBench(), newTopology(), newVersion())
	return root
}

// execute runs one command line and returns the exit status.
func execute(args []string, stdout, stderr io.Writer) int {
	var started bool // whether the command line was understood: until then every error is about it
	root := newRoot(&started)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := root.ExecuteC()
	if err == nil {
		return exitDone
	}
	own := statusError{}
	if errors.As(err, &own) && own.silent {
		return own.status
	}
	fmt.Fprintln(stderr, "bastion:", err)
	if usage := (usageError{}); !started || errors.As(err, &usage) {
		fmt.Fprintf(stderr, "See `%s --help`.\n", called.CommandPath())
		return exitUsage
	}
	if own.error != nil {
		return own.status
	}
	return exitFailed
}
