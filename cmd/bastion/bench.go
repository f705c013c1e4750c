package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/bastion-go/bastion/cmd/bastion/internal/perf"
)

// bench is one call of `bastion bench`.
type bench struct {
	suite  []perf.Workload
	rounds int
	quick  bool
	json   bool
	list   bool
	strict bool
}

// quickDivide is how many times smaller --quick makes every size.
const quickDivide = 10

func newBench() *cobra.Command {
	b := bench{suite: perf.Suite()}
	cmd := &cobra.Command{
		Use:   "bench [id or beginning of ids ...]",
		Short: "Measure the runtime, each figure beside a baseline of the same run",
		Args:  cobra.ArbitraryArgs, // ids; the subcommands are no ids
		Long: `Measure what the runtime costs: messages, asks, spawning, memory, restarts.

Each workload runs in turn with a baseline in plain Go (a channel send, a
goroutine, an atomic add), several rounds of both, and the table compares the
medians. Absolute figures mean little elsewhere or tomorrow; ratios do.
A missed goal is no error, unless --strict asks for that; a workload that
loses messages is one always.`,
		Example: `  bastion bench --quick
  bastion bench P1 P4-ask-outside --rounds 9
  bastion bench --json > today.json`,
		RunE: func(cmd *cobra.Command, names []string) error {
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			return b.run(ctx, names, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&b.rounds, "rounds", 5, "how often each side of a workload runs")
	flags.BoolVar(&b.quick, "quick", false, "a tenth of the sizes: for a look, not for a record")
	flags.BoolVar(&b.json, "json", false, "print rows as JSON, with null for what a row has not")
	flags.BoolVar(&b.list, "list", false, "list the workloads and their goals, and measure nothing")
	flags.BoolVar(&b.strict, "strict", false, "fail when a goal is missed")
	cmd.AddCommand(newSavina())
	return cmd
}

func (b bench) run(ctx context.Context, names []string, out, errs io.Writer) error {
	chosen, err := perf.Select(b.suite, names...)
	if err != nil {
		return usageError{err}
	}
	if b.rounds < 1 {
		return usageError{fmt.Errorf("--rounds is %d: at least one is needed", b.rounds)}
	}
	if b.list {
		return perf.List(out, chosen)
	}
	show := newProgress(errs)
	options := perf.Options{Rounds: b.rounds, Progress: show.step, Done: show.row}
	if b.quick {
		options.Divide = quickDivide
	}
	rows, interrupted := perf.Measure(ctx, chosen, options)
	show.end()
	report := perf.Report{Machine: perf.ThisMachine(), Quick: b.quick, Rows: rows}
	if err := b.print(out, report); err != nil {
		return err
	}
	if interrupted != nil {
		return fmt.Errorf("interrupted: %d of %d rows", len(rows), len(chosen))
	}
	return b.verdict(report)
}

func (b bench) print(out io.Writer, report perf.Report) error {
	if !b.json {
		return report.Print(out)
	}
	return printJSON(out, report)
}

// untilInterrupted is a context that ends with the first Ctrl-C; a second one ends the program the hard way.
func untilInterrupted(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func printJSON(out io.Writer, report any) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

func (b bench) verdict(report perf.Report) error {
	if n := len(report.Broken()); n > 0 {
		return errors.New(plural(n, "workload went wrong", "workloads went wrong"))
	}
	if n := len(report.Missed()); n > 0 && b.strict {
		return errors.New(plural(n, "goal was missed", "goals were missed"))
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// progress tells how far the run is: on a terminal in one line that is
// rewritten, elsewhere with a line for each row, so that a log stays short.
type progress struct {
	to   io.Writer
	live bool
}

func newProgress(to io.Writer) progress {
	file, ok := to.(*os.File)
	if !ok {
		return progress{to: to}
	}
	info, err := file.Stat()
	return progress{to: to, live: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

const eraseLine = "\r\x1b[K"

func (p progress) step(s perf.Step) {
	if p.live {
		p.say(fmt.Sprintf("[%d/%d] %s, round %d of %d: %s", s.Row, s.Rows, s.ID, s.Round, s.Rounds, s.Side))
	}
}

// say shows what goes on at the moment.
func (p progress) say(text string) {
	if p.live {
		fmt.Fprint(p.to, eraseLine+text)
	}
}

func (p progress) row(r perf.Row) {
	if !p.live {
		fmt.Fprintln(p.to, r)
	}
}

func (p progress) end() {
	if p.live {
		fmt.Fprint(p.to, eraseLine)
	}
}
