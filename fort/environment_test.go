//go:build unix

package fort_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// Of two values of a variable some programs take the first, some the last: so there
// may be only one, and what was said to the guard is for the guard.
func TestF2_WhatTheGuardWasToldByItsOwnManagerIsNotPassedOn(t *testing.T) {
	t.Parallel()
	s := stageRun(t, fort.Config{}, fort.Command{
		Argv:   []string{"env"},
		Env:    append(os.Environ(), "LISTEN_FDS=7", "LISTEN_PID=1", "NOTIFY_SOCKET=@outer", "WATCHDOG_USEC=1", "BASTION_FORT=off", "BETWEEN=1"),
		Listen: []fort.Socket{{Network: "tcp", Address: "127.0.0.1:0"}},
	})
	s.event(fort.Ended)
	seen := map[string]string{}
	for len(s.lines) > 0 {
		name, value, _ := strings.Cut((<-s.lines).Text, "=")
		if before, twice := seen[name]; twice {
			t.Errorf("%s is %q and %q", name, before, value)
		}
		seen[name] = value
	}
	if seen["LISTEN_FDS"] != "1" || seen["BETWEEN"] != "1" || len(seen["NOTIFY_SOCKET"]+seen["WATCHDOG_USEC"]+seen["BASTION_FORT"]) > 0 {
		t.Errorf("the environment is %q", seen)
	}
}

func TestF1_RunPassesAnEmptyEnvironment(t *testing.T) {
	t.Parallel()
	env := "/usr/bin/env"
	if _, err := os.Stat(env); err != nil {
		t.Skip(err)
	}
	s := stageRun(t, fort.Config{}, fort.Command{Argv: []string{env}, Env: []string{}})
	s.event(fort.Ended)
	for len(s.lines) > 0 {
		if l := <-s.lines; !strings.HasPrefix(l.Text, "__CF") { // which Darwin adds
			t.Errorf("there is %q in it", l.Text)
		}
	}
}

// An installation may replace or remove the guard's own file while it guards.
func TestF2_AGuardWithoutItsFilePassesSocketsOn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can run a file without a name")
	}
	exe := filepath.Join(t.TempDir(), "guard")
	install(t, exe, "")
	r := beginAs(t, exe, "runs")
	r.expect("life")
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	if words := r.expect("life"); words[0] != "1" {
		t.Errorf("sockets after the file has gone: %v", words)
	}
}

// runs is a guard that runs another program, with a socket.
func runs() {
	config := fort.Config{Intensity: fort.Unlimited, Backoff: fort.Constant{Delay: time.Second}}
	err := fort.Run(context.Background(), config, fort.Command{
		Argv:    []string{"sh", "-c", "echo life $LISTEN_FDS; sleep 1; exit 1"},
		Listen:  []fort.Socket{{Network: "tcp", Address: "127.0.0.1:0"}},
		Signals: true,
	})
	fmt.Println(err)
	os.Exit(1)
}
