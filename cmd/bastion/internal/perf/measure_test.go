package perf

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// scripted is a probe that returns the values in turn and notes its name.
func scripted(log *[]string, name string, values ...float64) Probe {
	return func(context.Context, *Run) (float64, error) {
		*log = append(*log, name)
		v := values[0]
		values = values[1:]
		return v, nil
	}
}

func TestMeasureTakesTurnsAndMedians(t *testing.T) {
	var log []string
	var steps []Step
	w := Workload{
		ID: "X", Unit: Nanoseconds, Goal: ratio(2.5),
		Subject:  Side{Ops: 10, Probe: scripted(&log, "a", 30, 20, 1000)},
		Baseline: Side{Name: "base", Ops: 10, Probe: scripted(&log, "b", 10, 11, 1)},
	}
	rows, err := Measure(t.Context(), []Workload{w}, Options{
		Rounds: 3, Progress: func(s Step) { steps = append(steps, s) },
	})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := strings.Join(log, ""); got != "bababa" {
		t.Errorf("the sides ran in the order %s", got)
	}
	row := rows[0]
	if row.Subject != 30 || row.Base != 10 || row.Ratio != 3 || row.Met || row.Rounds != 3 {
		t.Errorf("%+v", row)
	}
	if want := (Step{Row: 1, Rows: 1, ID: "X", Round: 2, Rounds: 3, Side: "base"}); !slices.Contains(steps, want) || len(steps) != 6 {
		t.Errorf("the steps were %+v", steps)
	}
}

func TestMeasureGoesOnAfterABrokenWorkload(t *testing.T) {
	var log []string
	lost := errors.New("lost a message")
	broken := Workload{ID: "broken", Unit: Nanoseconds, Goal: ratio(1), Subject: Side{Ops: 1,
		Probe: func(context.Context, *Run) (float64, error) { return 0, lost }}}
	sound := Workload{ID: "sound", Unit: Nanoseconds, Subject: Side{Ops: 1, Probe: scripted(&log, "a", 5)}}
	rows, err := Measure(t.Context(), []Workload{broken, sound}, Options{})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if !errors.Is(rows[0].Err, lost) || rows[0].Met {
		t.Errorf("%+v", rows[0])
	}
	if rows[1].Err != nil || rows[1].Subject != 5 {
		t.Errorf("%+v", rows[1])
	}
	report := Report{Rows: rows}
	if len(report.Broken()) != 1 || len(report.Missed()) != 0 {
		t.Errorf("broken %v, missed %v", report.Broken(), report.Missed())
	}
}

func TestMeasureKeepsWhatItHasWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	two := Workload{ID: "two", Unit: Nanoseconds, Subject: Side{Ops: 1, Probe: func(ctx context.Context, _ *Run) (float64, error) {
		if runs++; runs == 3 {
			cancel()
		}
		return float64(runs), ctx.Err()
	}}}
	rows, err := Measure(ctx, []Workload{two, two}, Options{Rounds: 5})
	if !errors.Is(err, context.Canceled) || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[0].Rounds != 2 || rows[0].Subject != 1.5 || rows[0].Err != nil {
		t.Errorf("%+v", rows[0])
	}
}

func TestMeasureLosesPatience(t *testing.T) {
	hung := Workload{ID: "hung", Unit: Nanoseconds, Subject: Side{Ops: 1, Probe: func(ctx context.Context, _ *Run) (float64, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}}}
	rows, err := Measure(t.Context(), []Workload{hung}, Options{Patience: time.Millisecond})
	if err != nil || len(rows) != 1 || rows[0].Err == nil {
		t.Fatalf("%+v, %v", rows, err)
	}
	if !strings.Contains(rows[0].Err.Error(), "no end after 1ms") {
		t.Error(rows[0].Err)
	}
}

func TestGoals(t *testing.T) {
	for _, c := range []struct {
		goal           Goal
		unit           Unit
		subject, ratio float64
		met            bool
	}{
		{ratio(2), Nanoseconds, 100, 2, true},
		{ratio(2), Nanoseconds, 100, 2.01, false},
		{atMost(256), Bytes, 256, 9, true},
		{atMost(256), Bytes, 257, 0.1, false},
		{atMost(0), Allocs, 0.004, 0, true},
		{atMost(0), Allocs, 0.006, 0, false},
		{atMost(1), Allocs, 1.0003, 1, true},
		{Goal{}, Nanoseconds, 1e9, 1e9, true},
	} {
		if got := c.goal.met(c.unit.round(c.subject), c.ratio); got != c.met {
			t.Errorf("%+v with %v %s, ratio %v: %v", c.goal, c.subject, c.unit, c.ratio, got)
		}
	}
}

func TestSelect(t *testing.T) {
	suite := []Workload{{ID: "P1-pingpong"}, {ID: "P1-ring"}, {ID: "P12-idle"}, {ID: "P2-flood"}}
	for _, c := range []struct {
		names, want string
	}{
		{"", "P1-pingpong P1-ring P12-idle P2-flood"},
		{"P1", "P1-pingpong P1-ring"},
		{"p12", "P12-idle"},
		{"P1-", "P1-pingpong P1-ring"},
		{"P", "P1-pingpong P1-ring P12-idle P2-flood"},
		{"P2 P1-ring P1-r", "P1-ring P2-flood"},
	} {
		chosen, err := Select(suite, strings.Fields(c.names)...)
		if got := strings.Join(ids(chosen), " "); err != nil || got != c.want {
			t.Errorf("%q: %q, %v", c.names, got, err)
		}
	}
	if _, err := Select(suite, "P1", "flod"); err == nil || !strings.Contains(err.Error(), `"flod"`) ||
		!strings.Contains(err.Error(), "P1-pingpong, P1-ring, P12-idle, P2-flood") {
		t.Errorf("an unknown id gave %v", err)
	}
}
