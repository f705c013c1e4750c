package perf

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// Unit says what the figures of a row are.
type Unit string

// The units. Rows keep the names subject_ns and baseline_ns whatever the unit:
// the field unit says what they hold.
const (
	Nanoseconds Unit = "ns"     // per operation, by the wall clock
	CPU         Unit = "ns cpu" // per operation, of all threads of the program
	CPUSeconds  Unit = "s cpu"
	Bytes       Unit = "B"
	Allocs      Unit = "allocs" // per operation
	Percent     Unit = "%"      // of one core
)

// Probe does r.Ops operations in a setting of its own and returns what one of
// them cost. It returns an error if the operations did not do what they should
// have done, or if ctx ended.
type Probe func(ctx context.Context, r *Run) (float64, error)

// Side is one of the two things that a workload compares.
type Side struct {
	Name  string
	Ops   int // operations in a full run
	Crowd int // processes around them in a full run; 0: the workload needs no such number
	Probe Probe
}

// Workload is a subject, what it is compared with, and the goal.
type Workload struct {
	ID       string
	What     string // one line for --list
	Unit     Unit
	Subject  Side
	Baseline Side // no Probe: the row stands alone
	Goal     Goal

	// Whole says that Ops and Crowd belong to the workload (a million
	// processes) and must not be replaced by the b.N of a Go benchmark.
	Whole bool
}

// GoalKind says what a goal bounds.
type GoalKind string

// A goal bounds the ratio or the subject's own figure; a row may have none.
const (
	NoGoal  GoalKind = ""
	Ratio   GoalKind = "ratio"
	Subject GoalKind = "subject"
)

// Goal is the most that a row may show.
type Goal struct {
	Of    GoalKind
	Limit float64
	// Adjust, if it is there, measures the limit on this machine (how well it
	// scales, for one) and replaces Limit.
	Adjust func(ctx context.Context) (float64, error)
}

// round cuts a figure to its last honest digit: a hundred thousand messages
// that cost a handful of objects for the whole system cost none each.
func (u Unit) round(v float64) float64 {
	if u == Allocs {
		return math.Round(v*100) / 100
	}
	return v
}

// met says whether the figures are within the goal.
func (g Goal) met(subject, ratio float64) bool {
	switch g.Of {
	case Ratio:
		return !math.IsNaN(ratio) && ratio <= g.Limit
	case Subject:
		return subject <= g.Limit
	}
	return true
}

// ratioOf compares the medians; NaN if there is nothing to divide by.
func ratioOf(subject, baseline float64) float64 {
	if baseline == 0 || math.IsNaN(baseline) {
		return math.NaN()
	}
	return subject / baseline
}

// Select returns the workloads that the names pick, in the suite's order: a
// name is an id or the beginning of one, in either case of letters, and no
// names pick all. A name that picks nothing is an error that lists the ids.
func Select(suite []Workload, names ...string) ([]Workload, error) {
	if len(names) == 0 {
		return suite, nil
	}
	picked := make([]bool, len(suite))
	for _, name := range names {
		found := false
		for i, w := range suite {
			if picksID(name, w.ID) {
				picked[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no workload is called %q; there are %s", name, strings.Join(ids(suite), ", "))
		}
	}
	var chosen []Workload
	for i, w := range suite {
		if picked[i] {
			chosen = append(chosen, w)
		}
	}
	return chosen, nil
}

// picksID is a prefix match with one refinement: "P1" must pick P1-ring and
// not P12-idle.
func picksID(name, id string) bool {
	name, id = strings.ToLower(name), strings.ToLower(id)
	rest, ok := strings.CutPrefix(id, name)
	if !ok || name == "" {
		return false
	}
	last := name[len(name)-1]
	numbered := last >= '0' && last <= '9' && !strings.Contains(name, "-")
	return rest == "" || !numbered || rest[0] == '-'
}

func ids(suite []Workload) []string {
	all := make([]string, len(suite))
	for i, w := range suite {
		all[i] = w.ID
	}
	return all
}
