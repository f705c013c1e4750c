//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestF4_ExitIsTyped(t *testing.T) {
	for _, c := range []struct {
		args []string
		want Exit
		text string
	}{
		{[]string{"exit", "0"}, Exit{}, "exit status 0"},
		{[]string{"exit", "3"}, Exit{Code: 3}, "exit status 3"},
		{[]string{"exit", "255"}, Exit{Code: 255}, "exit status 255"},
		{[]string{"die", "9"}, Exit{Code: -1, Signal: syscall.SIGKILL}, "ended by signal 9 (killed)"},
		{[]string{"die", "15"}, Exit{Code: -1, Signal: syscall.SIGTERM}, "ended by signal 15 (terminated)"},
	} {
		p, _ := begin(t, helper(c.args...))
		got := p.Exit()
		if got.Usage.MaxRSS < 1<<20 {
			t.Errorf("%v: a Go program resided in %d bytes?", c.args, got.Usage.MaxRSS)
		}
		if got.Usage.User+got.Usage.System <= 0 {
			t.Errorf("%v: used no time", c.args)
		}
		got.Usage = Usage{}
		if got.Code != c.want.Code || got.Signal != c.want.Signal || got.Core || got.Left != nil || got.String() != c.text {
			t.Errorf("%v: %+v %q, want %+v %q", c.args, got, got, c.want, c.text)
		}
		if got.Success() != (c.want.Code == 0 && c.want.Signal == 0) {
			t.Errorf("%v: success %v", c.args, got.Success())
		}
		if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("signal after the end: %v", err)
		}
	}
}

func TestF4_StopIsASignalThenAKill(t *testing.T) {
	p, out := begin(t, helper("obey"))
	next(t, out)
	p.Stop(time.Minute)
	if e := p.Exit(); !e.Success() {
		t.Errorf("obedient: %v", e)
	}
	if got := next(t, out); got != "bye" {
		t.Errorf("last word %q", got)
	}
	p, out = begin(t, helper("defy"))
	next(t, out)
	p.Stop(time.Hour)
	p.Stop(50 * time.Millisecond) // a second one can shorten
	if e := p.Exit(); e.Signal != syscall.SIGKILL {
		t.Errorf("defiant: %v", e)
	}
}

func TestF4_StopReachesTheSuspended(t *testing.T) {
	p, out := begin(t, helper("obey"))
	next(t, out)
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.Stop(time.Minute)
	if e := p.Exit(); !e.Success() {
		t.Errorf("%v", e)
	}
}

func TestF4_TheGroupEndsWithItsLeader(t *testing.T) {
	for _, c := range []struct {
		name   string
		leader string // stay or exit
		child  string
		linger time.Duration
		end    func(*Process)
		want   string
	}{
		{"leader exits, others killed", "exit", "obey", 0, func(*Process) {}, "exit status 7"},
		{"leader exits, others asked", "exit", "obey", time.Minute, func(*Process) {}, "exit status 7"},
		{"leader exits, others asked in vain", "exit", "defy", 50 * time.Millisecond, func(*Process) {}, "exit status 7"},
		{"stop", "stay", "obey", 0, func(p *Process) { p.Stop(time.Minute) }, "ended by signal 15 (terminated)"},
		{"stop in vain", "stay", "defy", time.Minute, func(p *Process) { p.Stop(50 * time.Millisecond) }, "ended by signal 15 (terminated)"},
		{"kill", "stay", "defy", time.Minute, (*Process).Kill, "ended by signal 9 (killed)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := helper("tree", c.leader, c.child)
			s.Linger = c.linger
			p, out := begin(t, s)
			first := strings.Fields(next(t, out))
			pid, err := strconv.Atoi(first[0])
			if err != nil || first[1] != "up" {
				t.Fatal(first, err)
			}
			c.end(p)
			e := p.Exit()
			if e.String() != c.want {
				t.Errorf("%v, want %v", e, c.want)
			}
			// Whoever waits for orphans here may be late, so a zombie is allowed.
			if alive, known := members(p.PID()); known && len(alive) > 0 || e.Left != nil {
				t.Errorf("of the group with %d there is left: %v %v", pid, alive, e.Left)
			}
		})
	}
}

func TestStartGivesWhatTheSpecSays(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := helper("context")
	s.Dir, s.Env, s.Files = dir, append(s.Env, "COLOUR=green"), []*os.File{nil, w}
	_, out := begin(t, s)
	w.Close()
	want := []string{dir, "green", strconv.Itoa(os.Getuid()) + " " + strconv.Itoa(os.Getgid()), "true", "<nil>"}
	for _, line := range want {
		if got := next(t, out); got != line {
			t.Errorf("%q, want %q", got, line)
		}
	}
	if extra, err := io.ReadAll(r); string(extra) != "through 4\n" {
		t.Errorf("through descriptor 4: %q %v", extra, err)
	}
}

func TestStartBadSpec(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!"+dir+"/no-interpreter\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	me := []string{self(), "exit", "0"}
	for _, c := range []struct {
		spec        Spec
		field, text string
	}{
		{Spec{}, "Argv", "empty"},
		{Spec{Argv: []string{""}}, "Argv", "empty"},
		{Spec{Argv: []string{"x\x00y"}}, "Argv", "zero byte"},
		{Spec{Argv: []string{"no-such-program-anywhere"}}, "Argv", "not found"},
		{Spec{Argv: []string{filepath.Join(dir, "absent")}}, "Argv", "no such file"},
		{Spec{Argv: []string{dir}}, "Argv", "is a folder"},
		{Spec{Argv: []string{plain}}, "Argv", "not executable"},
		{Spec{Argv: []string{junk}}, "Argv", "#!"},
		{Spec{Argv: []string{script}}, "Argv", "interpreter"},
		{Spec{Argv: me, Dir: filepath.Join(dir, "absent")}, "Dir", "no such file"},
		{Spec{Argv: me, Dir: plain}, "Dir", "not a folder"},
		{Spec{Argv: me, Env: []string{"NOVALUE"}}, "Env", "name=value"},
		{Spec{Argv: me, Linger: -1}, "Linger", "negative"},
	} {
		p, err := Start(c.spec)
		var fault *FieldError
		if p != nil || !errors.As(err, &fault) || fault.Field != c.field || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v, want %s: …%s…", c.spec.Argv, err, c.field, c.text)
		}
	}
}
