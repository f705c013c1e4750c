package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/bastion-go/bastion/cmd/bastion/internal/perf"
)

func constant(v float64, err error) perf.Side {
	return perf.Side{Name: "constant", Ops: 1, Probe: func(context.Context, *perf.Run) (float64, error) { return v, err }}
}

func small() bench {
	return bench{rounds: 2, suite: []perf.Workload{
		{ID: "P1-fast", What: "is fast", Unit: perf.Nanoseconds, Subject: constant(10, nil), Baseline: constant(5, nil),
			Goal: perf.Goal{Of: perf.Ratio, Limit: 3}},
		{ID: "P1-slow", What: "is slow", Unit: perf.Nanoseconds, Subject: constant(40, nil), Baseline: constant(5, nil),
			Goal: perf.Goal{Of: perf.Ratio, Limit: 3}},
		{ID: "P2-broken", What: "loses messages", Unit: perf.Nanoseconds, Subject: constant(0, errors.New("lost one"))},
	}}
}

func TestBenchTable(t *testing.T) {
	var out, errs bytes.Buffer
	if err := small().run(t.Context(), []string{"P1"}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"GOMAXPROCS", "P1-fast", "≤ 3×", "yes", "NO"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
	if got := errs.String(); strings.Count(got, "\n") != 2 || strings.Contains(got, "\r") {
		t.Errorf("the progress for something that is no terminal is not a line for each row: %q", got)
	}
}

func TestBenchJSON(t *testing.T) {
	b := small()
	b.json = true
	var out, errs bytes.Buffer
	if err := b.run(t.Context(), []string{"p1-slow"}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		ID    string
		Ratio float64
		Goal  float64
		Met   bool
	}
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	if len(rows) != 1 || rows[0].ID != "P1-slow" || rows[0].Ratio != 8 || rows[0].Goal != 3 || rows[0].Met {
		t.Errorf("%+v", rows)
	}
}

func TestBenchStrict(t *testing.T) {
	b := small()
	b.strict = true
	if err := b.run(t.Context(), []string{"P1-fast"}, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		t.Errorf("nothing was missed, and yet: %v", err)
	}
	err := b.run(t.Context(), []string{"P1"}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || err.Error() != "1 goal was missed" {
		t.Errorf("--strict with a missed goal: %v", err)
	}
}

func TestBenchBrokenWorkloadIsAnError(t *testing.T) {
	var out bytes.Buffer
	err := small().run(t.Context(), nil, &out, &bytes.Buffer{})
	if err == nil || err.Error() != "1 workload went wrong" {
		t.Errorf("a broken workload gave %v", err)
	}
	if !strings.Contains(out.String(), "P2-broken went wrong: lost one") {
		t.Errorf("the report does not say what went wrong:\n%s", out.String())
	}
}

func TestBenchInterruptedPrintsWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := small()
	b.suite[1].Subject.Probe = func(ctx context.Context, _ *perf.Run) (float64, error) {
		cancel()
		return 0, ctx.Err()
	}
	var out bytes.Buffer
	err := b.run(ctx, nil, &out, &bytes.Buffer{})
	if err == nil || err.Error() != "interrupted: 1 of 3 rows" {
		t.Errorf("the interruption gave %v", err)
	}
	if !strings.Contains(out.String(), "P1-fast") || strings.Contains(out.String(), "P1-slow") {
		t.Errorf("the rows are not what was finished:\n%s", out.String())
	}
}

func TestBenchUnknownID(t *testing.T) {
	cmd := newBench()
	cmd.SetArgs([]string{"P77"})
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&bytes.Buffer{})
	err := cmd.Execute()
	if err == nil || !strings.Contains(err.Error(), `"P77"`) || !strings.Contains(err.Error(), "P1-ring") {
		t.Errorf("an unknown id gave %v", err)
	}
}

func TestBenchList(t *testing.T) {
	cmd := newBench()
	cmd.SetArgs([]string{"--list", "P4"})
	var out bytes.Buffer
	cmd.SetOut(&out)
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 3 || !strings.Contains(out.String(), "P4-ask-outside") {
		t.Errorf("the list:\n%s", out.String())
	}
}
