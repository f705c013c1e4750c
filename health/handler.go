package health

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/bastion-go/bastion"
)

// A Source says how it is; a *bastion.System is one.
type Source interface {
	Health() bastion.Health
}

// A Handler answers requests whose path ends in livez or readyz, wherever it is
// mounted: 200 for yes, 503 for no, 404 for other paths, 405 for other methods than
// GET and HEAD. The answer is a line of text, or JSON for ?format=json and for those
// who accept it before text; ?verbose lists the problems.
type Handler struct {
	Of Source // whose health it is; nil: nobody's, never live or ready
	// Abandoned is how many abandoned processes may still run before the system
	// counts as not live. Zero: none. Each of them keeps a goroutine and what it holds.
	Abandoned int
}

// ServeHTTP answers one request.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	check := path.Base(r.URL.Path)
	if check != "livez" && check != "readyz" {
		http.Error(w, "not found: ask for livez or readyz", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	a := h.answer(check)
	write, kind := a.text, "text/plain; charset=utf-8"
	if wantsJSON(r) {
		write, kind = a.json, "application/json"
	}
	header.Set("Content-Type", kind)
	w.WriteHeader(a.status())
	if r.Method == http.MethodGet {
		write(w, r.URL.Query().Has("verbose"))
	}
}

func (h Handler) answer(check string) answer {
	if h.Of == nil {
		return answer{check: check, state: "unknown"}
	}
	now := h.Of.Health()
	if check == "readyz" {
		return answer{check: check, state: now.State, Check: now.Ready}
	}
	return answer{check: check, state: now.State, Check: h.tolerate(now.Live)}
}

// tolerate leaves out the abandoned, if they are few and all that is wrong.
func (h Handler) tolerate(c bastion.Check) bastion.Check {
	few := c.Omitted == 0 && len(c.Problems) <= h.Abandoned && !slices.ContainsFunc(c.Problems, func(p bastion.Problem) bool {
		return p.Kind != bastion.ProblemAbandoned
	})
	c.OK = c.OK || few
	return c
}

// wantsJSON reports whether the client asked for JSON: by ?format=, which counts
// first, or by naming it before any text.
func wantsJSON(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return strings.EqualFold(format, "json")
	}
	for _, kind := range strings.Split(r.Header.Get("Accept"), ",") {
		kind, _, _ = strings.Cut(strings.TrimSpace(kind), ";")
		switch {
		case kind == "application/json":
			return true
		case strings.HasPrefix(kind, "text/"):
			return false
		}
	}
	return false
}

// title is what a text begins with.
func (a answer) title() string {
	n := len(a.Problems) + a.Omitted
	switch {
	case a.OK && n == 0:
		return "ok"
	case a.OK:
		return fmt.Sprintf("ok, with %d tolerated", n)
	case n == 1:
		return fmt.Sprintf("%s: no: 1 problem", a.check)
	}
	return fmt.Sprintf("%s: no: %d problems", a.check, n)
}
