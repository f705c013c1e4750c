package runner

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/bastion-go/bastion/fort"
)

// A Watch tells people what the fort does, in lines and in the status line.
type Watch struct {
	Console *Console
	Now     func() time.Time // nil: the system's
	Quiet   bool             // only what went wrong

	mu      sync.Mutex
	wards   map[int]ward
	crashes int
	last    *fort.Crash
	stops   bool
}

type ward struct {
	state       fort.EventKind
	pid         int
	incarnation int
	since       time.Time
}

func (w *Watch) now() time.Time {
	if w.Now != nil {
		return w.Now()
	}
	return time.Now()
}

// Event is for Command.Watch.
func (w *Watch) Event(e fort.Event) {
	w.mu.Lock()
	w.note(e)
	w.mu.Unlock()
	w.tell(e)
	w.Tick()
}

func (w *Watch) note(e fort.Event) {
	if w.wards == nil {
		w.wards = map[int]ward{}
	}
	switch e.Kind {
	case fort.Started, fort.Serving:
		w.wards[e.Ward] = ward{state: e.Kind, pid: e.PID, incarnation: e.Incarnation, since: e.Time}
	case fort.Stopping, fort.Ended, fort.Crashed:
		if now := w.wards[e.Ward]; now.incarnation == e.Incarnation { // else an upgrade has replaced it
			now.state = e.Kind
			w.wards[e.Ward] = now
		}
	}
	switch e.Kind {
	case fort.Stopping:
		w.stops = true
	case fort.Started:
		w.stops = false
	case fort.Crashed:
		w.crashes++
		w.last = e.Crash
	}
}

func (w *Watch) tell(e fort.Event) {
	c := w.Console
	who := c.Name
	if c.Wards > 1 {
		who = fmt.Sprintf("%s:%d", c.Name, e.Ward)
	}
	switch {
	case e.Kind == fort.Crashed:
		c.Say(red, "%s: %s", who, crash(e.Crash))
		if e.Crash.File != "" {
			c.Say(dim, "%s: the report is in %s", who, e.Crash.File)
		}
		if e.Crash.Profile != "" {
			c.Say(dim, "%s: a heap profile is in %s", who, e.Crash.Profile)
		}
	case w.Quiet:
	case e.Kind == fort.Started:
		c.Say(dim, "%s: started, pid %d%s", who, e.PID, life(e.Incarnation))
	case e.Kind == fort.Serving:
		c.Say(green, "%s: serves", who)
	case e.Kind == fort.Stopping:
		c.Say(yellow, "%s: is told to stop", who)
	case e.Kind == fort.Ended:
		c.Say(dim, "%s: has ended", who)
	}
}

func life(incarnation int) string {
	if incarnation < 2 {
		return ""
	}
	return fmt.Sprintf(", life %d", incarnation)
}

func crash(c *fort.Crash) string {
	text := c.Reason
	if c.PID != 0 {
		text += fmt.Sprintf(", after %v", short(c.Ended.Sub(c.Started)))
	}
	switch {
	case c.GaveUp:
		return text + "; that was one too many"
	case c.Delay > 0:
		return text + fmt.Sprintf("; starts again in %v", short(c.Delay))
	}
	return text + "; starts again"
}

// short drops digits that nobody reads.
func short(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= 100*time.Millisecond:
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

// Tick renews the status line; call it every second or so.
func (w *Watch) Tick() {
	w.mu.Lock()
	text := w.status()
	w.mu.Unlock()
	w.Console.SetStatus(text)
}

func (w *Watch) status() string {
	now := w.now()
	parts := []string{" " + w.Console.Name}
	if w.Console.Wards > 1 {
		up := 0
		for _, x := range w.wards {
			if x.state == fort.Started || x.state == fort.Serving {
				up++
			}
		}
		parts = append(parts, fmt.Sprintf("%d of %d up", up, w.Console.Wards))
	} else {
		parts = append(parts, w.wards[0].status(now)...)
	}
	if w.crashes > 0 {
		parts = append(parts, fmt.Sprintf("%d crashed", w.crashes))
		parts = append(parts, fmt.Sprintf("%v ago: %s", short(now.Sub(w.last.Ended)), w.last.Reason))
	}
	if !w.stops {
		return strings.Join(append(parts, "Ctrl-C stops it"), " · ")
	}
	return strings.Join(append(parts, "stopping; Ctrl-C again kills it"), " · ")
}

func (x ward) status(now time.Time) []string {
	switch x.state {
	case fort.Started, fort.Serving:
		return []string{fmt.Sprintf("up %v", short(now.Sub(x.since))), fmt.Sprintf("pid %d%s", x.pid, life(x.incarnation))}
	case fort.Crashed:
		return []string{"down"}
	}
	return nil
}

// Logger turns what the fort logs into lines. Crashes, and that it gives up, are
// left out: Event tells them.
func (w *Watch) Logger() *slog.Logger { return slog.New(lines{console: w.Console}) }

type lines struct {
	console *Console
	attrs   []slog.Attr
}

func (h lines) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelInfo }

func (h lines) Handle(_ context.Context, r slog.Record) error {
	text, told := strings.TrimPrefix(r.Message, "fort: "), strings.HasPrefix(r.Message, "fort: giving up")
	add := func(a slog.Attr) bool {
		if _, ok := a.Value.Any().(*fort.Crash); ok {
			told = true
		}
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value.Resolve())
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	if told {
		return nil
	}
	color := plain
	if r.Level >= slog.LevelWarn {
		color = yellow
	}
	h.console.Say(color, "%s", text)
	return nil
}

func (h lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h lines) WithGroup(string) slog.Handler { return h }
