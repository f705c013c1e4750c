package perf

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"
)

// Options say how to measure. The zero value is one full round.
type Options struct {
	Rounds int // how often each side runs; less than 1: once
	// Divide makes every size so many times smaller; less than 2: full size.
	Divide int
	// Patience is how long one run of one side may take; 0: two minutes. The
	// longest healthy one takes some seconds.
	Patience time.Duration
	// Progress, if it is there, hears before every run of a side.
	Progress func(Step)
	// Done, if it is there, hears of every finished row.
	Done func(Row)
}

// Step says what is about to run.
type Step struct {
	Row, Rows     int // from 1
	ID            string
	Round, Rounds int    // from 1
	Side          string // the subject's id or the baseline's name
}

// Measure runs the workloads one after another. When ctx ends it returns what
// it has: the row in hand counts with the rounds that were finished, if any.
// The error is ctx's; workloads that went wrong are rows with an error.
func Measure(ctx context.Context, workloads []Workload, o Options) ([]Row, error) {
	o.Rounds, o.Divide = max(o.Rounds, 1), max(o.Divide, 1)
	if o.Patience <= 0 {
		o.Patience = 2 * time.Minute
	}
	var rows []Row
	for i, w := range workloads {
		row, any := o.row(ctx, w, Step{Row: i + 1, Rows: len(workloads), ID: w.ID, Rounds: o.Rounds})
		if ctx.Err() != nil && !any {
			return rows, ctx.Err()
		}
		rows = append(rows, row)
		if o.Done != nil {
			o.Done(row)
		}
	}
	return rows, ctx.Err()
}

// row measures one workload; any says whether at least one round was finished.
func (o Options) row(ctx context.Context, w Workload, at Step) (row Row, any bool) {
	var subject, baseline []float64
	row = Row{ID: w.ID, Unit: w.Unit, Goal: w.Goal}
	if w.Baseline.Probe != nil {
		row.Baseline = w.Baseline.Name
	}
	if w.Goal.Adjust != nil {
		row.Goal.Limit, row.Err = w.Goal.Adjust(ctx)
	}
	for round := 1; round <= o.Rounds && row.Err == nil; round++ {
		at.Round = round
		var base float64
		if w.Baseline.Probe != nil {
			at.Side = w.Baseline.Name
			base, row.Err = o.run(ctx, w.Baseline, at)
		}
		var value float64
		if row.Err == nil {
			at.Side = w.ID
			value, row.Err = o.run(ctx, w.Subject, at)
		}
		if row.Err == nil {
			subject, baseline = append(subject, value), append(baseline, base)
		}
	}
	if ctx.Err() != nil {
		row.Err = nil // interrupted, not broken
	}
	row.fill(w, subject, baseline)
	return row, len(subject) > 0
}

func (r *Row) fill(w Workload, subject, baseline []float64) {
	r.Rounds = len(subject)
	if r.Err != nil || len(subject) == 0 {
		return
	}
	r.Subject, r.Spread, r.Ratio = w.Unit.round(median(subject)), spread(subject), math.NaN()
	if r.Baseline != "" {
		r.Base = w.Unit.round(median(baseline))
		r.Ratio = ratioOf(r.Subject, r.Base)
	}
	r.Met = r.Goal.met(r.Subject, r.Ratio)
}

// run runs one side once, under the patience.
func (o Options) run(ctx context.Context, s Side, at Step) (float64, error) {
	if o.Progress != nil {
		o.Progress(at)
	}
	hurry, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	v, err := s.Probe(hurry, s.sized(o.Divide))
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("no end after %v: %w", o.Patience, err)
	}
	return v, err
}

// sized is the run of the side's size divided; nothing gets smaller than two,
// since one process cannot play ping-pong.
func (s Side) sized(divide int) *Run {
	r := &Run{Ops: max(s.Ops/divide, 2)}
	if s.Crowd > 0 {
		r.Crowd = max(s.Crowd/divide, 2)
	}
	return r
}
