package supervise

import (
	"testing"
	"time"
)

// TestDecide is S2 and S12 as a table: what an exit means for each type.
func TestDecide(t *testing.T) {
	const (
		restart = VerdictRestart
		finish  = VerdictFinish
		forget  = VerdictForget
		stop    = VerdictStop
	)
	for _, row := range []struct {
		outcome                         Outcome
		class                           Class
		permanent, transient, temporary Verdict
	}{
		{OutcomeDefault, ClassNormal, restart, finish, forget},
		{OutcomeDefault, ClassShutdown, restart, finish, forget},
		{OutcomeDefault, ClassAbnormal, restart, restart, forget},
		{OutcomeRestart, ClassNormal, restart, restart, restart},
		{OutcomeRestart, ClassAbnormal, restart, restart, restart},
		{OutcomeStop, ClassAbnormal, stop, stop, forget},
		{OutcomeEscalate, ClassNormal, VerdictEscalate, VerdictEscalate, VerdictEscalate},
		{OutcomeStopSystem, ClassAbnormal, VerdictStopSystem, VerdictStopSystem, VerdictStopSystem},
	} {
		want := [...]Verdict{row.permanent, row.transient, row.temporary}
		for typ := Permanent; typ <= Temporary; typ++ {
			for _, tries := range []int{0, 3} {
				if got := Decide(typ, row.class, row.outcome, tries, 2); got != want[typ] {
					t.Errorf("%v %v, mapped to %v, tries %d: %v, want %v", typ, row.class, row.outcome, tries, got, want[typ])
				}
			}
			spent := want[typ]
			if spent == restart {
				spent = kept(typ, VerdictGiveUp)
			}
			if got := Decide(typ, row.class, row.outcome, 3, 3); got != spent {
				t.Errorf("%v %v, mapped to %v, no try left: %v, want %v", typ, row.class, row.outcome, got, spent)
			}
		}
	}
}

// TestDeclareAgain: a new policy for a known child counts from its next exit on; its place and its state stay.
func TestDeclareAgain(t *testing.T) {
	m, now := New(OneForOne, Intensity{Max: 1, Within: time.Second}), time.Unix(0, 0)
	m.Declare(Child{ID: 1}, 0)
	m.Declare(Child{ID: 2}, 0)
	m.Step(now, Event{Kind: EvBoot})
	m.Step(now, Event{Kind: EvStarted, ID: 1})
	m.Declare(Child{ID: 1, Type: Temporary}, 0)
	if got := m.Children(nil); got[0] != 1 {
		t.Errorf("order %v", got)
	}
	if st, _ := m.Status(1); st != StatusUp {
		t.Errorf("status %v", st)
	}
	got := m.Step(now, Event{Kind: EvExited, ID: 1, Class: ClassAbnormal})
	if len(got) != 1 || got[0].Why != WhyForgotten {
		t.Errorf("%v", got)
	}
	if n := m.Restarts(now); n != 0 {
		t.Errorf("%d restarts", n)
	}
}

// TestNames: what has no name shows its number; an unknown child has no status.
func TestNames(t *testing.T) {
	for want, got := range map[string]string{
		"give_child_up": GiveChildUp.String(), "why(200)": Why(200).String(),
		"order restart": EvRestartChild.String(), "give up": VerdictGiveUp.String(), "start #7": Action{ID: 7}.String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if _, ok := New(OneForOne, Intensity{}).Status(1); ok {
		t.Error("a child that was never declared has a status")
	}
}

// crowd returns a booted one-for-one Machine with n children.
func crowd(tb testing.TB, n int) (*Machine, time.Time) {
	tb.Helper()
	m, now := New(OneForOne, Intensity{Max: Unlimited}), time.Unix(0, 0)
	for id := range n {
		m.Declare(Child{ID: ID(id + 1)}, 0)
	}
	m.Step(now, Event{Kind: EvBoot})
	for id := range n {
		m.Step(now, Event{Kind: EvStarted, ID: ID(id + 1)})
	}
	return m, now
}

// TestStepAllocs: a restart costs the supervisor no garbage.
func TestStepAllocs(t *testing.T) {
	m, now := crowd(t, 100)
	if n := testing.AllocsPerRun(100, func() {
		m.Step(now, Event{Kind: EvExited, ID: 50, Class: ClassAbnormal})
		m.Step(now, Event{Kind: EvStarted, ID: 50})
	}); n != 0 {
		t.Errorf("%v allocations for one restart", n)
	}
}

// BenchmarkRestart is one failure and restart among 4000 children: it does not depend on their number.
func BenchmarkRestart(b *testing.B) {
	m, now := crowd(b, 4000)
	for b.Loop() {
		m.Step(now, Event{Kind: EvExited, ID: 2000, Class: ClassAbnormal})
		m.Step(now, Event{Kind: EvStarted, ID: 2000})
	}
}

// BenchmarkOneForAll is a failure that takes 4000 siblings along: each is looked at a few times, not 4000 times.
func BenchmarkOneForAll(b *testing.B) {
	m, now := crowd(b, 4000)
	m.Configure(OneForAll, Intensity{Max: Unlimited}, Never)
	for b.Loop() {
		acts := m.Step(now, Event{Kind: EvExited, ID: 2000, Class: ClassAbnormal})
		for len(acts) > 0 {
			ev := Event{Kind: EvStarted, ID: acts[len(acts)-1].ID}
			if acts[len(acts)-1].Kind == ActStop {
				ev.Kind, ev.Class = EvExited, ClassShutdown
			}
			acts = m.Step(now, ev)
		}
	}
}

// BenchmarkBoot is the boot of 4000 children, one after the other.
func BenchmarkBoot(b *testing.B) {
	for b.Loop() {
		crowd(b, 4000)
	}
}
