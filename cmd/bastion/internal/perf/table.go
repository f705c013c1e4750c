package perf

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// List prints the workloads without measuring them.
func List(w io.Writer, workloads []Workload) error {
	var lines [][]string
	for _, load := range workloads {
		lines = append(lines, []string{load.ID, load.Goal.text(load.Unit), load.Baseline.Name, load.What})
	}
	return table(w, lines, "llll")
}

// String is the row in one line.
func (r Row) String() string {
	if r.Err != nil {
		return fmt.Sprintf("%s: went wrong: %v", r.ID, r.Err)
	}
	text := r.ID + ": " + figure(r.Subject, r.Unit)
	if r.Baseline != "" {
		text += fmt.Sprintf(", %s: %s", r.Baseline, figure(r.Base, r.Unit))
	}
	if !math.IsNaN(r.Ratio) {
		text += fmt.Sprintf(", ratio %.2f", r.Ratio)
	}
	return text
}

var columns = []string{"workload", "subject", "beside", "baseline", "ratio", "goal", "met"}

// Print writes the report as a table for people.
func (r Report) Print(w io.Writer) error {
	lines := [][]string{columns}
	for _, row := range r.Rows {
		lines = append(lines, row.cells())
	}
	head := r.Machine.String() + "\n"
	if r.Quick {
		head += "quick: smaller sizes, for a look and not for a record\n"
	}
	if _, err := io.WriteString(w, head+"\n"); err != nil {
		return err
	}
	if err := table(w, lines, "lrlrrll"); err != nil {
		return err
	}
	for _, row := range r.Broken() {
		if _, err := fmt.Fprintf(w, "\n%s went wrong: %v\n", row.ID, row.Err); err != nil {
			return err
		}
	}
	return nil
}

// table writes lines of cells in columns that are aligned as told, l or r:
// numbers to the right, so that digits stand below digits. Width is counted in
// letters, not in bytes: µ and ≤ have two and three.
func table(w io.Writer, lines [][]string, how string) error {
	width := make([]int, len(how))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if how[i] == 'r' {
				cell, pad = pad, cell
			}
			text.WriteString(cell + pad + "  ")
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Row) cells() []string {
	if r.Err != nil {
		return []string{r.ID, "-", r.Baseline, "-", "-", r.Goal.text(r.Unit), "broken"}
	}
	base, ratio := "-", "-"
	if r.Baseline != "" {
		base = figure(r.Base, r.Unit)
	}
	if !math.IsNaN(r.Ratio) {
		ratio = fmt.Sprintf("%.2f", r.Ratio)
	}
	met := "-"
	switch {
	case r.Goal.Of == NoGoal:
	case r.Met:
		met = "yes"
	default:
		met = "NO"
	}
	return []string{r.ID, figure(r.Subject, r.Unit), r.Baseline, base, ratio, r.Goal.text(r.Unit), met}
}

func (g Goal) text(u Unit) string {
	switch g.Of {
	case Ratio:
		if g.Adjust != nil && g.Limit == 0 {
			return "≤ (cores)×" // not measured yet
		}
		return fmt.Sprintf("≤ %.3g×", g.Limit)
	case Subject:
		return "≤ " + figure(g.Limit, u)
	}
	return "-"
}

// figure prints a value with its unit, three digits or so.
func figure(v float64, u Unit) string {
	switch u {
	case Nanoseconds, CPU:
		suffix := strings.TrimPrefix(string(u), "ns")
		switch {
		case v < 1e4:
			return short(v) + " ns" + suffix
		case v < 1e7:
			return short(v/1e3) + " µs" + suffix
		}
		return short(v/1e6) + " ms" + suffix
	case Bytes:
		return fmt.Sprintf("%.0f B", v)
	case CPUSeconds:
		return fmt.Sprintf("%.3f s cpu", v)
	case Percent:
		return fmt.Sprintf("%.3f %%", v)
	}
	return fmt.Sprintf("%.2f %s", v, u)
}

func short(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
