package perf

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestSmoke runs both sides of every workload at tiny sizes: every check of
// every run must hold, whatever the figures are.
func TestSmoke(t *testing.T) {
	for _, w := range Suite() {
		t.Run(w.ID, func(t *testing.T) {
			w.Goal.Adjust = nil // spinning for a second proves nothing here
			w.Subject.Ops, w.Baseline.Ops = min(w.Subject.Ops, 2000), min(w.Baseline.Ops, 2000)
			w.Subject.Crowd, w.Baseline.Crowd = min(w.Subject.Crowd, 500), min(w.Baseline.Crowd, 500)
			if w.ID == "P12-idle" {
				w.Subject.Ops, w.Baseline.Ops = 20, 20
			}
			rows, err := Measure(t.Context(), []Workload{w}, Options{Rounds: 1, Patience: 20 * time.Second})
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			if rows[0].Err != nil {
				t.Fatal(rows[0].Err)
			}
			t.Log(rows[0])
		})
	}
}

func TestSuiteIsWellFormed(t *testing.T) {
	suite := Suite()
	names := ids(suite)
	slices.Sort(names)
	if twice := len(names) - len(slices.Compact(names)); twice != 0 {
		t.Errorf("%d ids occur twice", twice)
	}
	for _, w := range suite {
		if w.What == "" || w.Unit == "" || w.Subject.Probe == nil || w.Subject.Ops < 1 {
			t.Errorf("%s lacks something: %+v", w.ID, w)
		}
		if w.Baseline.Probe != nil && (w.Baseline.Name == "" || w.Baseline.Ops < 1) {
			t.Errorf("%s: the baseline lacks something: %+v", w.ID, w.Baseline)
		}
		if w.Goal.Of == Ratio && w.Baseline.Probe == nil {
			t.Errorf("%s bounds a ratio to nothing", w.ID)
		}
	}
}

// BenchmarkSuite offers the subjects and their baselines to go test, for its
// profiles:
//
//	go test -run '^$' -bench 'Suite/P1-ring/subject' -cpuprofile cpu.out ./internal/perf
//
// Warm-up and set-up are outside the benchmark's clock, but inside a CPU
// profile; a profile is of the subject alone when -bench names it alone.
func BenchmarkSuite(b *testing.B) {
	for _, w := range Suite() {
		b.Run(w.ID+"/subject", func(b *testing.B) { w.Subject.bench(b, w) })
		if w.Baseline.Probe != nil {
			b.Run(w.ID+"/baseline", func(b *testing.B) { w.Baseline.bench(b, w) })
		}
	}
}

// bench runs the side for b. A side whose size is part of what it is runs once
// for each b.N and reports its own unit.
func (s Side) bench(b *testing.B, w Workload) {
	b.StopTimer()
	r := &Run{Ops: max(b.N, 2), Crowd: s.Crowd, begin: b.StartTimer, end: b.StopTimer}
	times := 1
	if w.Whole {
		r.Ops, times = s.Ops, b.N
	}
	var values []float64
	for range times {
		v, err := s.Probe(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		values = append(values, v)
	}
	if w.Unit != Nanoseconds || w.Whole {
		b.ReportMetric(median(values), fmt.Sprintf("%s/median", w.Unit.column()))
	}
}

// column is the unit as a name that benchstat takes: without a blank.
func (u Unit) column() string {
	switch u {
	case CPU:
		return "cpu-ns"
	case CPUSeconds:
		return "cpu-s"
	case Percent:
		return "percent"
	}
	return string(u)
}
