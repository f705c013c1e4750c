//go:build unix

package fort_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bastion-go/bastion/fort"
)

// A stage is a fort that Run made in this process, with what it said.
type stage struct {
	t      *testing.T
	cancel context.CancelFunc
	result chan error
	lines  chan fort.Line
	events chan fort.Event
}

// stageRun calls Run in the background.
func stageRun(t *testing.T, config fort.Config, command fort.Command) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &stage{t: t, cancel: cancel, result: make(chan error, 1), lines: make(chan fort.Line, 4096), events: make(chan fort.Event, 4096)}
	command.Output = func(l fort.Line) { s.lines <- l }
	command.Watch = func(e fort.Event) { s.events <- e }
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	go func() { s.result <- fort.Run(ctx, config, command) }()
	t.Cleanup(func() {
		cancel()
		s.end()
	})
	return s
}

func (s *stage) end() error {
	s.t.Helper()
	select {
	case err := <-s.result:
		s.result <- err
		return err
	case <-time.After(guardTime):
		s.t.Fatal("Run did not return")
		return nil
	}
}

// event waits for one of that kind.
func (s *stage) event(kind fort.EventKind) fort.Event {
	s.t.Helper()
	timeout := time.After(guardTime)
	for {
		select {
		case e := <-s.events:
			if e.Kind == kind {
				return e
			}
		case <-timeout:
			s.t.Fatalf("waited in vain for %q", kind)
		}
	}
}

// line waits for one that begins so.
func (s *stage) line(prefix string) fort.Line {
	s.t.Helper()
	timeout := time.After(guardTime)
	for {
		select {
		case l := <-s.lines:
			if strings.HasPrefix(l.Text, prefix) {
				return l
			}
		case <-timeout:
			s.t.Fatalf("waited in vain for %q", prefix)
		}
	}
}

func sh(script string) []string { return []string{"sh", "-c", script} }

func TestF1_RunRestartsAnyProgramAndReportsItsLastWords(t *testing.T) {
	t.Parallel()
	config := fort.Config{Intensity: fort.Intensity{Max: 2, Within: time.Hour}, Backoff: fort.Constant{}, CrashDir: t.TempDir()}
	s := stageRun(t, config, fort.Command{Argv: sh("echo out; echo err >&2; exit 5")})
	err := s.end()
	var exit *fort.ExitError
	if !errors.As(err, &exit) || exit.Status != 5 || exit.Crash == nil || !exit.Crash.GaveUp {
		t.Fatalf("Run returned %v", err)
	}
	if c := exit.Crash; c.Kind != fort.Exit || c.Reason != "exit status 5" || c.Output != "err\n" || c.Incarnation != 3 {
		t.Errorf("the last crash is %+v", c)
	}
	close(s.lines)
	var out, errs []int
	for l := range s.lines {
		switch {
		case l.Text == "out" && !l.Stderr:
			out = append(out, l.Incarnation)
		case l.Text == "err" && l.Stderr:
			errs = append(errs, l.Incarnation)
		default:
			t.Errorf("unexpected %+v", l)
		}
	}
	if want := []int{1, 2, 3}; !slices.Equal(out, want) || !slices.Equal(errs, want) {
		t.Errorf("lines from incarnations %v and %v", out, errs)
	}
	var kinds []string
	close(s.events)
	for e := range s.events {
		kinds = append(kinds, string(e.Kind))
	}
	if got := strings.Join(kinds, " "); got != strings.Repeat("started serving crashed ", 2)+"started serving crashed" {
		t.Errorf("events: %s", got)
	}
}

func TestF2_RunPassesSocketsAsSystemdDoes(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	config := fort.Config{Backoff: fort.Constant{}, Intensity: fort.Unlimited}
	s := stageRun(t, config, fort.Command{
		Argv: []string{exe, "an argument"},
		Env:  append(os.Environ(), roleVar+"=activated"),
		Listen: []fort.Socket{
			{Name: "web", Network: "tcp", Address: "127.0.0.1:0"},
			{Name: "control", Network: "unix", Address: path},
			{Network: "udp", Address: "127.0.0.1:0"},
		},
	})
	if l := s.line("blocking"); l.Text != "blocking true" {
		t.Error("a program that knows nothing of polling gets a socket that does not block")
	}
	for incarnation := 1; incarnation <= 3; incarnation++ {
		if l := s.line("arguments"); l.Text != "arguments [an argument]" {
			t.Error(l.Text)
		}
		web := strings.Fields(s.line("listening").Text)[1]
		for _, at := range [][2]string{{"tcp", web}, {"unix", path}} {
			conn, err := net.Dial(at[0], at[1])
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(conn)
			conn.Close()
			if string(text) != at[0] {
				t.Errorf("%s answers %q", at[0], text)
			}
		}
		s.event(fort.Crashed) // it has served both and ends
	}
	s.cancel()
	if err := s.end(); err != nil {
		t.Logf("ended with %v", err) // it may have been between two lives
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's file is still there: %v", err)
	}
}

