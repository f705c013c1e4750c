package command

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/internal/osproc"
)

// A sign is what can be waited for from outside, as long as the context is good.
type sign func(context.Context) error

// before looks at the sign before the start, so that an old one is not taken for
// the new one. Nil: nothing is to be waited for, or the command says it to us.
func (s *Spec) before(ctx context.Context) (sign, error) {
	at := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(s.Dir, path)
	}
	switch r := s.Ready; {
	case r.Address != "":
		network, address := split(r.Address)
		if network == "unix" && address[0] != '@' {
			address = at(address)
		}
		a := osproc.Address{Network: network, Address: address}
		if err := a.Free(ctx); err != nil {
			return nil, &StartError{"Ready.Address", err}
		}
		return a.Wait, nil
	case r.File != "":
		f, err := osproc.LookAt(at(r.File))
		if err != nil {
			return nil, &StartError{"Ready.File", err}
		}
		return f.Wait, nil
	}
	return nil, nil
}

// await waits for the sign while the command runs.
func (c *command) await(signs sign) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := context.AfterFunc(c.alive, cancel)
	defer stop()
	if signs(ctx) == nil {
		c.setReady()
	}
	return nil
}

// notified is the field that needs the socket.
func (s *Spec) notified() string {
	if s.Ready.Notify {
		return "Ready.Notify"
	}
	return "Watchdog"
}

func watchdogEnv(every time.Duration) []string {
	if every <= 0 {
		return nil
	}
	return []string{"WATCHDOG_USEC=" + strconv.FormatInt(max(1, every.Microseconds()), 10)}
}

// arm starts the clocks of an incarnation.
func (c *command) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if within := c.spec.Ready.Within; within > 0 {
		c.limit = time.AfterFunc(within, func() { c.condemn(ErrNotReady) })
	}
	if every := c.spec.Watchdog; every > 0 {
		c.every = every
		c.watchdog = time.AfterFunc(every, func() { c.condemn(ErrWatchdog) })
		if c.spec.Ready.Notify {
			c.watchdog.Stop() // it counts from READY=1 on
		}
	}
}

// disarm stops them.
func (c *command) disarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for _, t := range []*time.Timer{c.limit, c.watchdog, c.abort} {
		if t != nil {
			t.Stop()
		}
	}
}

// setReady notes that the sign was seen.
func (c *command) setReady() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ready || c.cause != nil || c.over {
		return
	}
	c.ready = true
	if c.limit != nil {
		c.limit.Stop()
	}
	if c.watchdog != nil && c.spec.Ready.Notify {
		c.watchdog.Reset(c.every)
	}
	c.poke()
}

// abortTime is how long a command that got SIGABRT has to say where it was.
const abortTime = 2 * time.Second

// condemn ends the command because of what it did not do.
func (c *command) condemn(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || c.over || cause == ErrNotReady && c.ready {
		return
	}
	c.cause = cause
	if errors.Is(cause, ErrNotReady) {
		c.proc.Stop(c.grace)
		return
	}
	c.last.turn()
	_ = c.proc.Signal(abortSignal)
	c.abort = time.AfterFunc(abortTime, c.proc.Kill)
}

// poke makes the loop look.
func (c *command) poke() {
	select {
	case c.wake <- struct{}{}:
	default: // it is going to
	}
}

// listen takes what the command says by sd_notify.
func (c *command) listen(*bastion.Context) error {
	refused := false
	for {
		n, err := c.notes.Next(c.proc)
		var no *osproc.RefusedNotice
		switch {
		case err == nil:
			c.note(n)
		case !errors.As(err, &no):
			return nil // closed: the command has ended
		case !refused:
			refused = true // once: whoever sends this may send a million
			c.say(slog.LevelWarn, "command: notice refused", "error", no.Err)
		}
	}
}

func (c *command) note(n osproc.Notice) {
	if n.Ready {
		c.setReady()
	}
	if n.Trouble {
		c.condemn(ErrWatchdog)
	}
	if n.MainPID != 0 && n.MainPID != c.proc.PID() {
		c.say(slog.LevelWarn, "command: says that another process is its main one, which cannot be supervised", "pid", n.MainPID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.Status != "" {
		c.status = n.Status
	}
	if c.over || c.cause != nil {
		return
	}
	if n.Extend > 0 && !c.ready && c.limit != nil {
		c.limit.Reset(n.Extend)
	}
	if n.Watchdog > 0 && c.watchdog != nil {
		c.every = n.Watchdog
	}
	if (n.Alive || n.Watchdog > 0) && c.watchdog != nil && (c.ready || !c.spec.Ready.Notify) {
		c.watchdog.Reset(c.every)
	}
}
