package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/bastion-go/bastion/cmd/bastion/internal/perf"
	"github.com/bastion-go/bastion/cmd/bastion/internal/savina"
)

// savinaBench is one call of `bastion bench savina`.
type savinaBench struct {
	dir    string
	rounds int
	quick  bool
	json   bool
}

func newSavina() *cobra.Command {
	var b savinaBench
	cmd := &cobra.Command{
		Use:   "savina [program ...]",
		Short: "Run the Savina suite on Bastion, protoactor-go and Erlang, in turn",
		Long: `Run the programs of the Savina suite (and skynet) on Bastion, on protoactor-go
and, where erl is installed, on Erlang, each in a process of its own, in turn,
and compare the medians. Every answer is checked. It needs a checkout of
Bastion, for the module in its folder bench, and Go to build that.`,
		Example: `  bastion bench savina --quick
  bastion bench savina skynet big --rounds 5
  bastion bench savina --json > today.json`,
		RunE: func(cmd *cobra.Command, names []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			return b.run(ctx, names, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&b.dir, "dir", "", "the bench folder of a checkout (default: looked for from here upwards)")
	flags.IntVar(&b.rounds, "rounds", 3, "how often each program runs on each engine")
	flags.BoolVar(&b.quick, "quick", false, "small sizes: for a look, not for a record")
	flags.BoolVar(&b.json, "json", false, "print the report as JSON")
	return cmd
}

func (b savinaBench) run(ctx context.Context, names []string, out, errs io.Writer) error {
	if b.rounds < 1 {
		return usageError{fmt.Errorf("--rounds is %d: at least one is needed", b.rounds)}
	}
	dir := b.dir
	if dir == "" {
		var err error
		if dir, err = savina.Find("."); err != nil {
			return usageError{err}
		}
	}
	show := newProgress(errs)
	suite, err := savina.Prepare(ctx, dir, show.say)
	if err != nil {
		show.end()
		return err
	}
	defer suite.Close()
	if err := suite.Select(names); err != nil {
		show.end()
		return usageError{err}
	}
	rows, interrupted := suite.Run(ctx, savina.Options{Rounds: b.rounds, Quick: b.quick, Step: show.say, Done: func(r savina.Row) {
		if times, peer := r.Ahead(); !show.live && peer != "" {
			fmt.Fprintf(errs, "%s: %.2f times as fast as %s\n", r.Program, times, peer)
		}
	}})
	show.end()
	report := savina.Report{Machine: perf.ThisMachine().String(), Quick: b.quick, Rounds: b.rounds, Rows: rows}
	for _, e := range suite.Engines {
		report.Engines = append(report.Engines, e.Name)
	}
	if err := b.print(out, report); err != nil {
		return err
	}
	for _, why := range suite.Missing {
		fmt.Fprintln(errs, why)
	}
	if interrupted != nil {
		return fmt.Errorf("interrupted: %d of %d programs", len(rows), len(suite.Programs))
	}
	for _, r := range rows {
		if r.Faults["bastion"] != "" {
			return errors.New("a program went wrong on Bastion")
		}
	}
	return nil
}

func (b savinaBench) print(out io.Writer, report savina.Report) error {
	if !b.json {
		return report.Print(out)
	}
	return printJSON(out, report)
}
