package health

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/bastion-go/bastion"
)

// An answer is what is said to one request.
type answer struct {
	check string
	state string
	bastion.Check
}

func (a answer) status() int {
	if a.OK {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// text writes for people. Whoever does not read it to the end has gone.
func (a answer) text(w io.Writer, verbose bool) {
	fmt.Fprintln(w, a.title())
	if !verbose {
		return
	}
	fmt.Fprintf(w, "the system is %s\n", a.state)
	for _, p := range a.Problems {
		fmt.Fprintf(w, "[-] %v", p)
		if p.Count > 0 {
			fmt.Fprintf(w, " (%d)", p.Count)
		}
		if !p.Since.IsZero() {
			fmt.Fprintf(w, ", since %s", p.Since.UTC().Format(time.RFC3339))
		}
		if !p.Until.IsZero() {
			fmt.Fprintf(w, ", until %s", p.Until.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(w)
	}
	if a.Omitted > 0 {
		fmt.Fprintf(w, "… and %d more\n", a.Omitted)
	}
}

type jsonAnswer struct {
	Check    string        `json:"check"`
	OK       bool          `json:"ok"`
	State    string        `json:"state"`
	Count    int           `json:"problem_count"`
	Problems []jsonProblem `json:"problems,omitempty"`
}

type jsonProblem struct {
	Path  string    `json:"path"`
	Kind  string    `json:"kind"`
	Count int       `json:"count,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// json writes for programs.
func (a answer) json(w io.Writer, verbose bool) {
	out := jsonAnswer{Check: a.check, OK: a.OK, State: a.state, Count: len(a.Problems) + a.Omitted}
	for _, p := range a.Problems {
		if verbose {
			out.Problems = append(out.Problems, jsonProblem{
				Path: p.Path, Kind: p.Kind.String(), Count: p.Count, Since: p.Since.UTC(), Until: p.Until.UTC(),
			})
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}
