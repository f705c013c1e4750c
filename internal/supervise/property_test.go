package supervise

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawChild(t *rapid.T) Child {
	c := Child{
		Type:        Type(rapid.IntRange(0, 2).Draw(t, "type")),
		Tries:       rapid.SampledFrom([]int{0, 0, 0, 1, 3}).Draw(t, "tries"),
		TriesWithin: rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second}).Draw(t, "in"),
		Significant: rapid.Bool().Draw(t, "significant"),
	}
	if rapid.Bool().Draw(t, "backoff") {
		c.Backoff = Backoff{Kind: Exponential, First: time.Second, Max: 5 * time.Second, Healthy: time.Minute}
	}
	return c
}

// drawRules draws rules for the first time, or others. A window forgets what did not matter to the old bounds, which may
// be told from outside only where those do not end the supervisor: there the intensity stays.
func drawRules(t *rapid.T, old Intensity) (Strategy, Intensity, AutoShutdown) {
	in := Intensity{Max: rapid.SampledFrom([]int{0, 1, 5, 50}).Draw(t, "max"), Within: 10 * time.Second}
	switch {
	case old.Within == 0:
		in.Exceeded = rapid.SampledFrom([]Exceeded{EndSupervisor, EndSupervisor, GiveChildUp, RetryLater}).Draw(t, "exceeded")
		in.RetryAfter = 7 * time.Second
	case old.Exceeded != EndSupervisor:
		in = old
	}
	auto := rapid.SampledFrom([]AutoShutdown{Never, Never, AnySignificant, AllSignificant}).Draw(t, "auto")
	return Strategy(rapid.IntRange(0, 2).Draw(t, "strategy")), in, auto
}

func drawOutcome(t *rapid.T) Outcome {
	return rapid.SampledFrom([]Outcome{
		OutcomeDefault, OutcomeDefault, OutcomeDefault, OutcomeDefault, OutcomeDefault, OutcomeDefault,
		OutcomeRestart, OutcomeStop, OutcomeEscalate, OutcomeStopSystem,
	}).Draw(t, "outcome")
}

// drawEvent picks something that may happen now: an answer, an exit by itself, an order, or something too late.
func drawEvent(t *rapid.T, w *world) Event {
	id := ID(rapid.IntRange(1, int(w.next)).Draw(t, "id"))
	k := w.kids[id]
	ev := Event{ID: id, Jitter: rapid.Float64Range(0, 0.999).Draw(t, "jitter")}
	kinds := []EventKind{EvStartChild, EvStopChild, EvRestartChild, EvRemoveChild, EvMove}
	switch k.is {
	case StatusDown:
		if k.waiting {
			kinds = append(kinds, EvDue, EvDue)
		}
		kinds = append(kinds, EvDue) // perhaps one that was cancelled too late
	case StatusStarting:
		kinds = append(kinds, EvStarted, EvStarted, EvStarted, EvStarted, EvStarted, EvStartFailed, EvStartFailed, EvExited)
	case StatusUp:
		kinds = append(kinds, EvExited, EvExited, EvExited, EvExited)
	case StatusStopping:
		kinds = append(kinds, EvExited, EvExited, EvExited, EvExited, EvStartFailed, EvStarted)
	}
	ev.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
	switch ev.Kind {
	case EvMove:
		ev.Before = ID(rapid.IntRange(0, int(w.next)).Draw(t, "before"))
	case EvExited, EvStartFailed:
		ev.Class = Class(rapid.IntRange(0, 2).Draw(t, "class"))
		ev.Outcome = drawOutcome(t)
		ev.Up = time.Duration(rapid.IntRange(0, 100).Draw(t, "up")) * time.Second
	}
	return ev
}

// TestAnything plays random events in random order and checks, through world, S3 to S8: nobody runs twice, siblings are
// down before anyone is started, stops go in reverse, stopped stays stopped, the window is exact, every plan ends, and
// so does the supervisor, once.
func TestAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(OneForOne, Intensity{})
		w.configure(drawRules(t, w.intensity))
		for range rapid.IntRange(1, 6).Draw(t, "children") {
			w.declare(drawChild(t), 0)
		}
		booted := false
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			ev := drawEvent(t, w)
			switch die := rapid.IntRange(0, 99).Draw(t, "die"); {
			case die < 20 && !booted:
				ev, booted = Event{Kind: EvBoot}, true
			case die < 5:
				w.declare(drawChild(t), ID(rapid.IntRange(0, int(w.next)).Draw(t, "before")))
			case die < 8:
				w.configure(drawRules(t, w.intensity))
			case die < 11:
				c := drawChild(t)
				c.ID = ev.ID
				w.redeclare(c)
			case die > 98:
				ev = Event{Kind: EvShutdown}
			}
			if err := w.step(ev); err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(w.log, "\n"))
			}
		}
		checkRest(t, w)
	})
}

