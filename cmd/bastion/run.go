package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/bastion-go/bastion/cmd/bastion/internal/runner"
	"github.com/bastion-go/bastion/fort"
)

// runCall is one call of `bastion run`.
type runCall struct {
	config  fort.Config
	command fort.Command

	maxRestarts int
	backoff     fort.Exponential
	kill        bool
	listen      []string
	env         []string
	health      string
	soft, hard  runner.Size
	upgrade     string

	name     string
	noPrefix bool
	stamp    bool
	color    string
	quiet    bool
	noStatus bool
}

func newRun() *cobra.Command {
	r := runCall{maxRestarts: 10, backoff: fort.Exponential{First: 100 * time.Millisecond, Max: 30 * time.Second, Jitter: 0.2, Healthy: 10 * time.Second}}
	cmd := &cobra.Command{
		Use:   "run [flags] [--] program [arguments]",
		Short: "Run any program in a fort: restart what dies, keep its sockets open",
		Long: `Run a program, in any language and without changing it, in a fort: it is started
again when it dies, with the same sockets, and is given up when it dies too often.
Its whole process group ends with it, and with this command, however that ends.

A program that ends with status 0 has finished; with any other status, or by a
signal, it has crashed. The first crash is answered at once; those that follow
wait longer and longer, until it has run for --healthy.

--listen opens a socket that outlives crashes: connections that come while the
program is down wait for the next one. It is passed as systemd does, as file
descriptor 3 and up, with LISTEN_FDS and LISTEN_FDNAMES in the environment.

--health asks a URL (well with a status from 200 to 399) or an address (well when
it takes a connection); three failures in a row are a crash. With --wait-ready
the program counts as started when that first succeeds or, without --health,
when it says READY=1 by sd_notify.

Ctrl-C and SIGTERM are passed on; after --shutdown, or with a second one, the
program is killed. It is stopped as well when nobody reads its output any more, as
in "bastion run … | head -1". The exit status is the program's, 128 and more for a signal,
126 or 127 if it cannot be started, 2 if a flag is wrong.`,
		Example: `  bastion run -- ./server --port 8080
  bastion run --listen :8080 --health http://127.0.0.1:8080/ -- ./server
  bastion run --memory 512M --crash-dir crashes --max-restarts 5 --within 10m -- node app.js
  bastion run --redundancy 4 --listen http=:8080 -- ./server`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(cmd, args); err != nil {
				return usageError{err}
			}
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	r.flags(cmd)
	return cmd
}

func (r *runCall) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.SetInterspersed(false) // what follows the program is the program's

	f.IntVar(&r.maxRestarts, "max-restarts", r.maxRestarts, "how many restarts --within are fine; one more ends it; -1: no limit")
	f.DurationVar(&r.config.Intensity.Within, "within", time.Minute, "the time in which --max-restarts counts")
	f.BoolVar(&r.config.Always, "always", false, "start it again also when it ends with status 0")
	f.DurationVar(&r.backoff.First, "backoff", r.backoff.First, "the wait before the second restart in a row; it doubles from there")
	f.DurationVar(&r.backoff.Max, "backoff-max", r.backoff.Max, "the longest wait")
	f.DurationVar(&r.backoff.Healthy, "healthy", r.backoff.Healthy, "how long it must run for the next crash to be a first one")
	f.IntVar(&r.config.Redundancy, "redundancy", 1, "how many of it run at a time, sharing the sockets")

	f.StringArrayVarP(&r.listen, "listen", "l", nil, "open a socket `[name=][network:]address` and pass it; may be repeated")
	f.StringVar(&r.health, "health", "", "a `URL or address` that says whether it serves")
	f.DurationVar(&r.config.Heartbeat, "health-every", 10*time.Second, "the time between two health checks, and the most one may take")
	f.BoolVar(&r.config.WaitReady, "wait-ready", false, "it has started when --health succeeds, or when it says so by sd_notify")
	f.DurationVar(&r.config.StartTimeout, "start-timeout", time.Minute, "how long it may take to start, with --wait-ready")
	f.DurationVar(&r.config.Shutdown, "shutdown", 30*time.Second, "how long it may take to stop before it is killed")
	f.BoolVar(&r.kill, "kill", false, "kill it to stop it, without asking")
	f.StringVar(&r.upgrade, "upgrade", "", "`signal` (HUP, USR1 or USR2) on which the program is started anew and the old one drained")

	f.Var(&r.hard, "memory", "resident memory at which it is killed, as 512M; Linux")
	f.Var(&r.soft, "memory-soft", "resident memory at which it is told to stop and is started again; Linux")

	f.StringVar(&r.command.Dir, "dir", "", "its working `folder`")
	f.StringArrayVarP(&r.env, "env", "e", nil, "`NAME=VALUE` for its environment, beside what is there; may be repeated")

	f.StringVar(&r.config.CrashDir, "crash-dir", "", "`folder` for crash reports, with the end of its standard error")
	f.IntVar(&r.config.KeepCrashes, "keep-crashes", 0, "how many of its reports stay there (default 20)")
	f.BoolVar(&r.command.Dump, "dump", false, "send SIGQUIT to one that fails its health check, so that a Go or Java program writes its stacks")

	f.StringVar(&r.name, "name", "", "what its lines begin with (default: the program's name)")
	f.BoolVar(&r.noPrefix, "no-prefix", false, "leave its lines as they are")
	f.BoolVar(&r.stamp, "time", false, "put the time of day in front of lines")
	f.StringVar(&r.color, "color", "auto", "auto, always or never; auto minds NO_COLOR")
	f.BoolVarP(&r.quiet, "quiet", "q", false, "of the fort's own lines, only those about crashes")
	f.BoolVar(&r.noStatus, "no-status", false, "no status line in a terminal")
}

