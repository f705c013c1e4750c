package decide

import "time"

// This file: what the passing of time leads to.

func (m *Machine) tick(now time.Time) {
	for i := range m.slots {
		if s := &m.slots[i]; s.waits && !s.due.After(now) {
			m.start(now, i, current)
		}
	}
	for _, w := range append([]*ward(nil), m.wards...) { // some of them may go
		m.sample(now, w)
		switch {
		case w.phase == up:
			m.watch(now, w)
		case !w.deadline.IsZero() && !w.deadline.After(now):
			m.late(now, w)
		}
	}
}

// late deals with a ward whose deadline has passed.
func (m *Machine) late(now time.Time, w *ward) {
	switch w.phase {
	case starting:
		m.unwell(now, w, NotReady, ForHealth)
	case stopping, dumping:
		m.kill(now, w)
	case killed:
		m.do(Action{Kind: Abandon, Ward: w.id})
		m.exited(now, w, Event{Kind: Exited, Ward: w.id, Status: Status{Signal: 9}})
	}
}

// sample looks at a ward's memory, in all of its life: one that starts, or was told
// to stop, can take all there is as well.
func (m *Machine) sample(now time.Time, w *ward) {
	if w.phase == killed || w.nextSample.IsZero() || w.nextSample.After(now) {
		return
	}
	w.nextSample = now.Add(m.policy.Sampling)
	m.do(Action{Kind: Measure, Ward: w.id})
}

// watch asks for signs of life. Two pings must be missed: the first may have been
// answered while this program itself did not run.
func (m *Machine) watch(now time.Time, w *ward) {
	if w.nextBeat.IsZero() || w.nextBeat.After(now) {
		return
	}
	if w.unanswered >= 2 {
		m.unwell(now, w, Hung, ForHealth)
		return
	}
	w.unanswered++
	w.nextBeat = now.Add(m.policy.Heartbeat)
	m.do(Action{Kind: Ping, Ward: w.id})
}

func (m *Machine) memory(now time.Time, w *ward, bytes int64) {
	p := &m.policy
	switch {
	case w.phase == killed:
	case p.HardMemory > 0 && bytes >= p.HardMemory:
		w.cause = HardMemory
		m.kill(now, w)
	case p.SoftMemory > 0 && bytes >= p.SoftMemory && w.phase == up:
		w.cause = SoftMemory
		m.stop(now, w, ForMemory)
	}
}

// unwell ends a ward that does not do what it should, after it told what it does.
func (m *Machine) unwell(now time.Time, w *ward, why Cause, reason StopReason) {
	w.cause = why
	if m.policy.DumpTime == 0 {
		m.stop(now, w, reason)
		return
	}
	w.phase, w.deadline = dumping, now.Add(m.policy.DumpTime)
	m.do(Action{Kind: Dump, Ward: w.id, Cause: why})
}

func (m *Machine) stop(now time.Time, w *ward, reason StopReason) {
	if w.phase == killed {
		return
	}
	if m.policy.Shutdown <= 0 {
		m.kill(now, w)
		return
	}
	w.phase, w.deadline = stopping, now.Add(m.policy.Shutdown)
	m.do(Action{Kind: Stop, Ward: w.id, Reason: reason})
}

func (m *Machine) kill(now time.Time, w *ward) {
	if w.phase == killed {
		return
	}
	w.phase, w.deadline = killed, now.Add(unkillable)
	m.do(Action{Kind: Kill, Ward: w.id, Cause: w.cause})
}
