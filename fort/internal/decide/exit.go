package decide

import (
	"slices"
	"time"
)

// sigquit makes a Go program write its stacks and exit with status 2.
const sigquit = 3

// This file: what the end of a ward leads to.

func (m *Machine) exited(now time.Time, w *ward, ev Event) {
	m.wards = slices.DeleteFunc(m.wards, func(x *ward) bool { return x == w })
	if ev.Cause != 0 {
		w.cause = ev.Cause
	}
	switch {
	case m.ending:
		m.endedWhileEnding(w, ev.Status)
	case w.role == retired:
		m.endedRetired(w, ev.Status)
	case w.role == successor:
		m.do(Action{Kind: Crashed, Ward: w.id, Cause: w.cause})
		m.giveUpgradeUp(now, "the new version ended before it was ready")
	case w.cause == 0 && w.forwarded != 0 && diedOf(ev.Status, w.forwarded):
		// The program was sent a signal and did what it does without a fort.
		m.do(Action{Kind: Ended, Ward: w.id})
		m.slots[w.slot].finished = true
		m.end(now, ev.Status.Shell())
	case w.cause == 0 && ev.Status == Status{} && !m.policy.Always:
		m.do(Action{Kind: Ended, Ward: w.id})
		m.slots[w.slot].finished = true
	default:
		m.crashed(now, w, ev)
	}
	m.settle()
}

func diedOf(s Status, signal int) bool {
	return s.Signal == signal || signal == sigquit && s == Status{Code: 2}
}

// endedWhileEnding takes the exit of one that was told to end. What the guard had
// to kill is a crash still, so that somebody looks at it.
func (m *Machine) endedWhileEnding(w *ward, s Status) {
	kind := Ended
	late := w.role == current && w.phase == killed && !m.hurried && m.policy.Shutdown > 0
	if w.cause != 0 || late {
		kind = Crashed
	}
	m.do(Action{Kind: kind, Ward: w.id, Cause: w.cause})
	if m.exit == 0 && w.role == current {
		m.exit = s.Shell()
	}
}

func (m *Machine) endedRetired(w *ward, s Status) {
	kind := Ended
	if w.cause != 0 || s != (Status{}) && w.phase != killed {
		kind = Crashed
	}
	m.do(Action{Kind: kind, Ward: w.id, Cause: w.cause})
}

// crashed restarts the slot by the policy, or gives up.
func (m *Machine) crashed(now time.Time, w *ward, ev Event) {
	s := &m.slots[w.slot]
	var life time.Duration
	if !w.readyAt.IsZero() {
		life = now.Sub(w.readyAt)
	}
	row := s.streak.Next(life, m.policy.Backoff.Healthy)
	report := Action{Kind: Crashed, Ward: w.id, Cause: w.cause, Restarts: row}
	s.crashed = true
	if m.window.Add(now) {
		report.GaveUp = true
		m.do(report)
		code := ev.Status.Shell()
		if code == 0 {
			code = 1 // it failed, whatever it says
		}
		m.end(now, code)
		return
	}
	// The first crash in a row is answered at once: that is what a fort is for. The
	// backoff is for what crashes again.
	if row > 1 {
		report.Delay = m.policy.Backoff.Delay(row-1, ev.Jitter)
	}
	report.Waits = true
	m.do(report)
	s.waits, s.due = true, now.Add(report.Delay)
	if report.Delay <= 0 {
		m.start(now, w.slot, current)
	}
}

// settle looks whether there is anything left to do.
func (m *Machine) settle() {
	if m.draining && !slices.ContainsFunc(m.wards, func(w *ward) bool { return w.role == retired }) {
		m.draining = false
		m.do(Action{Kind: DropSockets})
	}
	if len(m.wards) > 0 || !m.ending && slices.ContainsFunc(m.slots, func(s slot) bool { return !s.finished }) {
		return
	}
	m.over = true
	m.do(Action{Kind: End, Exit: m.exit})
}
