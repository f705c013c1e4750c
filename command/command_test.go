//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

var temporary = bastion.ChildSpec{Restart: bastion.Temporary}

func TestF4_ExitKinds(t *testing.T) {
	for _, c := range []struct {
		args   []string
		code   int
		signal syscall.Signal
		text   string
	}{
		{[]string{"exit", "3"}, 3, 0, "exit status 3"},
		{[]string{"exit", "255"}, 255, 0, "exit status 255"},
		{[]string{"die", "9"}, -1, syscall.SIGKILL, "ended by signal 9 (killed)"},
		{[]string{"die", "15"}, -1, syscall.SIGTERM, "ended by signal 15 (terminated)"},
	} {
		r := rigOn(t, play(c.args...), temporary)
		err := r.end()
		var exit *command.ExitError
		if !errors.As(err, &exit) || exit.Code != c.code || exit.Signal != c.signal || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v", c.args, err)
			continue
		}
		if exit.User+exit.System <= 0 || exit.MaxRSS < 1<<20 || exit.Cause != nil {
			t.Errorf("%v: %+v", c.args, exit)
		}
		if c.signal == 0 && (!slices.Equal(exit.Stderr, []string{"last words"}) || !strings.HasSuffix(err.Error(), "\n\tlast words")) {
			t.Errorf("%v: stderr %q in %q", c.args, exit.Stderr, err)
		}
	}
	r := rigOn(t, play("exit", "0"), temporary)
	if err := r.end(); err != nil {
		t.Errorf("exit 0: %v", err)
	}
}

func TestF4_RestartedByItsTypeAndBackoff(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	r := rigOn(t, play("second", mark), bastion.ChildSpec{Restart: bastion.Transient, Backoff: bastion.Constant{Delay: time.Millisecond}})
	r.want("again")
	if err := r.ref().Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if err := r.end(); !errors.Is(err, bastion.ErrShutdown) {
		t.Errorf("stopped: %v", err)
	}
	r = rigOn(t, play("exit", "1"), bastion.ChildSpec{Tries: 3, Backoff: bastion.Constant{Delay: time.Millisecond}})
	var exit *command.ExitError
	if err := r.end(); !errors.As(err, &exit) || exit.Code != 1 {
		t.Errorf("given up: %v", err)
	}
}

func TestF4_StopIsAskedFirst(t *testing.T) {
	r := rigOn(t, play("obey"), bastion.ChildSpec{Shutdown: patience})
	r.want("up")
	if err := r.ref().Stop(context.Background()); err != nil { // the receiver of its last line lives on
		t.Fatal(err)
	}
	r.want("bye")
	if err := r.end(); !errors.Is(err, bastion.ErrShutdown) {
		t.Error(err)
	}
}

func TestF4_StopIsInTimeForTheDefiant(t *testing.T) {
	for _, args := range [][]string{{"defy"}, {"tree", "defy", "obey"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			r := rigOn(t, play(args...), bastion.ChildSpec{Shutdown: 6 * time.Second})
			for l := r.line(); !strings.HasPrefix(l.Text, "up"); l = r.line() {
			}
			r.stop() // an abandoned incarnation would be an error
			if err := r.end(); !errors.Is(err, bastion.ErrShutdown) {
				t.Errorf("%v: %v", args, err)
			}
		})
	}
}

func TestF4_KillDoesNotAsk(t *testing.T) {
	for name, kill := range map[string]func(r *rig){
		"kill":        func(r *rig) { _ = r.ref().Kill(context.Background()) },
		"brutal kill": func(r *rig) { _ = r.ref().Stop(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			r := rigOn(t, play("tree", "obey", "obey"), bastion.ChildSpec{Shutdown: bastion.BrutalKill})
			r.hasty = true
			r.want("child up", "up")
			kill(r)
			// On a machine that is busy it may be abandoned, which comes 10 ms after a kill.
			if err := r.end(); !errors.Is(err, bastion.ErrKilled) && !errors.Is(err, bastion.ErrAbandoned) {
				t.Error(err)
			}
			if len(r.lines) > 0 {
				t.Errorf("it was asked, and said %q", r.line().Text)
			}
		})
	}
}

func TestF4_RunsNeverOverlap(t *testing.T) {
	// Each run binds the same port, and dies with it: were the last one still there, the start would fail.
	port := freePort(t)
	spec := play("listen", "tcp", port)
	spec.Ready.Address = port
	starts := 0
	count := func(*bastion.Context, bastion.Failure) error { starts++; return nil }
	r := rigOn(t, spec, bastion.ChildSpec{WaitReady: true, Shutdown: bastion.BrutalKill, Callbacks: bastion.Callbacks{BeforeRestart: count}})
	r.hasty = true
	for range 20 {
		if err := r.sup.Restart(context.Background(), "c"); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	if starts != 20 {
		t.Errorf("%d starts for 20 orders: some failed", starts)
	}
}

func TestF4_EnvironmentFolderAndFiles(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLOUR", "red")
	t.Setenv("SHAPE", "round")
	t.Setenv("NOTIFY_SOCKET", "ours")
	spec := play("env")
	spec.Dir, spec.Env = dir, append(spec.Env, "COLOUR=green", "COLOUR=blue")
	r := rigOn(t, spec, temporary)
	r.want(dir + " <nil>")
	env := r.line().Text
	if !strings.Contains(env, "COLOUR=blue") || strings.Contains(env, "green") || !strings.Contains(env, "SHAPE=round") || strings.Contains(env, "NOTIFY") {
		t.Errorf("added: %s", env)
	}
	spec.CleanEnv = true
	r = rigOn(t, spec, temporary)
	r.want(dir + " <nil>")
	if got, want := r.line().Text, fmt.Sprint(slices.Concat(play().Env, []string{"COLOUR=blue"})); got != want {
		t.Errorf("clean: %s, want %s", got, want)
	}
}

func TestF4_SignalAndInspect(t *testing.T) {
	r := rigOn(t, play("hup"), bastion.ChildSpec{WaitReady: true})
	r.want("up")
	report, err := bastion.Ask(context.Background(), r.ref(), command.Inspect{})
	if err != nil || !report.Ready || report.PID <= 0 || report.Started.IsZero() || report.LinesLost != 0 {
		t.Errorf("%+v %v", report, err)
	}
	r.tell(command.Signal{Signal: syscall.SIGHUP})
	r.want("hup")
}
