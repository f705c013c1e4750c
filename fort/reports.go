package fort

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bastion-go/bastion/fort/internal/decide"
)

// reports writes crash reports to a folder, and keeps the newest. What cannot be
// written is said once: the log has the report as well.
type reports struct {
	dir, name string
	keep      int // 0: defaultKeep
	log       *slog.Logger
	warned    bool
}

// save writes a report and returns its file; empty: there is none.
func (r *reports) save(c *Crash) string {
	if r.dir == "" {
		return ""
	}
	path := r.path(c.Ended, c.Ward, c.Incarnation, "crash.txt")
	err := os.MkdirAll(r.dir, 0o700)
	if err == nil {
		err = write(path, report(c))
	}
	if err != nil {
		r.warn(err)
		return ""
	}
	r.warned = false
	r.rotate()
	return path
}

func (r *reports) warn(err error) {
	if r.warned {
		return
	}
	r.warned = true
	r.log.Warn("fort: crash reports are only logged: CrashDir cannot be written to", "error", err)
}

const stampForm = "20060102T150405.000"

// path is such that names sort by time.
func (r *reports) path(at time.Time, ward, incarnation int, kind string) string {
	stamp := at.UTC().Format(stampForm)
	return filepath.Join(r.dir, fmt.Sprintf("%s-%s-%d-%d.%s", r.name, stamp, ward, incarnation, kind))
}

// write leaves a whole file or none.
func write(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

// report is for people, and simple enough for a program.
func report(c *Crash) string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-12s %v\n", name+":", value) }
	line("kind", c.Kind)
	line("reason", c.Reason)
	line("ward", c.Ward)
	line("incarnation", c.Incarnation)
	line("pid", c.PID)
	line("started", c.Started.Format(time.RFC3339Nano))
	line("ended", c.Ended.Format(time.RFC3339Nano))
	line("status", c.Status)
	line("restarts", c.Restarts)
	if c.Profile != "" {
		line("profile", c.Profile)
	}
	if c.GaveUp {
		line("then", "gave up")
	} else {
		line("then", fmt.Sprintf("restart in %v", c.Delay))
	}
	if c.Output != "" {
		fmt.Fprintf(&b, "\n%s", c.Output)
	}
	return b.String()
}

// rotate removes the oldest files of this program.
func (r *reports) rotate() {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return
	}
	var ours []string
	for _, e := range entries {
		if e.Type().IsRegular() && r.wrote(e.Name()) {
			ours = append(ours, e.Name())
		}
	}
	keep := r.keep
	if keep == 0 {
		keep = defaultKeep
	}
	slices.Sort(ours)
	for _, name := range ours[:max(len(ours)-keep, 0)] {
		os.Remove(filepath.Join(r.dir, name))
	}
}

// wrote reports whether a file has a name that path gives. Other programs, whose
// names may begin with this one's, may keep theirs in the same folder.
func (r *reports) wrote(name string) bool {
	rest, ours := strings.CutPrefix(name, r.name+"-")
	if !ours || len(rest) < len(stampForm) {
		return false
	}
	_, err := time.Parse(stampForm, rest[:len(stampForm)])
	return err == nil && (strings.HasSuffix(rest, ".crash.txt") || strings.HasSuffix(rest, ".heap.pprof"))
}

// profilePath is where a ward that stops for its memory is to write its profile.
func (g *guard) profilePath(w *ward, why decide.StopReason) string {
	if why != decide.ForMemory || g.reports.dir == "" {
		return ""
	}
	if err := os.MkdirAll(g.reports.dir, 0o700); err != nil {
		g.reports.warn(err)
		return ""
	}
	return g.reports.path(time.Now(), w.slot, w.incarnation, "heap.pprof")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