// checkRest lets everything come to rest, compares what is up with what should be, and ends the supervisor.
func checkRest(t *rapid.T, w *world) {
	if err := w.quiesce(); err != nil {
		t.Fatal(err)
	}
	for id, k := range w.kids {
		switch st, known := w.m.Status(id); {
		case w.ended > 0:
		case known == k.gone || known && st != k.is:
			t.Fatalf("%d: status %v (known %v), seen from outside %v (gone %v)", id, st, known, k.is, k.gone)
		case k.is == StatusUp && (k.stopped || k.answered):
			t.Fatalf("%d is up, though stopped (%v) or told its end (%v)", id, k.stopped, k.answered)
		case k.is == StatusDown && !k.answered && w.m.phase == running && w.m.byID[id].goal != goalDeclared:
			t.Fatalf("%d is down, was not told its end, and nothing is under way", id)
		}
	}
	if w.ended == 0 && (w.m.members != 0 || w.m.healing) {
		t.Fatalf("at rest the plan still has %d members", w.m.members)
	}
	if err := w.step(Event{Kind: EvShutdown}); err != nil {
		t.Fatal(err)
	}
	if err := w.quiesce(); err != nil {
		t.Fatal(err)
	}
	if w.ended != 1 {
		t.Fatalf("ended %d times", w.ended)
	}
	if err := w.step(Event{Kind: EvBoot}); err != nil {
		t.Fatal(err)
	}
}

// TestWindowModel compares Window with the obvious way to say the same.
func TestWindowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Intensity{Max: rapid.IntRange(-1, 6).Draw(t, "max"), Within: time.Duration(rapid.IntRange(0, 20).Draw(t, "within"))}
		w := NewWindow(in)
		var all []time.Time
		now := time.Unix(0, 0)
		count := func() (n int) {
			for _, at := range all {
				if now.Sub(at) <= in.Within {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "gap")))
			all = append(all, now)
			if got, want := w.Add(now), count() > max(in.Max, 0); got != want {
				t.Fatalf("exceeded %v, want %v: %v", got, want, all)
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "look")))
			if got, want := w.Count(now), min(count(), max(in.Max, 0)+1); got != want {
				t.Fatalf("count %d, want %d", got, want)
			}
			if len(w.at) > 2*max(in.Max, 0)+4 {
				t.Fatalf("%d instants kept for a window of %d", len(w.at), in.Max)
			}
		}
	})
}

// TestBackoffBounds: a wait is never negative, never above its cap, never below what jitter may take off, and without
// jitter it never shrinks from one attempt to the next.
func TestBackoffBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Backoff{
			Kind:   BackoffKind(rapid.IntRange(0, 3).Draw(t, "kind")),
			First:  time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "first")),
			Step:   time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "step")),
			Factor: rapid.SampledFrom([]float64{0, 1, 1.5, 2, 1e300}).Draw(t, "factor"),
			Max:    time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "max")),
		}
		attempts := []int{-1, 0, 1, 2, 3, 10, 64, math.MaxInt32}
		var waits []time.Duration
		for _, n := range attempts {
			full := b.Delay(n, 0.7)
			waits = append(waits, full)
			j := b
			j.Jitter = rapid.Float64Range(0, 1).Draw(t, "jitter")
			got := j.Delay(n, rapid.Float64Range(0, 0.999).Draw(t, "u"))
			low := time.Duration(float64(full)*(1-j.Jitter)*(1-1e-9)) - 1
			if full < 0 || b.Max > 0 && full > b.Max || got < low || got > full {
				t.Fatalf("%+v attempt %d: %v, with jitter %v of %v", b, n, full, got, j.Jitter)
			}
		}
		if !slices.IsSorted(waits) {
			t.Fatalf("%+v: %v", b, waits)
		}
	})
}
