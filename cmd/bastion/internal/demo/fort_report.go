package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A FortReport is the outcome of RunFort.
type FortReport struct {
	Passed bool     `json:"passed"`
	Faults []string `json:"faults"` // why not, if it did not pass

	Seed    uint64        `json:"seed"`
	Shards  int           `json:"shards"`
	Clients int           `json:"clients"`
	Served  time.Duration `json:"served_ns"`

	Guard        int     `json:"guard_pid"`
	Incarnations int     `json:"incarnations"`
	Deaths       []Death `json:"deaths"`
	Others       int     `json:"other_deaths"` // that somebody else has brought about

	Answered    uint64        `json:"answered"`
	Refused     uint64        `json:"refused"` // answered with an error
	Cut         uint64        `json:"cut"`     // the connection ended before the answer
	P50         time.Duration `json:"p50_ns"`
	P99         time.Duration `json:"p99_ns"`
	Connects    uint64        `json:"connects"`
	Unconnected uint64        `json:"connection_attempts_failed"`

	Reads    uint64   `json:"reads_checked"`
	Writes   uint64   `json:"writes_answered"`
	ReadBack uint64   `json:"keys_read_back"`
	Lost     uint64   `json:"values_lost_with_a_ward"`
	Retired  uint64   `json:"keys_retired"`
	Wrong    uint64   `json:"wrong_answers"`
	Stopped  BooksRow `json:"books_after_stop"` // of the last ward
}

// A Death is one that was injected.
type Death struct {
	What        string        `json:"what"`
	Incarnation int           `json:"incarnation"`
	Kind        string        `json:"kind"` // what the guard says it was
	Reason      string        `json:"reason"`
	Output      string        `json:"output"`  // the beginning of what Go wrote
	Back        time.Duration `json:"back_ns"` // until the next incarnation served, and had said so
}

// Print writes the report for a reader; its last line is the verdict.
func (r FortReport) Print(out io.Writer) {
	row := func(what, format string, values ...any) {
		fmt.Fprintf(out, "%-13s "+format+"\n", append([]any{what}, values...)...)
	}
	fmt.Fprintln(out)
	if len(r.Deaths) > 0 && r.Deaths[0].Output != "" {
		d := r.Deaths[0]
		fmt.Fprintf(out, "The report on incarnation %d (%s) begins:\n", d.Incarnation, d.Kind)
		for line := range strings.Lines(d.Output) {
			fmt.Fprintf(out, "    %s\n", strings.TrimRight(line, "\n"))
		}
		fmt.Fprintln(out)
	}
	row("served", "%s with %s, %s (seed %d)", r.Served.Round(10*time.Millisecond), plural(r.Shards, "shard"), plural(r.Clients, "client"), r.Seed)
	row("the program", "died %s%s; %s under one guard (process %d)", times(len(r.Deaths)), r.others(), plural(r.Incarnations, "incarnation"), r.Guard)
	for _, line := range r.ways() {
		row("", "%s", line)
	}
	if len(r.Deaths) > 0 {
		row("back", "%s after a death in the middle, %s at most, until the next one served", short(r.back(0.5)), short(r.back(1)))
	}
	row("connections", "%s were made; %s refused", thousands(r.Connects), thousands(r.Unconnected))
	row("requests", "%s answered (p50 %s, p99 %s); %s refused with an error, %s cut off by a death",
		thousands(r.Answered), short(r.P50), short(r.P99), thousands(r.Refused), thousands(r.Cut))
	row("checked", "%s reads, each against the last of %s answered writes: %s wrong", thousands(r.Reads), thousands(r.Writes), thousands(r.Wrong))
	row("", "%s keys read back at the end, all from the incarnation that served then", thousands(r.ReadBack))
	row("lost", "%s, which the program had in memory when it died; %s given up, cut off in the middle of a write",
		plural(int(r.Lost), "value"), plural(int(r.Retired), "key"))
	row("after stop", "%s (the last incarnation's)", r.Stopped.line())
	fmt.Fprintln(out)
	for _, fault := range r.Faults {
		fmt.Fprintln(out, "FAULT:", fault)
	}
	fmt.Fprintln(out, r.Verdict())
}

// Verdict is the report in one line.
func (r FortReport) Verdict() string {
	if !r.Passed {
		return fmt.Sprintf("FAIL: %s did not hold", plural(len(r.Faults), "check"))
	}
	return fmt.Sprintf("PASS: the program died %s, each death was reported, %s made and none refused, no answer was wrong",
		times(r.Incarnations-1), plural(int(r.Connects), "connection"))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func (r FortReport) others() string {
	if r.Others <= 0 {
		return ""
	}
	return fmt.Sprintf(", and %s by somebody else's hand", times(r.Others))
}

// ways counts the deaths by what was injected.
func (r FortReport) ways() []string {
	var lines []string
	for _, d := range deaths {
		n, kind := 0, ""
		for _, done := range r.Deaths {
			if done.What == d.what {
				n, kind = n+1, done.Kind
			}
		}
		switch {
		case n == 1:
			lines = append(lines, fmt.Sprintf("1 %s, reported as %q", d.what, kind))
		case n > 1:
			lines = append(lines, fmt.Sprintf("%d %s, reported as %q", n, d.many, kind))
		}
	}
	return lines
}

// back is a quantile of the times until somebody served again.
func (r FortReport) back(q float64) time.Duration {
	var all []time.Duration
	for _, d := range r.Deaths {
		all = append(all, d.Back)
	}
	slices.Sort(all)
	return all[int(q*float64(len(all)-1))]
}

// line is the identity of the books, from a report that came from elsewhere.
func (b BooksRow) line() string {
	sign := "="
	if !b.Balanced {
		sign = "≠"
	}
	return fmt.Sprintf("%s accepted %s %s handled + %s failed + %s in hand + %s in mailboxes + %s discarded",
		thousands(b.Accepted), sign, thousands(b.Handled), thousands(b.Failed), thousands(b.InHand), thousands(b.Mailboxes), thousands(b.Discarded))
}
