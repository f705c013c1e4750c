package perf

import (
	"encoding/json"
	"math"
)

// Row is what one workload came to.
type Row struct {
	ID       string
	Unit     Unit
	Subject  float64 // median
	Baseline string  // what it was compared with; empty: nothing
	Base     float64 // median of the baseline
	Ratio    float64 // NaN: nothing to divide by
	Goal     Goal
	Met      bool    // true also for a row without a goal
	Rounds   int     // how many rounds the medians are of
	Spread   float64 // of the subject: (largest − smallest) ÷ median
	Err      error   // the workload went wrong: the figures mean nothing
}

// rowJSON holds the names that scripts rely on. The figures of a row in
// another unit than nanoseconds keep the names; unit says what they hold.
type rowJSON struct {
	ID         string   `json:"id"`
	Unit       Unit     `json:"unit"`
	SubjectNS  *float64 `json:"subject_ns"`
	Baseline   string   `json:"baseline"`
	BaselineNS *float64 `json:"baseline_ns"`
	Ratio      *float64 `json:"ratio"`
	Goal       *float64 `json:"goal"`
	GoalOf     GoalKind `json:"goal_of,omitempty"`
	Met        *bool    `json:"met"`
	Rounds     int      `json:"rounds"`
	Spread     *float64 `json:"spread"`
	Error      string   `json:"error,omitempty"`
	Quick      bool     `json:"quick,omitempty"`
	Machine    Machine  `json:"machine"`
}

// json has null for what is not there: the baseline and the ratio of a row that
// stands alone, the goal of a row without one, every figure of a row that went
// wrong.
func (r Row) json() rowJSON {
	out := rowJSON{ID: r.ID, Unit: r.Unit, Baseline: r.Baseline, GoalOf: r.Goal.Of, Rounds: r.Rounds}
	if r.Goal.Of != NoGoal {
		out.Goal = number(r.Goal.Limit)
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
		return out
	}
	out.SubjectNS, out.Ratio, out.Spread = number(r.Subject), number(r.Ratio), number(r.Spread)
	if r.Baseline != "" {
		out.BaselineNS = number(r.Base)
	}
	if r.Goal.Of != NoGoal {
		out.Met = &r.Met
	}
	return out
}

func number(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

// Report is the rows and where they were measured.
type Report struct {
	Machine Machine
	Quick   bool // smaller sizes: for a look, not for a record
	Rows    []Row
}

// MarshalJSON writes a list of rows. Each names its machine, so that a row
// that was cut out of one file and pasted into another still says what it is
// comparable with.
func (r Report) MarshalJSON() ([]byte, error) {
	rows := make([]rowJSON, len(r.Rows))
	for i, row := range r.Rows {
		rows[i] = row.json()
		rows[i].Machine, rows[i].Quick = r.Machine, r.Quick
	}
	return json.Marshal(rows)
}

// Broken returns the rows whose workload went wrong.
func (r Report) Broken() []Row { return r.where(func(row Row) bool { return row.Err != nil }) }

// Missed returns the rows that were measured and are beyond their goal.
func (r Report) Missed() []Row {
	return r.where(func(row Row) bool { return row.Err == nil && !row.Met })
}

func (r Report) where(holds func(Row) bool) []Row {
	var rows []Row
	for _, row := range r.Rows {
		if holds(row) {
			rows = append(rows, row)
		}
	}
	return rows
}
