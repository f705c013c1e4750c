//go:build unix

package fort_test

import (
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestF3_SignalsStopInOrderAndTheStatusIsThePrograms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		role   string
		order  string         // to the ward, before
		signal syscall.Signal // to the guard
		line   string         // that the ward says
		status int
	}{
		{name: "SIGTERM", role: "server", signal: syscall.SIGTERM, line: "stopping 1 fort: told to stop", status: 0},
		{name: "SIGINT", role: "server", signal: syscall.SIGINT, line: "stopping 1 fort: told to stop", status: 0},
		{name: "a signal that the program dies of", role: "server", signal: syscall.SIGHUP, status: 128 + int(syscall.SIGHUP)},
		{name: "SIGQUIT", role: "server", signal: syscall.SIGQUIT, status: 2},
		{name: "the program has finished", role: "server", order: "finish", status: 0},
		{name: "not in time", role: "stubborn", signal: syscall.SIGTERM, status: 137},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.signal != 0 && signal.Ignored(c.signal) {
				t.Skip("this test was started by nohup: the signal is for nobody")
			}
			r := begin(t, c.role)
			r.serving()
			if c.order != "" {
				_, _ = r.ask(c.order)
			} else {
				r.signal(c.signal)
			}
			if c.line != "" {
				r.expect(c.line)
			}
			if code := r.status(); code != c.status {
				t.Errorf("status %d, want %d", code, c.status)
			}
			if n := strings.Count(r.stderr(), "fort: crash"); (n > 0) != (c.role == "stubborn") {
				t.Errorf("%d crashes reported", n)
			}
		})
	}
}

func TestF3_ASecondSignalKills(t *testing.T) {
	t.Parallel()
	r := begin(t, "deaf")
	r.serving()
	r.signal(syscall.SIGINT)
	r.expect("stopping")
	insist := time.NewTicker(50 * time.Millisecond) // the first of them are echoes
	defer insist.Stop()
	for over := false; !over; {
		select {
		case <-insist.C:
			_ = r.cmd.Process.Signal(syscall.SIGINT)
		case <-r.ended:
			over = true
		}
	}
	if code := r.status(); code != 137 && code != 130 {
		t.Errorf("status %d", code)
	}
}

func TestF1_GivesUpWithTheLastStatusAndSaysWhy(t *testing.T) {
	t.Parallel()
	r := begin(t, "brief")
	if code := r.status(); code != 7 {
		t.Errorf("status %d", code)
	}
	text := r.stderr()
	for _, want := range []string{"fort: giving up: more than 3 restarts within 1h0m0s (Config.Intensity)", "exit status 7", "gave_up=true"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if n := strings.Count(text, "fort: crash"); n != 4 {
		t.Errorf("%d crashes reported, want 4", n)
	}
}

func TestF1_GoexitEndsTheWard(t *testing.T) {
	t.Parallel()
	r := begin(t, "goexit")
	if code := r.status(); code != 1 {
		t.Errorf("status %d", code)
	}
	if text := r.stderr(); !strings.Contains(text, "called runtime.Goexit") {
		t.Errorf("standard error:\n%s", text)
	}
}

func TestF3_ABadConfigIsRefusedByItsField(t *testing.T) {
	t.Parallel()
	r := begin(t, "contradictory")
	if code := r.status(); code != 2 {
		t.Errorf("status %d", code)
	}
	text := r.stderr()
	for _, field := range []string{"SoftMemory: 2 is not below HardMemory, 1", "Alive: is never called", "Redundancy: must be", "Backoff: Jitter", "UpgradeSignal: "} {
		if !strings.Contains(text, field) {
			t.Errorf("it does not say %q:\n%s", field, text)
		}
	}
}

func TestF1_MainRunsBareWhenTheFortIsOff(t *testing.T) {
	t.Parallel()
	r := begin(t, "server", "BASTION_FORT=off")
	if incarnation, pid := r.serving(); incarnation != 0 || pid != r.cmd.Process.Pid {
		t.Errorf("incarnation %d in process %d of %d", incarnation, pid, r.cmd.Process.Pid)
	}
	if answer := r.must("upgrade"); answer != "upgraded: fort: this process has no guard" {
		t.Error(answer)
	}
	r.signal(syscall.SIGTERM)
	if code := r.status(); code != 0 {
		t.Errorf("status %d", code)
	}
}

func TestF1_AWardThatCannotTalkToItsGuardSaysWhy(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"nonsense": `BASTION_FORT="nonsense" was not written by a guard`,
		"0:3:4":    "restart the guard",
		"1:x:4":    "invalid syntax",
		"1:0:4":    "no socket",
	} {
		r := begin(t, "server", "BASTION_FORT="+value)
		if code := r.status(); code != 1 {
			t.Errorf("%s: status %d", value, code)
		}
		if text := r.stderr(); !strings.Contains(text, want) {
			t.Errorf("%s: it says %q, and not %q", value, text, want)
		}
	}
}
