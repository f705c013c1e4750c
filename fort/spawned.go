package fort

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/bastion-go/bastion/fort/internal/decide"
	"github.com/bastion-go/bastion/internal/osproc"
)

// spawned is the program that Run's caller named.
type spawned struct {
	command   Command
	heartbeat time.Duration // between two health checks
	sockets   []*os.File    // blocking or not as they were; the guard's
	names     []string
	writing   sync.Mutex // one Output at a time
}

// open opens the sockets, once for all incarnations.
func (c *spawned) open(g *guard) error {
	g.keeper.inherit(g.log)
	for _, in := range g.keeper.inherited {
		if err := c.keep(in.Name, g.keeper.held[in.Key].fd); err != nil {
			return err
		}
	}
	for i, s := range c.command.Listen {
		key := "listen " + strconv.Itoa(i)
		fd, err := bind(s)
		if err != nil {
			return fmt.Errorf("fort: Listen[%d]: %w", i, err)
		}
		blocking(fd) // as from systemd: a program that wants it otherwise says so
		g.keeper.held[key] = &held{fd: fd, file: newSocketFile(unixPath(s.Network, s.Address)), given: true}
		name := s.Name
		if name == "" {
			name = strconv.Itoa(i)
		}
		if err := c.keep(name, fd); err != nil {
			return err
		}
	}
	return nil
}

// keep remembers a socket to pass on. The descriptor stays the keeper's.
func (c *spawned) keep(name string, fd int) error {
	copied, err := duplicate(fd)
	if err != nil {
		return err
	}
	c.sockets, c.names = append(c.sockets, os.NewFile(uintptr(copied), name)), append(c.names, name)
	return nil
}

// close closes what was to be passed on.
func (c *spawned) close() {
	for _, f := range c.sockets {
		f.Close()
	}
}

// bind opens a socket and returns a descriptor of it.
func bind(s Socket) (int, error) {
	if strings.HasPrefix(s.Network, "udp") || s.Network == "unixgram" {
		c, err := packetFresh(s.Network, s.Address)
		if err != nil {
			return -1, err
		}
		defer c.Close()
		return descriptor(c)
	}
	l, err := listenFresh(s.Network, s.Address)
	if err != nil {
		return -1, err
	}
	defer leave(l)
	return descriptor(l)
}

// descriptor copies the one of a socket.
func descriptor(sock any) (fd int, err error) {
	conn, ok := sock.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("%T has no descriptor", sock)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd = -1
	e := raw.Control(func(s uintptr) { fd, err = duplicate(int(s)) })
	return fd, errors.Join(err, e)
}

// start runs the command once.
func (c *spawned) start(g *guard, w *ward) error {
	spec, err := c.spec()
	if err != nil {
		return err
	}
	streams, err := c.streams(&spec)
	if err != nil {
		return err
	}
	var notifier *osproc.Notifier
	if g.config.WaitReady && c.command.Health == nil {
		if notifier, err = osproc.NewNotifier(); err != nil {
			streams.close()
			return fmt.Errorf("fort: WaitReady without Health: %w", err)
		}
		spec.Env = append(spec.Env, notifier.Env())
	}
	w.proc, err = osproc.Start(spec)
	streams.closeTheirs()
	if err != nil {
		streams.close()
		if notifier != nil {
			notifier.Close()
		}
		return err
	}
	w.ready = !g.config.WaitReady
	if notifier != nil {
		go w.notices(notifier)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if c.command.Health != nil {
		go c.check(ctx, w, g.config.WaitReady)
	}
	go c.await(w, streams, cancel)
	return nil
}

// upgraded does nothing: each start takes what is on disk.
func (c *spawned) upgraded(bool) {}

// spec is how to start it. With sockets it is started through this program, which
// puts its process number into the environment, as the protocol wants, and becomes
// the command (see become): nobody knows the number before.
func (c *spawned) spec() (osproc.Spec, error) {
	env := c.command.Env
	if env == nil {
		env = os.Environ()
	}
	s := osproc.Spec{Argv: c.command.Argv, Dir: c.command.Dir, Env: osproc.Without(env, osproc.ManagerVariables...), Stdin: stdin()}
	if len(c.sockets) == 0 {
		return s, nil
	}
	path, err := c.find()
	if err != nil {
		return s, err
	}
	if s.Path, err = thisProgram(); err != nil {
		return s, err
	}
	s.Files = c.sockets
	s.Env = append(osproc.Without(s.Env, variable), variable+"="+becoming+path,
		"LISTEN_FDS="+strconv.Itoa(len(c.sockets)), "LISTEN_FDNAMES="+strings.Join(c.names, ":"))
	return s, nil
}

// find is the command's file.
func (c *spawned) find() (string, error) {
	path := c.command.Argv[0]
	if !strings.ContainsRune(path, '/') {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", err
		}
		return filepath.Abs(found)
	}
	seen := path
	if !filepath.IsAbs(path) {
		seen = filepath.Join(c.command.Dir, path)
	}
	if _, err := exec.LookPath(seen); err != nil {
		return "", err
	}
	return path, nil
}

// check calls Health until the ward is gone.
func (c *spawned) check(ctx context.Context, w *ward, awaited bool) {
	interval := c.heartbeat
	if interval <= 0 {
		interval = defaultHeartbeat
	}
	failed := 0
	for pause := firstTry; ; pause = min(2*pause, longestTry) {
		if !awaited {
			pause = interval
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		try, cancel := context.WithTimeout(ctx, interval)
		err := c.command.Health(try)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case awaited && err == nil:
			awaited = false
			w.guard.post(func() { w.guard.ready(w) })
		case awaited:
			w.guard.post(func() { w.said = shorten(err.Error(), maxSaid) })
		case c.heartbeat <= 0:
		case err == nil:
			failed = 0
		default:
			if failed++; failed == mostFailed {
				w.guard.unhealthy(w, err.Error())
			}
		}
	}
}

const (
	// mostFailed is how many failed health checks in a row are a crash.
	mostFailed = 3
	// firstTry and longestTry are the times between two checks before a ward is ready.
	firstTry, longestTry = 5 * time.Millisecond, 250 * time.Millisecond
)

func (g *guard) unhealthy(w *ward, why string) {
	g.post(func() {
		w.said = shorten(why, maxSaid)
		g.step(decide.Event{Kind: decide.Unhealthy, Ward: w.id})
	})
}

// notices takes what the ward says by sd_notify.
func (w *ward) notices(n *osproc.Notifier) {
	go func() {
		<-w.proc.Done()
		n.Close()
	}()
	for {
		notice, err := n.Next(w.proc)
		var refused *osproc.RefusedNotice
		switch {
		case errors.Is(err, net.ErrClosed), err != nil && !errors.As(err, &refused):
			return
		case err != nil:
			continue
		}
		if notice.Ready {
			w.guard.post(func() { w.guard.ready(w) })
		}
		if notice.Trouble {
			w.guard.unhealthy(w, "it said so: WATCHDOG=trigger")
		}
	}
}

// await is the goroutine of a ward's end.
func (c *spawned) await(w *ward, s *streams, cancel context.CancelFunc) {
	reading := s.read(c, w)
	<-w.proc.Done()
	cancel()
	output := reading.last()
	exit := w.proc.Exit()
	end := ending{status: decide.Status{Code: exit.Code, Signal: int(exit.Signal)}, oom: exit.OutOfMemory, output: output}
	w.guard.post(func() { w.guard.exited(w, end) })
}
