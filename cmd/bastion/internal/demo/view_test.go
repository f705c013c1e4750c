package demo

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file below testdata, or rewrites that.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is different (-update accepts):\n%s", file, got)
	}
}

// fixed is a snapshot with one of everything.
func fixed() Snapshot {
	running := bastion.StateRunning
	shards := bastion.Node{Name: "shards", Kind: bastion.KindGroup, State: running}
	for i, name := range []string{"0", "1", "2"} {
		shards.Children = append(shards.Children, bastion.Node{Name: name, Kind: bastion.KindHandler, State: running,
			Incarnation: uint64(i + 1), Restarts: uint64(i), Mailbox: 10 * i, Handled: 123_456})
	}
	shards.Children[2].State = bastion.StateWaiting
	connections := bastion.Node{Name: "connections", Kind: bastion.KindGroup, State: running, Omitted: 3,
		Children: []bastion.Node{{Name: "7", Kind: bastion.KindLoop, State: running, Incarnation: 1, Handled: 1}}}
	return Snapshot{
		Address: "127.0.0.1:4000", Clients: 4, Seed: 42, Chaos: 3, Phase: "serving", Elapsed: 2100 * time.Millisecond, For: 20 * time.Second,
		RequestRate: 41234.5, P50: 310_456 * time.Nanosecond, P99: 2_345_678 * time.Nanosecond, MessageRate: 98765.4,
		Injected: Injected{Panics: 2, Errors: 1, Hangs: 1},
		Tree: bastion.Node{Name: "demo", Kind: bastion.KindSupervisor, State: running, Children: []bastion.Node{
			{Name: "kv", Kind: bastion.KindSupervisor, State: running, Children: []bastion.Node{
				{Name: "auditor", Kind: bastion.KindLoop, State: running, Incarnation: 1},
				shards,
				connections,
				{Name: "listener", Kind: bastion.KindLoop, State: running, Incarnation: 2, Restarts: 1, Handled: 5, Failed: 1},
			}},
		}},
		Books:       bastion.Books{Accepted: 1_000_100, Handled: 1_000_060, Failed: 3, InHand: 1, Mailboxes: 30, Discarded: 6, Live: true},
		DeadLetters: 9,
		Recent:      []string{"   0.5 s  shards/1         FAILED in life 1: it broke", "   0.5 s  shards/1         runs again, life 2"},
	}
}

func TestPlainView(t *testing.T) {
	var out bytes.Buffer
	view := NewPlain(&out)
	s := fixed()
	first := s
	first.Elapsed, first.Fresh = 200*time.Millisecond, s.Recent
	view.Show(first) // too early for a line; its events are kept for the next
	s.Fresh = []string{"   1.6 s  shards/2         FAILED in life 2: it broke", "   1.7 s  shards/2         runs again, life 3", "   1.8 s  one too many"}
	view.Show(s)
	s.Elapsed, s.Fresh = s.Elapsed+200*time.Millisecond, nil
	view.Show(s) // again too early
	s.Phase, s.Wrong = "stopping", 1
	s.Elapsed += time.Second
	view.Show(s)
	view.Close()
	golden(t, "plain.golden", out.String())
}

func TestScreen(t *testing.T) {
	golden(t, "screen.golden", picture(fixed(), 100, 40)+"\n")
	golden(t, "screen-small.golden", picture(fixed(), 50, 16)+"\n")
	until := fixed()
	until.For, until.Chaos, until.Wrong, until.Missed = 0, 0, 2, 5
	golden(t, "screen-wrong.golden", picture(until, 120, 40)+"\n")
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 7: "7ns", 999: "999ns", 12_345: "12.3µs", 1_234_567: "1.23ms", 65_432_100_000: "1m5.4s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
