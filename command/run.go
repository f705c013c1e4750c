package command

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/internal/osproc"
)

// drainTime is how long the output of a command that has ended may still take. All
// its writers are gone by then but those that left its process group.
const drainTime = time.Second

// Run makes a Behavior out of a command: a loop process whose incarnations are runs
// of it. Faults that can be seen in the spec are faults of the ChildSpec that has
// it in Start.
func Run(spec Spec) bastion.Behavior {
	if faults := spec.Check(); len(faults) > 0 {
		return bastion.Invalid(faults...)
	}
	runs := new(lineage)
	return bastion.Loop(func(ctx *bastion.Context) error {
		if err := runs.wait(ctx, ctx.Self().ID()); err != nil {
			return err
		}
		defer runs.leave()
		return newCommand(ctx, &spec).run(ctx, runs)
	})
}

func newCommand(ctx *bastion.Context, spec *Spec) *command {
	c := &command{spec: spec, path: ctx.Self().Path(), log: spec.Logger}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.wake, c.leaving, c.killed = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	c.grace, c.margin = shares(ctx.ShutdownTime())
	c.alive, c.end = context.WithCancel(context.Background())
	return c
}

// A command is one incarnation. What is not under mu belongs to its loop once
// everything is started.
type command struct {
	spec    *Spec
	path    string
	log     *slog.Logger
	proc    *osproc.Process
	notes   *osproc.Notifier
	readers []*reader
	in      *input   // nil: closed, or never open
	stdin   *os.File // its pipe
	last    tail
	started time.Time
	told    bool // that it is ready

	grace, margin time.Duration      // see shares
	wake          chan struct{}      // holds something when the loop has to look at what is under mu
	leaving       chan struct{}      // closed when the loop takes no more messages
	killed        chan struct{}      // closed when the command was killed by order
	alive         context.Context    // until the command has ended
	end           context.CancelFunc // of alive

	mu       sync.Mutex
	ready    bool
	status   string
	cause    error         // why we ended it; nil: not us
	over     bool          // it has ended
	every    time.Duration // between signs of life
	limit    *time.Timer   // for getting ready
	watchdog *time.Timer
	abort    *time.Timer // between SIGABRT and SIGKILL
}

func (c *command) run(ctx *bastion.Context, runs *lineage) error {
	defer c.closeAll()
	signs, err := c.start(ctx)
	if err != nil {
		return err
	}
	runs.enter(ctx.Self().ID(), c.proc)
	if err := c.tend(ctx, signs); err != nil {
		c.proc.Kill() // the incarnation was over before it had begun
	}
	c.live(ctx)
	c.finish(ctx)
	return c.verdict(ctx)
}

