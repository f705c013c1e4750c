package savina

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is a run of the suite.
type Report struct {
	Machine string   `json:"machine"`
	Quick   bool     `json:"quick"`
	Rounds  int      `json:"rounds"`
	Engines []string `json:"engines"`
	Rows    []Row    `json:"rows"`
}

// Ahead is how many times longer the best peer takes than Bastion, and who that is. 0: there is nothing to compare.
func (r Row) Ahead() (times float64, peer string) {
	ours := r.Median["bastion"]
	if ours == 0 {
		return 0, ""
	}
	for name, took := range r.Median {
		if t := float64(took) / float64(ours); name != "bastion" && (peer == "" || t < times || t == times && name < peer) {
			times, peer = t, name
		}
	}
	return times, peer
}

// Print writes the report as a table for people.
func (r Report) Print(w io.Writer) error {
	head := r.Machine + "\n"
	if r.Quick {
		head += "quick: smaller sizes, for a look and not for a record\n"
	}
	head += "Medians of whole runs; \"ahead\" is the best peer's time divided by Bastion's.\n\n"
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "program\tsize\t%s\tns a piece\tahead\tof\t\n", strings.Join(r.Engines, "\t"))
	for _, row := range r.Rows {
		cells := []string{row.Program, fmt.Sprint(row.N)}
		for _, name := range r.Engines {
			cells = append(cells, cell(row, name))
		}
		piece, lead, of := "", "", ""
		if ours := row.Median["bastion"]; ours > 0 {
			piece = fmt.Sprintf("%.0f", float64(ours)/float64(row.Ops))
		}
		if times, peer := row.Ahead(); peer != "" {
			lead, of = fmt.Sprintf("%.2f", times), peer
		}
		fmt.Fprintln(t, strings.Join(append(cells, piece, lead, of), "\t")+"\t")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, row := range r.Rows {
		for _, name := range r.Engines {
			if why := row.Faults[name]; why != "" {
				if _, err := fmt.Fprintf(w, "\n%s on %s: %s\n", row.Program, name, why); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func cell(row Row, engine string) string {
	if row.Faults[engine] != "" {
		return "-"
	}
	return time.Duration(row.Median[engine]).Round(100 * time.Microsecond).String()
}
