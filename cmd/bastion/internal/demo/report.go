package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// A Report is the outcome of a run.
type Report struct {
	Passed bool     `json:"passed"`
	Faults []string `json:"faults"` // why not, if it did not pass

	Seed    uint64        `json:"seed"`
	Shards  int           `json:"shards"`
	Clients int           `json:"clients"`
	Served  time.Duration `json:"served_ns"` // until the clients were told to stop

	Answered uint64        `json:"answered"`
	Refused  uint64        `json:"refused"` // answered with an error
	Cut      uint64        `json:"cut"`     // the connection ended before the answer
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
	Connects uint64        `json:"connects"`

	Reads    uint64 `json:"reads_checked"`
	Writes   uint64 `json:"writes_answered"`
	ReadBack uint64 `json:"keys_read_back"`
	Retired  uint64 `json:"keys_retired"`
	Wrong    uint64 `json:"wrong_answers"`

	Injected    Injected `json:"injected"`
	Missed      uint64   `json:"missed"` // failures for which there was no target
	RestartsDue uint64   `json:"restarts_due"`
	Restarts    uint64   `json:"restarts"`
	DeadLetters uint64   `json:"dead_letters"` // that the auditor saw
	LateAnswers uint64   `json:"late_answers"` // of those

	AtRest  BooksRow `json:"books_at_rest"`
	Stopped BooksRow `json:"books_after_stop"`

	tree bastion.Node // with the clients gone, before the stop
}

// A BooksRow is the books as they are written into a report.
type BooksRow struct {
	Accepted  uint64            `json:"accepted"`
	Handled   uint64            `json:"handled"`
	Failed    uint64            `json:"failed"`
	InHand    uint64            `json:"in_hand"`
	Mailboxes uint64            `json:"in_mailboxes"`
	Discarded uint64            `json:"discarded"`
	Reasons   map[string]uint64 `json:"discarded_because"`
	Balanced  bool              `json:"balanced"`

	books bastion.Books
}

func newBooksRow(b bastion.Books) BooksRow {
	row := BooksRow{b.Accepted, b.Handled, b.Failed, b.InHand, b.Mailboxes, b.Discarded, map[string]uint64{}, b.Balanced(), b}
	for r := bastion.DiscardStopped; r <= bastion.DiscardDropped; r++ {
		if n := b.Reason(r); n > 0 {
			row.Reasons[r.String()] = n
		}
	}
	return row
}

// Print writes the report for a reader; its last line is the verdict.
func (r Report) Print(out io.Writer) {
	fmt.Fprintln(out)
	for _, line := range treeLines(r.tree, 16) {
		fmt.Fprintln(out, line)
	}
	row := func(what, format string, values ...any) {
		fmt.Fprintf(out, "%-13s "+format+"\n", append([]any{what}, values...)...)
	}
	fmt.Fprintln(out)
	row("served", "%s with %s, %s (seed %d)", r.Served.Round(10*time.Millisecond), plural(r.Shards, "shard"), plural(r.Clients, "client"), r.Seed)
	row("requests", "%s answered (%s a second, p50 %s, p99 %s)", thousands(r.Answered), thousands(r.perSecond()), short(r.P50), short(r.P99))
	row("", "%s refused with an error, %s cut off; %s connections were made", thousands(r.Refused), thousands(r.Cut), thousands(r.Connects))
	row("checked", "%s reads, each against the last of %s answered writes: %s wrong", thousands(r.Reads), thousands(r.Writes), thousands(r.Wrong))
	row("", "%s keys read back at the end; %s had been given up, cut off in the middle of a write", thousands(r.ReadBack), thousands(r.Retired))
	row("injected", "%s; %d more found no target", injectedLine(r.Injected), r.Missed)
	row("restarts", "%s, where %s were due%s", thousands(r.Restarts), thousands(r.RestartsDue), r.others())
	row("dead letters", "%s seen by the auditor, %s of them answers that came too late; %s",
		thousands(r.DeadLetters), thousands(r.LateAnswers), discardedWords(r.Stopped.Reasons))
	row("books at rest", "%s", booksLine(r.AtRest.books))
	row("after stop", "%s", booksLine(r.Stopped.books))
	fmt.Fprintln(out)
	for _, fault := range r.Faults {
		fmt.Fprintln(out, "FAULT:", fault)
	}
	fmt.Fprintln(out, r.Verdict())
}

// Verdict is the report in one line.
func (r Report) Verdict() string {
	if !r.Passed {
		return fmt.Sprintf("FAIL: %s", plural(len(r.Faults), "check")+" did not hold")
	}
	return fmt.Sprintf("PASS: %s requests answered, %s injected, %s, no write lost, books balance exactly (%s)",
		thousands(r.Answered), plural(int(r.Injected.Total()), "failure"), plural(int(r.Restarts), "restart"), plural(int(r.Stopped.Accepted), "message"))
}

// others explains restarts that chaos did not cause.
func (r Report) others() string {
	if r.Restarts <= r.RestartsDue {
		return ""
	}
	return "; somebody else has used CRASH"
}

func (r Report) perSecond() uint64 {
	if r.Served <= 0 {
		return 0
	}
	return uint64(float64(r.Answered) / r.Served.Seconds())
}

// discardedWords says why messages were never handled.
func discardedWords(reasons map[string]uint64) string {
	if len(reasons) == 0 {
		return "no message was discarded"
	}
	var words []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		words = append(words, fmt.Sprintf("%s (%s)", plural(int(reasons[reason]), "message"), reason))
	}
	return strings.Join(words, ", ") + " discarded"
}