// check turns the flags into a config and a command. Each error names its flag.
func (r *runCall) check(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return errors.New("nothing to run: name a program, as in \"bastion run -- ./server\"")
	}
	r.command.Argv = args
	if r.name == "" {
		r.name = filepath.Base(args[0])
	}
	if strings.ContainsFunc(r.name, unicode.IsControl) {
		return fmt.Errorf("--name: %q is no name for the beginning of a line", r.name)
	}
	switch {
	case r.maxRestarts < -1:
		return fmt.Errorf("--max-restarts: %d is negative; -1 is no limit", r.maxRestarts)
	case r.maxRestarts == -1:
		r.config.Intensity.Max = fort.Unlimited.Max
	case r.maxRestarts == 0:
		r.config.Intensity.Max = fort.NoRestarts.Max
	default:
		r.config.Intensity.Max = r.maxRestarts
	}
	for flag, d := range map[string]time.Duration{
		"within": r.config.Intensity.Within, "shutdown": r.config.Shutdown, "health-every": r.config.Heartbeat,
		"start-timeout": r.config.StartTimeout, "backoff": r.backoff.First, "backoff-max": r.backoff.Max, "healthy": r.backoff.Healthy,
	} {
		if d <= 0 {
			return fmt.Errorf("--%s: %v is not above 0", flag, d)
		}
	}
	r.config.Backoff = r.backoff
	if r.config.Redundancy < 1 {
		return fmt.Errorf("--redundancy: %d is not above 0", r.config.Redundancy)
	}
	if r.kill {
		if cmd.Flags().Changed("shutdown") {
			return errors.New("--kill: contradicts --shutdown, which gives it time")
		}
		r.config.Shutdown = fort.BrutalKill
	}
	r.config.HardMemory, r.config.SoftMemory = int64(r.hard), int64(r.soft)
	return errors.Join(r.checkSockets(), r.checkHealth(cmd), r.checkRest())
}

func (r *runCall) checkSockets() error {
	for _, text := range r.listen {
		s, err := runner.ParseSocket(text)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		r.command.Listen = append(r.command.Listen, s)
	}
	return nil
}

func (r *runCall) checkHealth(cmd *cobra.Command) error {
	if r.health == "" {
		if cmd.Flags().Changed("health-every") {
			return errors.New("--health-every: says nothing without --health")
		}
		return nil
	}
	if r.config.Redundancy > 1 {
		return errors.New("--health: cannot tell which of several (--redundancy) has answered on a shared socket")
	}
	health, err := runner.ParseHealth(r.health)
	if err != nil {
		return fmt.Errorf("--health: %w", err)
	}
	r.command.Health = health
	return nil
}

func (r *runCall) checkRest() error {
	if r.upgrade != "" {
		s, ok := map[string]os.Signal{"HUP": syscall.SIGHUP, "USR1": usr1, "USR2": usr2}[strings.TrimPrefix(strings.ToUpper(r.upgrade), "SIG")]
		if !ok || s == nil {
			return fmt.Errorf("--upgrade: %q is not HUP, USR1 or USR2", r.upgrade)
		}
		r.config.UpgradeSignal = s
	}
	for _, e := range r.env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return fmt.Errorf("--env: %q is not NAME=VALUE", e)
		}
	}
	if r.command.Dir != "" {
		if info, err := os.Stat(r.command.Dir); err != nil {
			return fmt.Errorf("--dir: %w", err)
		} else if !info.IsDir() {
			return fmt.Errorf("--dir: %s is no folder", r.command.Dir)
		}
	}
	if len(r.env) > 0 {
		r.command.Env = append(os.Environ(), r.env...)
	}
	switch r.color {
	case "auto", "always", "never":
		return nil
	}
	return fmt.Errorf("--color: %q is not auto, always or never", r.color)
}

// flagOf are the flags behind the fields that package fort finds fault with.
var flagOf = map[string]string{
	"Intensity.Max": "max-restarts", "Intensity.Within": "within", "Backoff": "backoff", "Redundancy": "redundancy",
	"StartTimeout": "start-timeout", "Shutdown": "shutdown", "Heartbeat": "health-every", "SoftMemory": "memory-soft",
	"HardMemory": "memory", "CrashDir": "crash-dir", "KeepCrashes": "keep-crashes", "UpgradeSignal": "upgrade",
	"WaitReady": "wait-ready", "Listen": "listen", "Argv": "program", "Dir": "dir", "Env": "env",
}

