package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bastion-go/bastion/cmd/bastion/internal/demo"
)

// demoFlags is one call of `bastion demo`.
type demoFlags struct {
	options demo.Options
	chaos   chaosRate
	fort    bool
	deaths  float64
	json    bool
	log     string
}

// untilTold is how long the demo runs by default where nobody is there to end it.
const untilTold = 20 * time.Second

// errChecks says that the demo ran and found something wrong; the report says what.
var errChecks = errors.New("demo: a check did not hold")

func newDemo() *cobra.Command {
	d := demoFlags{chaos: chaosWords["light"], deaths: 0.5}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a key-value service under load, fail its processes, check every answer",
		Long: `Run a TCP key-value service made of supervised processes, put it under load over
real sockets, and make its processes panic, return errors, exit, hang or die at
random. Clients check every answer against their own last write.

Watch it live in a terminal, or as plain lines in a pipe. Join in with nc at the
address shown: HELP lists the commands, CRASH fails the process you talk to.

With --fort the service runs in a program of its own, in a fort, and it is the
program that dies: of a concurrent map write, of stack exhaustion, of a panic in
a forgotten goroutine, of kill -9. The clients see that no connection is refused
and that nothing comes back wrong; what was in memory is lost, and counted.

It runs until Ctrl-C in a terminal, and for 20s where there is none; --for sets
it. The first Ctrl-C stops the load, reads every key back, checks the books and
reports; the second stops at once. The exit status is 0 if every check held, 1
if one did not, 2 if a flag is wrong.`,
		Example: `  bastion demo --for 20s
  bastion demo --chaos heavy --shards 32 --clients 128
  bastion demo --fort --for 20s
  bastion demo --clients 0 --chaos off --listen 127.0.0.1:4000   # just serve
  bastion demo --for 10s --json > report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			terminal := isTerminal(cmd.OutOrStdout()) && !d.json
			if !cmd.Flags().Changed("for") && !isTerminal(cmd.OutOrStdout()) {
				d.options.For = untilTold
			}
			if !cmd.Flags().Changed("seed") {
				d.options.Seed = rand.Uint64N(1_000_000)
			}
			if err := errors.Join(d.check(), d.checkFort(cmd.Flags().Changed)); err != nil {
				return usageError{err}
			}
			return d.run(cmd.Context(), terminal, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&d.options.For, "for", 0, "how long to run; 0: until Ctrl-C (default: 0 in a terminal, else 20s)")
	flags.StringVar(&d.options.Listen, "listen", "127.0.0.1:0", "`address` to serve on; port 0 takes a free one")
	flags.IntVar(&d.options.Shards, "shards", 8, "how many processes own the data, 1 to 1000")
	flags.IntVar(&d.options.Clients, "clients", 32, "how many clients put it under load, 0 to 10000")
	flags.Var(&d.chaos, "chaos", "failures a second, 0 to 1000, or off, light (3) or heavy (50)")
	flags.BoolVar(&d.fort, "fort", false, "run the service in a fort, and let the whole program die")
	flags.Float64Var(&d.deaths, "deaths", d.deaths, "with --fort, how often a second that happens, 0 to 20")
	flags.Uint64Var(&d.options.Seed, "seed", 0, "where the choices of clients and chaos start from (default: another each time)")
	flags.BoolVar(&d.json, "json", false, "print the report as JSON, and nothing else to standard output")
	flags.StringVar(&d.log, "log", "", "`file` for crash reports with stacks")
	return cmd
}

// check finds fault with values that parsed. Each error names its flag.
func (d *demoFlags) check() error {
	o := d.options
	switch {
	case o.For < 0:
		return fmt.Errorf("--for: %v is negative", o.For)
	case o.Shards < 1 || o.Shards > 1000:
		return fmt.Errorf("--shards: %d is not between 1 and 1000", o.Shards)
	case o.Clients < 0 || o.Clients > 10000:
		return fmt.Errorf("--clients: %d is not between 0 and 10000", o.Clients)
	}
	return nil
}

// checkFort finds fault with flags that do not go together.
func (d *demoFlags) checkFort(given func(flag string) bool) error {
	switch {
	case !d.fort && given("deaths"):
		return errors.New("--deaths: says nothing without --fort")
	case d.fort && given("chaos"):
		return errors.New("--chaos: fails processes inside the program; with --fort it is the program that dies (--deaths)")
	case !(d.deaths >= 0 && d.deaths <= 20):
		return fmt.Errorf("--deaths: %v is not between 0 and 20", d.deaths)
	}
	return nil
}

// run returns nil if the demo ran and everything held.
func (d *demoFlags) run(ctx context.Context, terminal bool, stdout, stderr io.Writer) error {
	d.options.Chaos = float64(d.chaos)
	var log io.Writer
	if d.log != "" {
		file, err := os.Create(d.log)
		if err != nil {
			return usageError{fmt.Errorf("--log: %w", err)}
		}
		defer file.Close()
		log = file
		d.options.Log = slog.New(slog.NewTextHandler(file, nil))
	}
	ctx, interrupt, release := interruptible(ctx, &d.options)
	defer release()

	var view interface {
		demo.View
		demo.FortView
	}
	switch {
	case terminal:
		view = demo.NewScreen(os.Stdin, os.Stdout, interrupt)
	case d.json:
		view = demo.NewPlain(stderr)
	default:
		view = demo.NewPlain(stdout)
	}
	report, err := d.runWith(ctx, view, log)
	if errors.Is(err, demo.ErrListen) {
		return usageError{fmt.Errorf("--listen: %w", err)}
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if d.json {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		report.Print(stdout)
	}
	if err == nil && !strings.HasPrefix(report.Verdict(), "PASS") {
		err = errChecks
	}
	return err
}

// A verdict is a report, of whichever demo.
type verdict interface {
	Print(io.Writer)
	Verdict() string
}

// runWith runs the demo that was asked for. log gets what the programs of a fort say.
func (d *demoFlags) runWith(ctx context.Context, view interface {
	demo.View
	demo.FortView
}, log io.Writer) (verdict, error) {
	if !d.fort {
		return demo.Run(ctx, d.options, view)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return demo.RunFort(ctx, demo.FortOptions{Options: d.options, Deaths: d.deaths, Guard: []string{self, guardVerb}, Stderr: log}, view)
}

const guardVerb = "demo-guard"

// newDemoGuard is the verb with which `bastion demo --fort` starts its other program.
func newDemoGuard() *cobra.Command {
	return &cobra.Command{
		Use: guardVerb + " address shards folder", Hidden: true, Args: cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			shards, err := strconv.Atoi(args[1])
			if err != nil || shards < 1 {
				return usageError{fmt.Errorf("shards: %q is not a number above 0", args[1])}
			}
			demo.GuardMain(args[0], shards, args[2])
			return nil
		},
	}
}

// interruptible lets the user end the run: the first interrupt closes o.Quit, the second cancels the context. It comes as
// a signal, or as a call where the terminal sends none.
func interruptible(ctx context.Context, o *demo.Options) (_ context.Context, interrupt, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	quit, over := make(chan struct{}), make(chan struct{})
	o.Quit = quit
	var waiter sync.WaitGroup
	waiter.Go(func() {
		for _, act := range []func(){func() { close(quit) }, cancel} {
			select {
			case <-signals:
				act()
			case <-over:
				return
			}
		}
	})
	interrupt = func() {
		select {
		case signals <- os.Interrupt:
		default: // two are waiting already
		}
	}
	return ctx, interrupt, func() {
		signal.Stop(signals)
		close(over)
		waiter.Wait()
		cancel()
	}
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// chaosRate is the value of --chaos: failures a second, as a number or a word.
type chaosRate float64

var chaosWords = map[string]chaosRate{"off": 0, "light": 3, "heavy": 50}

func (r *chaosRate) String() string {
	for word, rate := range chaosWords {
		if rate == *r {
			return word
		}
	}
	return strconv.FormatFloat(float64(*r), 'g', -1, 64)
}

func (r *chaosRate) Type() string { return "rate" }

func (r *chaosRate) Set(text string) error {
	if rate, ok := chaosWords[text]; ok {
		*r = rate
		return nil
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil || !(rate >= 0 && rate <= 1000) {
		return errors.New("neither a rate from 0 to 1000 a second nor one of off, light, heavy")
	}
	*r = chaosRate(rate)
	return nil
}