// start starts the command and opens what leads to it.
func (c *command) start(ctx *bastion.Context) (sign, error) {
	as, err := c.spec.account()
	if err != nil {
		return nil, err
	}
	p := osproc.Spec{
		Argv: c.spec.Argv, Dir: c.spec.Dir, Files: c.spec.Files,
		StopSignal: c.spec.StopSignal, Linger: c.spec.Linger,
	}
	if as != nil {
		p.Credential = as.credential
	}
	var between []string
	if c.spec.Ready.Notify || c.spec.Watchdog > 0 {
		if c.notes, err = osproc.NewNotifier(); err != nil {
			return nil, &StartError{c.spec.notified(), err}
		}
		between = append([]string{c.notes.Env()}, watchdogEnv(c.spec.Watchdog)...)
	}
	p.Env = c.spec.environment(as, between)
	after, err := c.streams(&p)
	defer func() {
		for _, f := range after {
			f.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	signs, err := c.spec.before(ctx)
	if err != nil {
		return nil, err
	}
	c.started = time.Now()
	return signs, c.launch(p)
}

// streams opens stdin, stdout and stderr. after are to be closed after the start.
func (c *command) streams(p *osproc.Spec) (after []*os.File, err error) {
	if c.spec.Stdin {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		p.Stdin, after = r, append(after, r)
		c.stdin = w
		c.in = &input{pipe: w, pieces: make(chan string), wrote: make(chan error, 1)}
	}
	for _, s := range []struct {
		stream Stream
		out    Output
		to     **os.File
	}{{Stdout, c.spec.Stdout, &p.Stdout}, {Stderr, c.spec.Stderr, &p.Stderr}} {
		file, ours, err := c.open(s.stream, s.out)
		if err != nil {
			return after, err
		}
		if *s.to = file; ours {
			after = append(after, file)
		}
	}
	return after, nil
}

// tend starts the goroutines of the incarnation.
func (c *command) tend(ctx *bastion.Context, signs sign) error {
	for i, r := range c.readers {
		if err := ctx.Go(r.run); err != nil {
			for _, never := range c.readers[i:] {
				close(never.done)
			}
			return err
		}
	}
	tasks := []func(*bastion.Context) error{c.guard}
	if c.in != nil {
		tasks = append(tasks, c.in.run)
	}
	if c.notes != nil {
		tasks = append(tasks, c.listen)
	}
	if signs != nil {
		tasks = append(tasks, func(*bastion.Context) error { return c.await(signs) })
	}
	c.arm()
	if !c.spec.Ready.wanted() {
		c.setReady()
	}
	for _, task := range tasks {
		if err := ctx.Go(task); err != nil {
			return err
		}
	}
	return nil
}

// live is the life of the incarnation, up to the end of the command.
func (c *command) live(ctx *bastion.Context) {
	for !closed(c.proc.Done()) {
		c.progress(ctx)
		msg, ok, err := ctx.RecvUntil(c.wake)
		if err != nil || ok && !c.take(ctx, msg) {
			break
		}
	}
	close(c.leaving)
	c.closeInput()
	tick := time.NewTicker(stopTick)
	defer tick.Stop()
	for {
		select {
		case <-c.proc.Done():
			return
		case <-c.killed:
			c.linger()
			return
		case <-tick.C:
			// A kill after a stop reaches nobody who waits: it shows in that this
			// incarnation may start nothing any more.
			ctx.Beat()
			if errors.Is(ctx.Go(nothing), bastion.ErrEnded) {
				c.proc.Kill()
				return
			}
		}
	}
}

// killTime is how long a loop whose command was killed by order waits for the end.
// Longer, and it would be abandoned; the kernel has its orders, and the next
// incarnation waits (see lineage).
const killTime = 4 * time.Millisecond

func (c *command) linger() {
	t := time.NewTimer(killTime)
	defer t.Stop()
	select {
	case <-c.proc.Done():
	case <-t.C:
	}
}

func nothing(*bastion.Context) error { return nil }

// stopTick is how often the loop of a command that is stopping looks whether it was killed.
const stopTick = 20 * time.Millisecond

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// progress tells the supervisor when the command is ready.
func (c *command) progress(ctx *bastion.Context) {
	c.mu.Lock()
	ready := c.ready
	c.mu.Unlock()
	if ready && !c.told {
		c.told = true
		ctx.Ready()
	}
}

// finish waits for what the command has written, and stops the clocks.
func (c *command) finish(ctx *bastion.Context) {
	c.disarm()
	c.end()
	if !closed(c.proc.Done()) {
		return
	}
	patience := drainTime
	if stopping(ctx) {
		patience = min(patience, c.margin/2)
	}
	end := time.Now().Add(patience)
	for _, r := range c.readers {
		_ = r.pipe.SetReadDeadline(end)
	}
	t := time.NewTimer(2 * patience) // what reads may block in a logger
	defer t.Stop()
	for _, r := range c.readers {
		select {
		case <-r.done:
		case <-t.C:
			return
		}
	}
}

// stopping reports whether the incarnation was told to end, or has failed otherwise.
func stopping(ctx *bastion.Context) bool { return ctx.Err() != nil || closed(ctx.Stopping()) }

// verdict says what the supervisor is to think of the end.
func (c *command) verdict(ctx *bastion.Context) error {
	if !closed(c.proc.Done()) {
		return bastion.ErrStopping // killed
	}
	exit := c.proc.Exit()
	if exit.Stays != nil {
		c.say(slog.LevelWarn, "command: its control group stays", "error", exit.Stays)
	}
	c.mu.Lock()
	ready, cause := c.ready, c.cause
	c.mu.Unlock()
	if cause == nil && stopping(ctx) {
		if exit.Signal == syscall.SIGKILL && !errors.Is(context.Cause(ctx), bastion.ErrKilled) {
			c.say(slog.LevelWarn, "command: did not end when it was told to, and was killed", "after", c.grace)
		}
		return bastion.ErrStopping // how it ended is its own business
	}
	if cause == nil && !ready {
		cause = ErrNotReady
	}
	if cause == nil && exit.Success() {
		return nil
	}
	return &ExitError{
		Argv: c.spec.Argv, Code: exit.Code, Signal: exit.Signal, Core: exit.Core, OutOfMemory: exit.OutOfMemory,
		Cause: cause, Stderr: c.last.all(), LinesLost: c.linesLost(), Left: exit.Left,
		User: exit.Usage.User, System: exit.Usage.System, MaxRSS: exit.Usage.MaxRSS, text: exit.String(),
	}
}

// closeAll closes what start opened.
func (c *command) closeAll() {
	c.end()
	c.closeInput()
	if c.stdin != nil {
		c.stdin.Close() // a write may still be blocked in it
	}
	for _, r := range c.readers {
		r.pipe.Close()
	}
	if c.notes != nil {
		c.notes.Close()
	}
}

func (c *command) linesLost() (n uint64) {
	for _, r := range c.readers {
		n += r.lost.Load()
	}
	return n
}

func (c *command) report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Report{PID: c.proc.PID(), Started: c.started, Ready: c.ready, Status: c.status, LinesLost: c.linesLost()}
}

func (c *command) say(level slog.Level, text string, args ...any) {
	c.log.Log(context.Background(), level, text, append([]any{"process", c.path}, args...)...)
}