// fieldName is what may be one: a word or two with a capital, as in Intensity.Max or Listen[2].Name.
var fieldName = regexp.MustCompile(`\b[A-Z][A-Za-z]+(\[\d+\])?(\.[A-Z][A-Za-z]+)?`)

// inFlags puts the names of flags for those of fields.
func inFlags(err *fort.ConfigError) error {
	var all []error
	for _, fault := range err.Faults {
		all = append(all, errors.New(fieldName.ReplaceAllStringFunc(fault, func(field string) string {
			root, _, _ := strings.Cut(field, "[")
			if flag, ok := flagOf[root]; ok {
				return "--" + flag
			}
			return field
		})))
	}
	return errors.Join(all...)
}

// find returns what a shell would say of a program that is not there, or cannot be run. One that vanishes later is the
// fort's to deal with.
func (r *runCall) find() error {
	path := r.command.Argv[0]
	if strings.ContainsRune(path, '/') && !filepath.IsAbs(path) {
		path = "." + string(filepath.Separator) + filepath.Join(r.command.Dir, path)
	}
	_, err := exec.LookPath(path)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EISDIR):
		return statusError{error: fmt.Errorf("run: %s cannot be run: %w", r.command.Argv[0], err), status: 126}
	}
	return statusError{error: fmt.Errorf("run: there is no program %s: %w", r.command.Argv[0], err), status: 127}
}

func (r *runCall) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.find(); err != nil {
		return err
	}
	console := &runner.Console{
		Out: stdout, Err: stderr, Name: r.name, Wards: r.config.Redundancy, NoPrefix: r.noPrefix, Stamp: r.stamp, Color: r.colored(stderr),
	}
	if file, ok := stderr.(*os.File); ok && isTerminal(file) && !r.noStatus {
		console.Width = func() int {
			width, _, _ := term.GetSize(int(file.Fd()))
			return width
		}
	}
	watch := &runner.Watch{Console: console, Quiet: r.quiet}
	r.config.Logger = watch.Logger()
	r.command.Output, r.command.Watch, r.command.Signals = console.Line, watch.Event, true

	// A program on its own would end, by SIGPIPE, when nobody reads what it writes.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	console.Unread = func() { cancel(errUnread) }
	console.Start()

	stop := every(time.Second, console.Width != nil, watch.Tick)
	err := fort.Run(ctx, r.config, r.command)
	stop()
	console.Close()
	if context.Cause(ctx) == errUnread {
		return statusError{error: errUnread, status: exitUnread}
	}
	return r.explain(err)
}

// errUnread is why the program was stopped when the other end of its output is closed.
var errUnread = errors.New("run: nobody reads the program's output any more, so it was stopped")

// exitUnread is what a shell reports for SIGPIPE.
const exitUnread = 128 + 13

// explain says in the words of the command line what package fort says in its own.
func (r *runCall) explain(err error) error {
	config, exit := (*fort.ConfigError)(nil), (*fort.ExitError)(nil)
	switch {
	case errors.As(err, &config):
		return usageError{inFlags(config)}
	case errors.As(err, &exit) && exit.Crash == nil:
		return statusError{error: err, status: exit.Status, silent: true}
	case errors.As(err, &exit):
		return statusError{error: fmt.Errorf("run: gave up on %s after %d restarts within %v (--max-restarts, --within): %s",
			r.name, r.maxRestarts, r.config.Intensity.Within, exit.Crash.Reason), status: exit.Status}
	case err != nil:
		return fmt.Errorf("run: %w", r.inSocket(err))
	}
	return nil
}

// socketNumber is how package fort calls a socket that it could not open.
var socketNumber = regexp.MustCompile(`^fort: Listen\[(\d+)\]: (fort: )?`)

// inSocket names the flag of such a socket.
func (r *runCall) inSocket(err error) error {
	text := err.Error()
	match := socketNumber.FindStringSubmatch(text)
	if match == nil {
		return err
	}
	i, _ := strconv.Atoi(match[1])
	if i >= len(r.listen) {
		return err
	}
	return fmt.Errorf("--listen %s: %s", r.listen[i], strings.TrimPrefix(text, match[0]))
}

func (r *runCall) colored(to io.Writer) bool {
	if r.color == "auto" {
		return isTerminal(to) && os.Getenv("NO_COLOR") == ""
	}
	return r.color == "always"
}

// every calls f again and again, if it is wanted, until stop.
func every(pause time.Duration, wanted bool, f func()) (stop func()) {
	if !wanted {
		return func() {}
	}
	done := make(chan struct{})
	var ticking sync.WaitGroup
	ticking.Go(func() {
		for ticks := time.NewTicker(pause); ; {
			select {
			case <-ticks.C:
				f()
			case <-done:
				ticks.Stop()
				return
			}
		}
	})
	return func() { close(done); ticking.Wait() }
}
