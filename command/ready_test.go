//go:build unix

package command_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

// freePort is one that nobody listens on. On Linux it is at a loopback address of our own, where nobody takes it before
// the command does.
func freePort(t *testing.T) string {
	t.Helper()
	host := "127.0.0.1"
	if pid := os.Getpid(); runtime.GOOS == "linux" {
		host = fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&63, pid>>8&255, 1+pid&127)
	}
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestF4_Ready(t *testing.T) {
	dir := t.TempDir()
	port, socket, file := freePort(t), filepath.Join(dir, "s"), filepath.Join(dir, "f")
	if err := os.WriteFile(file, []byte("of an earlier run"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args  []string
		ready command.Ready
		holds func() bool // once Start has returned
	}{
		"at once": {[]string{"deaf"}, command.Ready{}, func() bool { return true }},
		"tcp": {[]string{"listen", "tcp", port}, command.Ready{Address: port}, func() bool {
			c, err := net.Dial("tcp", port)
			return err == nil && c.Close() == nil
		}},
		"unix": {[]string{"listen", "unix", socket}, command.Ready{Address: socket}, func() bool {
			c, err := net.Dial("unix", socket)
			return err == nil && c.Close() == nil
		}},
		"line": {[]string{"tree", "obey", "deaf"}, command.Ready{Line: regexp.MustCompile("^child up$")}, func() bool { return true }},
		"file": {[]string{"file", file}, command.Ready{File: file}, func() bool {
			now, err := os.ReadFile(file)
			return err == nil && len(now) == 0
		}},
	}
	if runtime.GOOS == "linux" {
		cases["notify"] = struct {
			args  []string
			ready command.Ready
			holds func() bool
		}{[]string{"notify", "STATUS=loading", "READY=1\nSTATUS=fine"}, command.Ready{Notify: true, Within: patience}, func() bool { return true }}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := play(c.args...)
			spec.Ready = c.ready
			r := rigOn(t, spec, bastion.ChildSpec{WaitReady: true, StartTimeout: patience})
			if !c.holds() {
				t.Error("started, but not ready")
			}
			report, err := bastion.Ask(context.Background(), r.ref(), command.Inspect{})
			if err != nil || !report.Ready || name == "notify" && report.Status != "fine" {
				t.Errorf("%+v %v", report, err)
			}
		})
	}
}

func TestF4_NotReadyIsAFailedStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		name  string
		args  []string
		ready command.Ready
		limit time.Duration // ChildSpec.StartTimeout
		want  error
		text  string
	}{
		{"ends well, but before", []string{"print", "x"}, command.Ready{Line: regexp.MustCompile("never")}, 0, command.ErrNotReady, "exit status 0"},
		{"ends badly before", []string{"exit", "2"}, command.Ready{Address: freePort(t)}, 0, command.ErrNotReady, "exit status 2"},
		{"takes too long", []string{"deaf"}, command.Ready{Line: regexp.MustCompile("never"), Within: 50 * time.Millisecond}, 0, command.ErrNotReady, "not ready"},
		{"takes too long for the supervisor", []string{"deaf"}, command.Ready{Line: regexp.MustCompile("never")}, 50 * time.Millisecond, bastion.ErrStartTimeout, ""},
		{"somebody else is there", []string{"deaf"}, command.Ready{Address: taken.Addr().String()}, 0, nil, "Ready.Address: somebody listens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := play(c.args...)
			spec.Ready = c.ready
			r := rigUp(t, spec, bastion.ChildSpec{WaitReady: true, StartTimeout: c.limit})
			r.hasty = c.limit > 0 // the supervisor kills it then
			err := r.start()
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %v %s", err, c.want, c.text)
			}
		})
	}
}

func TestF4_BadSpecIsAFaultOfTheSupervisorsSpec(t *testing.T) {
	spec := command.Spec{
		Env:        []string{"X=1", "novalue"},
		Files:      []*os.File{nil},
		Stdout:     command.Output{File: os.Stdout, Discard: true},
		Stderr:     command.Output{Longest: 3},
		Ready:      command.Ready{Address: "nowhere", File: "x", Within: -1},
		Watchdog:   -1,
		Linger:     -1,
		StopSignal: 99,
		CPUs:       []int{-1},
		Nodes:      []int{-2},
		Memory:     -1,
	}
	want := []string{
		"Argv: is empty; it needs at least the program",
		`Env[1]: "novalue" is not of the form NAME=value`,
		"Files: contains nil",
		"Stdout: only one of To, File and Discard is possible",
		"Stderr.Longest: must be at least 16, is 3",
		"Ready: Address and File contradict one another; choose one",
		"Ready.Address: address nowhere: missing port in address",
		"Ready.Within: must not be negative, is -1ns",
		"Watchdog: must not be negative, is -1ns",
		"Linger: must not be negative, is -1ns",
		"StopSignal: there is no signal 99",
		"CPUs: there is no CPU -1",
		"Nodes: there is no node -2",
		"Memory: must not be negative, is -1",
	}
	if got := spec.Check(); !slices.Equal(got, want) {
		t.Errorf("%q,\nwant %q", got, want)
	}
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Start: command.Run(spec)}}})
	var faults *bastion.SpecError
	if !errors.As(err, &faults) || len(faults.Faults) != len(want) || faults.Faults[0] != "Children[0].Start."+want[0] {
		t.Errorf("%v", err)
	}
	both := command.Spec{Argv: []string{"x"}, Ready: command.Ready{Line: regexp.MustCompile("x")}}
	both.Stdout.File, both.Stderr.File = os.Stdout, os.Stderr
	if got := both.Check(); len(got) != 1 || !strings.HasPrefix(got[0], "Ready.Line:") {
		t.Error(got)
	}
}

func TestF4_WhatIsMissingAtTheStartIsNamed(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		field string
		tune  func(*command.Spec)
	}{
		{"Argv", func(s *command.Spec) { s.Argv = []string{"no-such-program-anywhere"} }},
		{"Argv", func(s *command.Spec) { s.Argv = []string{filepath.Join(dir, "vanished")} }},
		{"Argv", func(s *command.Spec) { s.Argv = []string{plain} }},
		{"Dir", func(s *command.Spec) { s.Dir = filepath.Join(dir, "missing") }},
		{"User", func(s *command.Spec) { s.User = "nobody-of-this-name" }},
		{"Group", func(s *command.Spec) { s.Group = "no-group-of-this-name" }},
		{"CPUs", func(s *command.Spec) { s.CPUs = []int{100_000} }},
		{"Nodes", func(s *command.Spec) { s.Nodes = []int{999} }},
		{"Memory", func(s *command.Spec) { s.Memory, s.Cgroup = 1<<20, dir }},
	} {
		spec := play("deaf")
		c.tune(&spec)
		err := rigUp(t, spec, bastion.ChildSpec{WaitReady: true}).start()
		var fault *command.StartError
		if !errors.As(err, &fault) || fault.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestF4_BestEffortStartsWithoutWishes(t *testing.T) {
	spec := play("deaf")
	spec.CPUs, spec.Nodes, spec.Memory, spec.Cgroup = []int{100_000}, []int{999}, 1<<20, t.TempDir()
	spec.BestEffort = true
	rigOn(t, spec, bastion.ChildSpec{WaitReady: true}).want("up")
}
