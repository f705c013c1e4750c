package decide

import "time"

// This file: what others ask for.

// forward passes a signal on. Whoever dies of it ends the fort (see exited).
func (m *Machine) forward(signal int) {
	for _, w := range m.wards {
		w.forwarded = signal
		m.do(Action{Kind: Signal, Ward: w.id, Signal: signal})
	}
}

// Echo is how soon after the first a second signal to end is taken for the same one. Programs that pass a signal on often
// send it to a process and to its group: timeout does, and shells do.
const Echo = 500 * time.Millisecond

// finish ends the fort: the first time in order, the second time at once.
func (m *Machine) finish(now time.Time, signal int) {
	if !m.asked.IsZero() && now.Sub(m.asked) < Echo {
		return
	}
	if m.asked.IsZero() {
		m.asked = now
	}
	if m.ending {
		m.hurried = true
		for _, w := range m.wards {
			m.kill(now, w)
		}
		return
	}
	m.begin(now)
	for _, w := range m.wards {
		switch {
		case w.phase == killed:
		case m.policy.Shutdown <= 0:
			m.kill(now, w)
		default:
			w.phase, w.deadline = stopping, now.Add(m.policy.Shutdown)
			w.forwarded = signal
			m.do(Action{Kind: Signal, Ward: w.id, Signal: signal})
		}
	}
	if len(m.wards) == 0 {
		m.exit = 128 + signal // as the program would have, that is not there just now
	}
	m.settle()
}

// end stops what is left, because the fort gives up or one ward was ended from outside.
func (m *Machine) end(now time.Time, code int) {
	m.begin(now)
	m.exit = code
	for _, w := range m.wards {
		m.stop(now, w, ForEnd)
	}
}

func (m *Machine) begin(now time.Time) {
	m.giveUpgradeUp(now, "the fort ends")
	m.ending = true
	for i := range m.slots {
		m.slots[i].waits = false
	}
}

// upgrade starts a successor for each slot that has not finished.
func (m *Machine) upgrade(now time.Time) {
	switch {
	case m.ending:
		m.do(Action{Kind: Upgraded, Text: "the fort ends"})
		return
	case m.upgrading:
		m.do(Action{Kind: Upgraded, Text: "another upgrade is under way"})
		return
	}
	m.upgrading = true
	for i := range m.slots {
		if !m.slots[i].finished {
			m.start(now, i, successor)
		}
	}
}

// takeOver gives the slots to their successors once all of these are ready.
func (m *Machine) takeOver(now time.Time) {
	for _, w := range m.wards {
		if w.role == successor && w.phase != up {
			return
		}
	}
	m.upgrading, m.draining = false, true
	m.do(Action{Kind: Upgraded})
	for _, w := range m.wards {
		switch w.role {
		case current:
			w.role = retired
			m.stop(now, w, ForUpgrade)
		case successor:
			w.role = current
			s := &m.slots[w.slot]
			s.waits, s.crashed = false, false
		}
	}
	m.settle()
}

// giveUpgradeUp kills the successors, if there are any. The others stay.
func (m *Machine) giveUpgradeUp(now time.Time, why string) {
	if !m.upgrading {
		return
	}
	m.upgrading = false
	m.do(Action{Kind: Upgraded, Text: why})
	for _, w := range m.wards {
		if w.role == successor {
			w.role = retired
			m.kill(now, w)
		}
	}
}
