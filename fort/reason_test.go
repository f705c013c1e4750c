package fort

import (
	"strings"
	"testing"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

func TestF1_DiagnosesSayKindAndReason(t *testing.T) {
	for _, c := range []struct {
		end    ending
		kind   Kind
		reason string
	}{
		{ending{status: decide.Status{Code: 3}}, Exit, "exit status 3"},
		{ending{status: decide.Status{Code: 1}, said: "no database"}, Exit, "exit status 1: no database"},
		{ending{status: decide.Status{Signal: 9}}, Signal, "ended by SIGKILL"},
		{ending{status: decide.Status{Signal: 9}, oom: true}, OutOfMemory, "the kernel killed it for its memory"},
		{ending{status: decide.Status{Signal: 9}, cause: decide.Hung}, Hang, causes[decide.Hung].reason},
		{ending{status: decide.Status{Code: 2}, output: "panic: boom\n\ngoroutine 1 [running]:\n"}, Panic, "panic: boom"},
		{ending{status: decide.Status{Code: 2}, output: "fatal error: all is lost\n\ngoroutine 1"}, Fatal, "fatal error: all is lost"},
		{ending{status: decide.Status{Code: 2}, output: "runtime: out of memory\nfatal error: runtime: cannot allocate memory\n"},
			OutOfMemory, "fatal error: runtime: cannot allocate memory"},
		{ending{status: decide.Status{Code: 2}, output: "SIGABRT: abort\nPC=0x1\n"}, Signal, "SIGABRT: abort"},
		// What stands in a stack, or in the log of a program that ended otherwise, is no verdict.
		{ending{status: decide.Status{Code: 2}, output: "goroutine 1 [running]:\npanic: a name\n"}, Exit, "exit status 2"},
		{ending{status: decide.Status{Code: 2}, output: "\ngoroutine 1 [running]:\nmain.main()\n", dying: true}, Fatal, "fatal error; which, stands on standard error"},
		{ending{status: decide.Status{Code: 1}, output: "panic: in a log\n"}, Exit, "exit status 1"},
	} {
		if kind, reason := diagnose(c.end); kind != c.kind || reason != c.reason {
			t.Errorf("%+v\n is %q, %q; want %q, %q", c.end, kind, reason, c.kind, c.reason)
		}
	}
}

func TestF1_ExcerptsKeepBothEnds(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 11, 12, 13, 100} {
		text := strings.Repeat("abcdefghij", 10)[:n]
		for _, piece := range []int{1, 3, 200} {
			e := excerpt{headMax: 8, tailMax: 4}
			for rest := text; rest != ""; {
				k := min(piece, len(rest))
				_, _ = e.Write([]byte(rest[:k]))
				rest = rest[k:]
			}
			got := e.String()
			if n <= 12 && got != text {
				t.Errorf("%d bytes in pieces of %d: %q", n, piece, got)
			}
			if n > 12 && (!strings.HasPrefix(got, text[:8]) || !strings.HasSuffix(got, text[n-4:]) || !strings.Contains(got, "left out")) {
				t.Errorf("%d bytes in pieces of %d: %q", n, piece, got)
			}
		}
	}
}

func TestF1_AZeroConfigIsAGoodOne(t *testing.T) {
	var c Config
	if f := c.check(); len(f) > 0 {
		t.Errorf("faults: %v", f)
	}
	p := c.plan()
	if p.Redundancy != 1 || p.Intensity.Max != 10 || p.Shutdown == 0 || p.StartTimeout == 0 || p.Heartbeat == 0 || p.Backoff.Max == 0 || p.Sampling != 0 {
		t.Errorf("the plan is %+v", p)
	}
	c.Heartbeat, c.Shutdown, c.Intensity = Off, BrutalKill, NoRestarts
	if p := c.plan(); p.Heartbeat != 0 || p.Shutdown != 0 || p.Intensity.Max != 0 {
		t.Errorf("the plan is %+v", p)
	}
}
