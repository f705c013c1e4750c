package bastiontest_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/executor"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// sale is a trace with everything in it that a trace can show.
func sale() *bastiontest.Trace {
	const till, stock = "/shop/sup/till", "/shop/sup/stock"
	ms := time.Millisecond
	return &bastiontest.Trace{Title: "TestSale, seed 0x2a", Omitted: 7, Steps: []bastiontest.TraceStep{
		{N: 8, Kind: "run", Who: "driver"},
		{N: 8, Kind: "send", Who: "driver", Text: "#1 shop.Order to /shop/sup/till#3", Message: 1, From: "driver", To: till, Type: "shop.Order"},
		{N: 9, Kind: "slice", Who: till + "@1"},
		{N: 9, Kind: "message", Who: till + "@1", Text: "#1 shop.Order from nobody", Message: 1, To: till, Type: "shop.Order"},
		{N: 10, At: ms, Kind: "send", Who: till + "@1", Text: "#2 shop.Take to /shop/sup/stock#4, asked", Message: 2, Ask: 2, From: till, To: stock, Type: "shop.Take"},
		{N: 11, At: ms, Kind: "message", Who: stock + "@1", Text: "#2 shop.Take from /shop/sup/till#3", Message: 2, Ask: 2, From: till, To: stock, Type: "shop.Take"},
		{N: 11, At: ms, Kind: "event", Who: stock + "@1", Text: "failed: panic: 1; 2 # 3"},
		{N: 11, At: ms, Kind: "answer", Who: "agenda of /shop/sup", Text: "#2: failed", Message: 2, Ask: 2, Err: "failed"},
		{N: 12, At: ms, Kind: "resolved", Who: till + "@1", Text: "#2: failed", Message: 2, Ask: 2, From: till, Err: "failed"},
		{N: 13, At: 2 * ms, Kind: "send", Who: "driver", Text: "#3 shop.Order to /shop/sup/till#3", Message: 3, From: "driver", To: till, Type: "shop.Order"},
		{N: 14, At: 2 * ms, Kind: "discard", Who: till, Text: "#3 shop.Order: stopped", Message: 3, To: till, Type: "shop.Order", Err: "stopped"},
		{N: 15, At: 2 * ms, Kind: "refused", Who: "driver", Text: "#4 shop.Order to /shop/sup/till#3: stopped", Message: 4, From: "driver", To: till, Type: "shop.Order", Err: "stopped"},
		{N: 16, At: 3 * ms, Kind: "send", Who: "driver", Text: "#5 *shop.Count to /shop/sup/stock#4", Message: 5, From: "driver", To: stock, Type: "*shop.Count"},
	}}
}

func TestTrace_Golden(t *testing.T) {
	for name, write := range map[string]func(*bastiontest.Trace, *bytes.Buffer) error{
		"trace.txt":   func(t *bastiontest.Trace, b *bytes.Buffer) error { return t.WriteText(b) },
		"trace.mmd":   func(t *bastiontest.Trace, b *bytes.Buffer) error { return t.WriteMermaid(b) },
		"trace.jsonl": func(t *bastiontest.Trace, b *bytes.Buffer) error { return t.WriteJSON(b) },
	} {
		var got bytes.Buffer
		if err := write(sale(), &got); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || strings.ReplaceAll(string(want), "\r\n", "\n") != got.String() {
			t.Errorf("%s: %v\n%s", name, err, got.String())
		}
	}
}

// What a program reads again is what was written, and what was no trace, or is of the future, is refused.
func TestTrace_IsReadAgain(t *testing.T) {
	var file bytes.Buffer
	if err := sale().WriteJSON(&file); err != nil {
		t.Fatal(err)
	}
	whole := file.String()
	got, err := bastiontest.ReadTrace(strings.NewReader(whole))
	if err != nil || !reflect.DeepEqual(got, sale()) {
		t.Errorf("%v: %+v", err, got)
	}
	if got, err := bastiontest.ReadTrace(strings.NewReader(whole[:len(whole)-20])); err == nil || len(got.Steps) != len(sale().Steps)-1 {
		t.Errorf("cut off: %v, %d steps", err, len(got.Steps))
	}
	for _, bad := range []string{"", "hello", `{"format":"x","version":1}`, strings.Replace(whole, `"version":1`, `"version":2`, 1), `{"version":1}`} {
		if _, err := bastiontest.ReadTrace(strings.NewReader(bad)); err == nil {
			t.Errorf("%.40q was taken for a trace", bad)
		}
	}
}

// The trace of a run is the same for the same seed in all three forms, and bounded.
func TestTrace_OfARun(t *testing.T) {
	traced := func() *bastiontest.Trace {
		var steps []executor.Step
		run, err := executor.NewSeeded(executor.SeededConfig{Seed: 3, Trace: func(s executor.Step) { steps = append(steps, s) }})
		if err != nil {
			t.Fatal(err)
		}
		err = run.Run(func() {
			sys, err := bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: quiet})
			if err != nil {
				t.Error(err)
				return
			}
			sup, _ := sys.Supervise(members(new(bastiontest.History)))
			_ = sys.Start(context.Background())
			for range 8000 {
				_ = sup.Child("a").Tell(context.Background(), note{})
			}
			_, _ = bastion.Ask(context.Background(), sup.Child("b"), query{})
			_ = sup.Child("a").Tell(context.Background(), note{do: func(*bastion.Context) error { panic(strings.Repeat("long\n", 1000)) }})
			_ = sup.Child("a").Drain(context.Background())
			_ = sys.Stop(context.Background())
		})
		if err != nil {
			t.Fatal(err)
		}
		return bastiontest.NewTrace("run", steps)
	}
	form := func(tr *bastiontest.Trace) (text, diagram, file string) {
		var a, b, c bytes.Buffer
		for _, err := range []error{tr.WriteText(&a), tr.WriteMermaid(&b), tr.WriteJSON(&c)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return a.String(), b.String(), c.String()
	}
	tr := traced()
	text, diagram, file := form(tr)
	text2, diagram2, file2 := form(traced())
	if text != text2 || diagram != diagram2 || file != file2 {
		t.Error("two runs of one seed have two traces")
	}
	if len(tr.Steps) != bastiontest.MaxTraceSteps || tr.Omitted == 0 || len(file) > 10<<20 {
		t.Errorf("%d steps, %d omitted, a file of %d bytes", len(tr.Steps), tr.Omitted, len(file))
	}
	line := regexp.MustCompile(`^(sequenceDiagram|    participant p\d+ as [^;]+|    note over p\d+: .+|    p\d+(->>|-->>|-x|-\))p\d+: .+)$`)
	lines := strings.Split(strings.TrimSpace(diagram), "\n")
	for _, l := range lines {
		if !line.MatchString(l) || strings.Contains(strings.NewReplacer("#35;", "", "#59;", "").Replace(l), ";") {
			t.Errorf("%q is no Mermaid", l)
		}
	}
	if len(lines) > 210 || len(lines) < 200 {
		t.Errorf("a diagram of %d lines", len(lines))
	}
}