func TestF3_RunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := stageRun(t, fort.Config{}, fort.Command{Argv: sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done")})
	s.line("up")
	s.cancel()
	if err := s.end(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	s.line("bye")
}

// Whoever reads what the program writes may have stopped reading.
func TestF3_AnOutputThatBlocksKeepsNothingFromEnding(t *testing.T) {
	t.Parallel()
	for _, ends := range []string{"the context", "the program"} {
		t.Run(ends, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			blocked, free := make(chan struct{}), make(chan struct{})
			defer close(free)
			result := make(chan error, 1)
			once := sync.OnceFunc(func() { close(blocked) })
			command := fort.Command{Argv: sh("echo one; echo two >&2; exec sleep 3600"), Output: func(fort.Line) { once(); <-free }}
			if ends == "the program" {
				command.Argv = sh("echo one; exit 3")
			}
			config := fort.Config{Intensity: fort.NoRestarts, Logger: slog.New(slog.DiscardHandler)}
			go func() { result <- fort.Run(ctx, config, command) }()
			<-blocked
			if ends == "the context" {
				cancel()
			}
			var exit *fort.ExitError
			select {
			case err := <-result:
				if !errors.As(err, &exit) || exit.Crash != nil && exit.Crash.Reason != "exit status 3" {
					t.Errorf("Run returned %v", err)
				}
			case <-time.After(guardTime):
				t.Error("Run did not return")
			}
			cancel()
		})
	}
}

func TestF1_HealthMakesReadyAndSick(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked, sick := 0, false
	config := fort.Config{WaitReady: true, Heartbeat: 20 * time.Millisecond, Backoff: fort.Constant{}, Intensity: fort.Unlimited}
	s := stageRun(t, config, fort.Command{
		Argv: []string{"sleep", "3600"},
		Health: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if asked++; asked < 3 {
				return errors.New("not yet")
			}
			if sick {
				return errors.New("a headache")
			}
			return nil
		},
	})
	s.event(fort.Serving)
	mu.Lock()
	sick = true
	mu.Unlock()
	crash := s.event(fort.Crashed).Crash
	if crash.Kind != fort.Sick || !strings.Contains(crash.Reason, "a headache") {
		t.Errorf("reported as %q, %q", crash.Kind, crash.Reason)
	}
	mu.Lock()
	sick = false
	mu.Unlock()
	s.event(fort.Serving)
}

func TestF1_WhatCannotBeStartedSaysWhy(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	sockets := []fort.Socket{{Network: "tcp", Address: "127.0.0.1:0"}}
	for _, c := range []struct {
		argv   string
		status int
		want   string
	}{
		{"/no/such/program", 127, "no such file"},
		{"no-such-program-anywhere", 127, "not found"},
		{plain, 126, "not executable"},
	} {
		for _, listen := range [][]fort.Socket{nil, sockets} {
			err := fort.Run(t.Context(), fort.Config{Intensity: fort.NoRestarts, Logger: slog.New(slog.DiscardHandler)},
				fort.Command{Argv: []string{c.argv}, Listen: listen})
			var exit *fort.ExitError
			if !errors.As(err, &exit) || exit.Status != c.status || exit.Crash.Kind != fort.StartFailed {
				t.Errorf("%s: %v", c.argv, err)
				continue
			}
			if !strings.Contains(err.Error(), c.want) && !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s: %v does not say %q", c.argv, err, c.want)
			}
		}
	}
}

func TestF3_RunRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	err := fort.Run(t.Context(), fort.Config{Shutdown: -5, KeepCrashes: 3, Alive: alive}, fort.Command{
		Listen: []fort.Socket{{Network: "carrier pigeon", Name: "a:b"}, {Network: "tcp", Name: "x"}, {Network: "tcp", Name: "x"}},
	})
	var bad *fort.ConfigError
	if !errors.As(err, &bad) {
		t.Fatalf("Run returned %v", err)
	}
	text := err.Error()
	for _, field := range []string{"Argv: ", "Shutdown: ", "KeepCrashes: ", "Alive: ", "Listen[0].Network: ", "Listen[0].Name: ", "Listen[2].Name: "} {
		if !strings.Contains(text, field) {
			t.Errorf("no word of %s in: %v", field, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = fort.Run(t.Context(), fort.Config{}, fort.Command{Argv: sh("exit 0"), Listen: []fort.Socket{{Network: "tcp", Address: l.Addr().String()}}})
	var used *fort.InUseError
	if !errors.As(err, &used) || used.Address != l.Addr().String() {
		t.Errorf("a socket in use: %v", err)
	}
}

// activated is a program that knows nothing of forts, only of systemd's sockets.
func activated() {
	flags, err := unix.FcntlInt(3, unix.F_GETFL, 0)
	fmt.Println("blocking", err == nil && flags&unix.O_NONBLOCK == 0)
	web, err := fort.Listen("systemd", "web")
	if err == nil {
		fmt.Println("arguments", os.Args[1:])
		fmt.Println("listening", web.Addr())
		var control net.Listener
		if control, err = fort.Listen("systemd", "control"); err == nil {
			greet(web, "tcp")
			greet(control, "unix")
		}
	}
	fmt.Println("error:", err)
	os.Exit(1)
}

func greet(l net.Listener, text string) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	fmt.Fprint(conn, text)
	conn.Close()
}
