package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// small is a run that ends after a bounded amount of work and is failed after every so much of it.
func small(seed uint64) Options {
	return Options{Listen: "127.0.0.1:0", Shards: 4, Clients: 8, Seed: seed, Requests: 20_000, Every: 200, Hang: 50 * time.Millisecond}
}

func TestRunBalancesUnderChaos(t *testing.T) {
	before := runtime.NumGoroutine()
	defer func() {
		// Nothing of a run outlives it, but a goroutine that has ended may be counted for a moment more.
		limited, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for runtime.NumGoroutine() > before && limited.Err() == nil {
			pause(limited, time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			all := make([]byte, 1<<20)
			t.Errorf("%d goroutines before, %d after:\n%s", before, n, all[:runtime.Stack(all, true)])
		}
	}()
	for seed := range uint64(3) {
		o := small(seed)
		o.Log = slog.New(slog.DiscardHandler)
		report, err := Run(t.Context(), o, Hidden{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !report.Passed || len(report.Faults) > 0 || report.Wrong > 0 {
			t.Errorf("seed %d: %q", seed, report.Faults)
		}
		if report.Answered < o.Requests {
			t.Errorf("seed %d: %d requests answered, wanted %d", seed, report.Answered, o.Requests)
		}
		// Nobody else fails anything here, so that every restart has its cause.
		if report.Restarts != report.RestartsDue || report.Restarts == 0 {
			t.Errorf("seed %d: %d restarts, %d due", seed, report.Restarts, report.RestartsDue)
		}
		if n := report.Injected.Total(); n < 20 {
			t.Errorf("seed %d: only %d failures struck", seed, n)
		}
		if report.ReadBack != uint64(o.Clients*keysPerClient) {
			t.Errorf("seed %d: %d keys read back of %d", seed, report.ReadBack, o.Clients*keysPerClient)
		}
		for when, b := range map[string]BooksRow{"at rest": report.AtRest, "stopped": report.Stopped} {
			if !b.Balanced || b.InHand != 0 || b.Mailboxes != 0 || b.Accepted != b.Handled+b.Failed+b.Discarded {
				t.Errorf("seed %d: books %s: %+v", seed, when, b)
			}
		}
	}
}

func TestRunWithoutClientsServesUntilQuit(t *testing.T) {
	quit := make(chan struct{})
	o := Options{Listen: "127.0.0.1:0", Shards: 2, Quit: quit}
	var once sync.Once
	view := showing(func(s Snapshot) {
		once.Do(func() {
			defer close(quit)
			conn, err := net.Dial("tcp", s.Address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			io.WriteString(conn, "INCR a\nCRASH a\nCRASH\n")
			if answers, _ := io.ReadAll(conn); !strings.HasPrefix(string(answers), "VALUE 1 1\nERR ") {
				t.Errorf("answers: %q", answers)
			}
		})
	})
	report, err := Run(t.Context(), o, view)
	if err != nil || !report.Passed {
		t.Errorf("%v, %q", err, report.Faults)
	}
	if report.Restarts == 0 || report.RestartsDue != 0 {
		t.Errorf("%d restarts, %d due", report.Restarts, report.RestartsDue)
	}
}

type showing func(Snapshot)

func (f showing) Show(s Snapshot) { f(s) }
func (f showing) Close()          {}

func TestRunEndsAtOnceWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small(1)
	o.Requests = 0
	view := showing(func(s Snapshot) {
		if s.RequestRate > 0 {
			cancel()
		}
	})
	if _, err := Run(ctx, o, view); !errors.Is(err, ErrKilled) {
		t.Errorf("%v", err)
	}
}

func TestRunNeedsASocket(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, address := range []string{taken.Addr().String(), "nonsense", "127.0.0.1:99999"} {
		if _, err := Run(t.Context(), Options{Listen: address, Shards: 1}, Hidden{}); !errors.Is(err, ErrListen) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A shard that is stopped for good does not come back; the run must not pass over that.
func TestRunReportsAShardThatIsGone(t *testing.T) {
	o := small(1).withDefaults()
	r, err := newRun(o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.socket.Close()
	if err := r.sys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.chaos = newChaos(o, r.service)
	if err := r.service.Group("shards").Member(1).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if down := r.awaitAllUp(limited); down != "1 of 4 shards" {
		t.Errorf("down: %q", down)
	}
	r.stop(t.Context())
	r.journal.close()
}

func TestReportAsTextAndJSON(t *testing.T) {
	report, err := Run(t.Context(), Options{Listen: "127.0.0.1:0", Shards: 2, Clients: 2, Requests: 100}, Hidden{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	report.Print(&text)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "PASS: ") || last != report.Verdict() {
		t.Errorf("the last line is %q", last)
	}
	report.Passed, report.Faults = false, []string{"planted"}
	text.Reset()
	report.Print(&text)
	if s := text.String(); !strings.Contains(s, "FAULT: planted\nFAIL: 1 check did not hold\n") {
		t.Errorf("a failed report ends in %q", s[max(len(s)-200, 0):])
	}
	out, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(out, &back); err != nil || back["passed"] != false || back["books_at_rest"] == nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTell(t *testing.T) {
	for want, event := range map[string]bastion.Event{
		"shards/3         FAILED in life 4: it broke in two lines": {Kind: bastion.EventFailed, Path: "/demo/kv/shards/3",
			Incarnation: 4, Reason: errors.New("it broke\nin two lines")},
		"listener         runs again, life 2": {Kind: bastion.EventStarted, Path: "/demo/kv/listener", Incarnation: 2},
		"":                                    {Kind: bastion.EventStarted, Path: "/demo/kv/listener", Incarnation: 1},
	} {
		if got := tell(event); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
