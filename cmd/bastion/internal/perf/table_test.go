package perf

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func TestMedianPercentileSpread(t *testing.T) {
	values := []float64{9, 1, 5, 3}
	if got := median(values); got != 4 {
		t.Errorf("median of four: %v", got)
	}
	if got := median(values[:3]); got != 5 {
		t.Errorf("median of three: %v", got)
	}
	if !math.IsNaN(median(nil)) || !math.IsNaN(percentile(nil, 0.5)) {
		t.Error("the median of nothing is a number")
	}
	if got := percentile(values, 0.99); got != 9 {
		t.Errorf("p99: %v", got)
	}
	if got := percentile(values, 0.5); got != 3 {
		t.Errorf("p50: %v", got)
	}
	if got := spread(values); got != 2 {
		t.Errorf("spread: %v", got)
	}
	if values[0] != 9 {
		t.Error("the values were sorted in place")
	}
}

func TestShareAndBatches(t *testing.T) {
	sum := 0
	for i := range 7 {
		sum += share(100, 7, i)
	}
	if sum != 100 {
		t.Errorf("the shares add up to %d", sum)
	}
	var sizes []int
	err := batches(250, 100, func(n int) error { sizes = append(sizes, n); return nil })
	if err != nil || len(sizes) != 3 || sizes[2] != 50 {
		t.Errorf("%v, %v", sizes, err)
	}
}

func reported() Report {
	return Report{
		Machine: Machine{CPU: "Some CPU", CPUs: 2, GOMAXPROCS: 2, Go: "go1.26", OS: "linux", Arch: "amd64", CPUClock: "getrusage"},
		Rows: []Row{
			{ID: "P1-ring", Unit: Nanoseconds, Subject: 44.04, Baseline: "atomic add", Base: 5.505, Ratio: 8, Goal: ratio(9), Met: true, Rounds: 5, Spread: 0.25},
			{ID: "P6-memory-handler", Unit: Bytes, Subject: 300, Baseline: "parked goroutine", Base: 2600, Ratio: 300.0 / 2600, Goal: atMost(256), Rounds: 5},
			{ID: "P7-restart", Unit: CPU, Subject: 12_300, Ratio: math.NaN(), Met: true, Rounds: 5},
			{ID: "P9-allocs-pointer", Unit: Allocs, Baseline: "channel hop", Ratio: math.NaN(), Goal: atMost(0), Met: true, Rounds: 5},
			{ID: "P2-flood", Unit: Nanoseconds, Baseline: "buffered channel send", Goal: ratio(0.6), Err: errors.New("lost 3")},
		},
	}
}

func TestTable(t *testing.T) {
	const want = `Some CPU, 2 CPUs, GOMAXPROCS 2, go1.26 linux/amd64, CPU time by getrusage

workload               subject  beside                    baseline  ratio  goal           met
P1-ring                44.0 ns  atomic add                 5.50 ns   8.00  ≤ 9×           yes
P6-memory-handler        300 B  parked goroutine            2600 B   0.12  ≤ 256 B        NO
P7-restart         12.3 µs cpu                                   -      -  -              -
P9-allocs-pointer  0.00 allocs  channel hop            0.00 allocs      -  ≤ 0.00 allocs  yes
P2-flood                     -  buffered channel send            -      -  ≤ 0.6×         broken

P2-flood went wrong: lost 3
`
	var b strings.Builder
	if err := reported().Print(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestJSON(t *testing.T) {
	text, err := json.Marshal(reported())
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, row := range rows {
		for _, key := range []string{"id", "subject_ns", "baseline", "baseline_ns", "ratio", "goal", "met", "unit", "machine"} {
			if _, there := row[key]; !there {
				t.Errorf("row %d lacks %s: %v", i, key, row)
			}
		}
	}
	ring := rows[0]
	if ring["id"] != "P1-ring" || ring["subject_ns"] != 44.04 || ring["baseline"] != "atomic add" ||
		ring["baseline_ns"] != 5.505 || ring["ratio"] != 8.0 || ring["goal"] != 9.0 || ring["met"] != true {
		t.Errorf("%v", ring)
	}
	if rows[1]["met"] != false || rows[1]["unit"] != "B" || rows[1]["goal_of"] != "subject" {
		t.Errorf("%v", rows[1])
	}
	if rows[2]["goal"] != nil || rows[2]["met"] != nil || rows[2]["ratio"] != nil || rows[2]["baseline_ns"] != nil {
		t.Errorf("%v", rows[2])
	}
	if rows[4]["error"] != "lost 3" || rows[4]["met"] != nil || rows[4]["subject_ns"] != nil {
		t.Errorf("%v", rows[4])
	}
}
