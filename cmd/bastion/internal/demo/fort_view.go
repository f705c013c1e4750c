package demo

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A FortSnapshot is one look at RunFort.
type FortSnapshot struct {
	Address          string
	Clients          int
	Seed             uint64
	Deaths           float64 // a second
	Phase            string
	Elapsed, For     time.Duration
	Guard, Ward      int // processes
	Incarnation      int
	Died             int
	RequestRate      float64
	P50, P99         time.Duration
	Connects         uint64
	Unconnected      uint64
	Lost, Cut, Wrong uint64
	Recent, Fresh    []string
}

// A FortView shows them, one after the other.
type FortView interface {
	ShowFort(FortSnapshot)
	Close()
}

// ShowFort does nothing.
func (Hidden) ShowFort(FortSnapshot) {}

// look shows a snapshot several times a second.
func (r *fortRun) look(ctx context.Context, view FortView) {
	const every = 200 * time.Millisecond
	var requests rate
	for ticker := time.NewTicker(every); ; {
		now := time.Now()
		s := r.snapshot(now)
		s.RequestRate = requests.observe(r.tally.answered.Load(), now)
		view.ShowFort(s)
		select {
		case <-ticker.C:
		case <-r.entered:
		case <-ctx.Done():
			ticker.Stop()
			return
		}
	}
}

func (r *fortRun) snapshot(now time.Time) FortSnapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := FortSnapshot{
		Address: r.now.Address, Clients: r.o.Clients, Seed: r.o.Seed, Deaths: r.o.Deaths, Phase: *r.phase.Load(),
		Elapsed: now.Sub(r.began), For: r.o.For,
		Guard: r.guard.Process.Pid, Ward: r.now.PID, Incarnation: r.now.Incarnation, Died: r.died,
		P50: r.tally.latency.quantile(0.5), P99: r.tally.latency.quantile(0.99),
		Connects: r.tally.connects.Load(), Unconnected: r.tally.unconnected.Load(),
		Lost: r.tally.lost.Load(), Cut: r.tally.cut.Load(),
		Recent: append([]string(nil), r.story...), Fresh: r.fresh,
	}
	s.Wrong, _ = r.tally.accusations()
	r.fresh = nil
	return s
}

func fortHeadline(s FortSnapshot) string {
	return fmt.Sprintf("Bastion demo: a key-value service in a fort on %s, %s, %s (seed %d)", s.Address, plural(s.Clients, "client"), deathWord(s.Deaths), s.Seed)
}

func deathWord(perSecond float64) string {
	if perSecond <= 0 {
		return "no deaths injected"
	}
	return fmt.Sprintf("about %.3g deaths of the whole program a second", perSecond)
}

const fortLegend = `Clients are in this process, the service in another, its guard in a third. Every client checks every answer against its own
last write. What the service had in memory dies with it; its socket does not: who connects meanwhile waits.
`

// ShowFort writes what a second has brought once it is over, and a new phase at once.
func (p *Plain) ShowFort(s FortSnapshot) {
	p.show(fortHeadline(s), fortLegend, s.Phase, s.Elapsed, s.Fresh, func(events []string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "%6.1f s  incarnation %d  %s requests/s (p50 %s, p99 %s)  %s connections, %d refused  died %d  cut off %d  lost %d  wrong %d\n",
			s.Elapsed.Seconds(), s.Incarnation, thousands(uint64(s.RequestRate)), short(s.P50), short(s.P99),
			thousands(s.Connects), s.Unconnected, s.Died, s.Cut, s.Lost, s.Wrong)
		for _, event := range events { // few, and what this is about
			fmt.Fprintf(&b, "          event at %s\n", strings.TrimSpace(event))
		}
		return b.String()
	})
}

// ShowFort hands a snapshot over; it is drawn soon.
func (s *Screen) ShowFort(snapshot FortSnapshot) {
	s.program.Send(drawing(func(width, height int) string { return fortPicture(snapshot, width, height) }))
}

// fortPicture draws a snapshot into so many columns and rows.
func fortPicture(s FortSnapshot, width, height int) string {
	head := []string{
		fortHeadline(s),
		clockOf(s.Elapsed, s.For) + "   " + s.Phase,
		"",
		fmt.Sprintf("guard        process %d", s.Guard),
		fmt.Sprintf("program      incarnation %d, process %d; died %s", s.Incarnation, s.Ward, times(s.Died)),
		fmt.Sprintf("connections  %s made, %d refused", thousands(s.Connects), s.Unconnected),
		fmt.Sprintf("requests     %s a second, p50 %s, p99 %s; %s", thousands(uint64(s.RequestRate)), short(s.P50), short(s.P99), wrongWord(s.Wrong)),
		fmt.Sprintf("lost         %s in memory, %s cut off", plural(int(s.Lost), "value"), plural(int(s.Cut), "request")),
		"",
		"events",
	}
	foot := []string{"", fmt.Sprintf("Ctrl-C: stop, check, report. Twice: stop at once. Join in: kill -9 %d, or nc %s, then HELP.", s.Ward, hostAndPort(s.Address))}
	return fit(head, s.Recent, foot, width, height)
}

// fit puts head and foot into so many columns and rows, and as many of the last events as there is room for.
func fit(head, events, foot []string, width, height int) string {
	room := max(height-len(head)-len(foot), 0)
	lines := append(append(head, events[max(len(events)-room, 0):]...), foot...)
	for i, line := range lines {
		if runes := []rune(line); len(runes) > width {
			lines[i] = string(runes[:max(width-1, 0)]) + "…"
		}
	}
	return strings.Join(lines, "\n")
}
