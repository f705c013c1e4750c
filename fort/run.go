package fort

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

// A Command is a program for Run: any program, in any language.
type Command struct {
	// Argv is the program and its arguments. A program without a slash is looked up
	// in PATH, anew for each start.
	Argv []string
	// Dir is its working folder. Empty: this process's.
	Dir string
	// Env is its whole environment, "name=value" each. Nil: this process's. What a
	// service manager says by it to this process (NOTIFY_SOCKET, WATCHDOG_…, LISTEN_…)
	// is left out.
	Env []string

	// Listen are sockets that Run opens once and each incarnation gets, as systemd
	// passes them: from descriptor 3 on, with LISTEN_PID, LISTEN_FDS and
	// LISTEN_FDNAMES in the environment. Sockets that systemd has passed to this
	// process are passed on, in front of these.
	Listen []Socket

	// Health, if it is set, says whether the ward serves: it is called in a goroutine of its own,
	// never twice at a time for one ward, with a context that ends with the heartbeat. With
	// Config.WaitReady the ward is ready when it first returns nil. After that it is
	// called once in each Config.Heartbeat; three errors in a row are a crash (Sick).
	// With WaitReady and no Health the ward is ready when it says so by sd_notify (Linux).
	Health func(ctx context.Context) error

	// Output gets what wards write to standard output and standard error, line by
	// line, from one goroutine at a time. A line longer than 64 KiB comes in pieces.
	// It should not block for long: the ward waits for it. Of a ward that has ended, lines
	// are lost that it does not take within seconds. Nil: they have this
	// process's own, and reports have no Output.
	Output func(Line)

	// Watch is told what happens, step by step, from the guard's goroutine: it must not
	// block. Nil: nobody.
	Watch func(Event)

	// Signals has Run catch signals and pass them on, as Main does. Otherwise only
	// the end of Run's context stops the fort. As process 1 Run waits for orphans then,
	// too; nothing else in the process should start processes. And it is Run that tells
	// systemd how the service is (see the package comment).
	Signals bool
	// Dump sends SIGQUIT to a ward that is not ready in time or fails its health check, and gives
	// it five seconds, before it is killed: Go programs write their stacks then, and
	// Java programs go on. Otherwise such a ward is stopped by SIGTERM.
	Dump bool
}

// A Socket is one that Run opens for a Command.
type Socket struct {
	Name             string // in LISTEN_FDNAMES; empty: its number, from 0
	Network, Address string // as in Listen or ListenPacket
}

// A Line is one that a ward has written.
type Line struct {
	Ward        int // which of Config.Redundancy, from 0
	Incarnation int
	PID         int    // the ward's process; one of its children may have written the line
	Stderr      bool   // else standard output
	Text        string // without its end
	Truncated   bool   // the line goes on in the next Line
}

// An ExitError says that a fort has ended with another status than 0.
type ExitError struct {
	Status int    // as of a shell
	Crash  *Crash // what it gave up for; nil: it ended otherwise
}

func (e *ExitError) Error() string {
	if e.Crash == nil {
		return fmt.Sprintf("fort: the program ended with status %d", e.Status)
	}
	return fmt.Sprintf("fort: gave up: %v", e.Crash)
}

// Run puts a program into a fort, with this process as the guard, and returns when
// the fort has ended: nil for status 0, an *ExitError for another, or, before
// anything was started, what is wrong with config or command, or a socket. When ctx
// ends the wards are stopped as by SIGTERM. Run returns when all of them are gone.
// Several may run at a time.
func Run(ctx context.Context, config Config, command Command) error {
	if err := command.check(config); err != nil {
		return err
	}
	if err := supported(); err != nil {
		return err
	}
	log := config.Logger
	if log == nil {
		log = logTo(os.Stderr)
	}
	c := &spawned{command: command, heartbeat: config.plan().Heartbeat}
	config.Heartbeat = Off // nobody there to answer
	g := newGuard(config, c, log)
	g.plan(func(p *decide.Policy) {
		if !command.Dump {
			p.DumpTime = 0
		}
	})
	g.watch = command.Watch
	g.reports.name = filepath.Base(command.Argv[0])
	if command.Signals {
		// Else other children of this process are not the fort's to wait for, nor is how it is the fort's to tell.
		g.reaper, g.notifier = newReaper(), newNotifier()
	}
	defer c.close()
	if err := c.open(g); err != nil {
		g.keeper.close()
		return err
	}
	signals := make(chan os.Signal, 16)
	if command.Signals {
		signal.Notify(signals, forwarded(config)...)
		defer signal.Stop(signals)
	}
	stop := context.AfterFunc(ctx, func() {
		g.post(func() { g.step(decide.Event{Kind: decide.Finish, Signal: int(syscall.SIGTERM)}) })
	})
	defer stop()
	if status := g.run(signals); status != 0 {
		return &ExitError{Status: status, Crash: g.why}
	}
	return nil
}

// check finds what is wrong with command and config together.
func (c *Command) check(config Config) error {
	f := config.check()
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		f.add("Argv", "is empty; it needs at least the program")
	}
	if config.Alive != nil {
		f.add("Alive", "is for Main; Run has Command.Health")
	}
	names := map[string]int{}
	for i, s := range c.Listen {
		field := fmt.Sprintf("Listen[%d].", i)
		switch s.Network {
		case "tcp", "tcp4", "tcp6", "unix", "unixpacket", "udp", "udp4", "udp6", "unixgram":
		default:
			f.add(field+"Network", "unknown network %q", s.Network)
		}
		if first, taken := names[s.Name]; taken && s.Name != "" {
			f.add(field+"Name", "%q is taken by Listen[%d]", s.Name, first)
		}
		names[s.Name] = i
		for _, r := range s.Name {
			if r == ':' || r < ' ' || r > '~' {
				f.add(field+"Name", "%q contains %q, which cannot be passed on", s.Name, r)
				break
			}
		}
	}
	return f.err()
}
