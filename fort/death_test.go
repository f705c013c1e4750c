//go:build unix

package fort_test

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/bastion-go/bastion/fort"
)

// last is what the ward that serves now finds in LastCrash.
func (r *rig) last() fort.Crash {
	r.t.Helper()
	var c fort.Crash
	text := r.must("last")
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		r.t.Fatalf("LastCrash is %q: %v", text, err)
	}
	return c
}

func TestF1_EveryWayToDieIsSeenAndReported(t *testing.T) {
	t.Parallel()
	cases := []struct {
		order  string
		signal syscall.Signal // from outside, instead of an order
		kind   fort.Kind
		reason string
		status int
		output string
	}{
		{order: "panic", kind: fort.Panic, reason: "panic: a forgotten goroutine", status: 2, output: "fort_test.die"},
		{order: "nil", kind: fort.Panic, reason: "nil pointer dereference", status: 2, output: "SIGSEGV"},
		{order: "map", kind: fort.Fatal, reason: "fatal error: concurrent map", status: 2, output: "fort_test.die"},
		{order: "stack", kind: fort.Fatal, reason: "fatal error: stack overflow", status: 2, output: "fort_test.recurse"},
		{order: "oom", kind: fort.OutOfMemory, reason: "fatal error: ", status: 2, output: "fort_test.grow"},
		{order: "exit 3", kind: fort.Exit, reason: "exit status 3", status: 3},
		{order: "fail over and out", kind: fort.Exit, reason: "exit status 1: over and out", status: 1},
		{signal: syscall.SIGKILL, kind: fort.Signal, reason: "ended by SIGKILL", status: 137},
		{signal: syscall.SIGSEGV, kind: fort.Signal, reason: "SIGSEGV: segmentation violation", status: 2, output: "goroutine "},
		{signal: syscall.SIGABRT, kind: fort.Signal, reason: "SIGABRT: abort", status: 2, output: "goroutine "},
	}
	r := begin(t, "server", crashVar+"="+t.TempDir())
	incarnation, pid := r.serving()
	for _, c := range cases {
		if c.kind == fort.OutOfMemory && raceEnabled {
			continue // see possible
		}
		name := c.order
		if c.signal != 0 {
			name = c.signal.String()
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
		} else if answer, err := r.ask(c.order); err == nil {
			t.Fatalf("%s: it answered %q", name, answer)
		}
		was, wasPID := incarnation, pid
		if incarnation, pid = r.serving(); incarnation != was+1 {
			t.Errorf("%s: incarnation %d follows %d", name, incarnation, was)
		}
		crash := r.last()
		if crash.Kind != c.kind || !strings.Contains(crash.Reason, c.reason) || crash.Status != c.status {
			t.Errorf("%s: reported as %q, %q, status %d; want %q, %q, %d", name, crash.Kind, crash.Reason, crash.Status, c.kind, c.reason, c.status)
		}
		if crash.Incarnation != was || crash.PID != wasPID || crash.Ward != 0 {
			t.Errorf("%s: the report is on ward %d, incarnation %d, process %d", name, crash.Ward, crash.Incarnation, crash.PID)
		}
		file, err := os.ReadFile(crash.File)
		if err != nil || !strings.Contains(string(file), c.reason) || !strings.Contains(string(file), c.output) {
			t.Errorf("%s: the report on disk lacks %q or %q (%v):\n%.2000s", name, c.reason, c.output, err, file)
		}
		if !strings.Contains(crash.Output, c.output) {
			t.Errorf("%s: the output lacks %q:\n%.2000s", name, c.output, crash.Output)
		}
	}
	r.signal(syscall.SIGTERM)
	if code := r.status(); code != 0 {
		t.Errorf("the guard ended with %d after an orderly stop", code)
	}
}
