package supervise

// This file: moving children towards their goals.

// join makes c part of the plan.
func (m *Machine) join(c *child) {
	if !c.member {
		c.member = true
		m.members++
	}
}

// leave lets c go its own way again. The last one to leave ends the plan.
func (m *Machine) leave(c *child) {
	if c.member {
		c.member = false
		m.members--
		m.healing = m.healing && m.members > 0
	}
}

// arrived notes that the boot has nothing more to wait for at c.
func (m *Machine) arrived(c *child) {
	if c.first {
		c.first = false
		m.booting--
	}
}

func (m *Machine) unwait(c *child) {
	if c.waiting {
		c.waiting = false
		m.emit(Action{Kind: ActCancelDelay, ID: c.ID})
	}
}

func (m *Machine) start(c *child) {
	c.is, c.closed = starting, false
	m.emit(Action{Kind: ActStart, ID: c.ID})
}

func (m *Machine) stop(c *child) {
	c.is = stopping
	m.stopping++
	m.emit(Action{Kind: ActStop, ID: c.ID})
}

// move takes a child that is in no plan one step towards its goal, at once and whatever the others do.
func (m *Machine) move(c *child) {
	switch {
	case c.member || m.phase == ending:
	case c.goal == goalUp && c.is == down && !c.waiting:
		m.start(c)
	case c.goal != goalUp && (c.is == up || c.is == starting):
		m.stop(c)
	}
}

// advance takes the plan one step further, and reports the boot when it is through.
func (m *Machine) advance() {
	switch {
	case m.phase == ending:
		m.advanceEnd()
		return
	case m.members > 0:
		m.advancePlan()
	}
	m.arrive()
}

// next is advance after the start or stop of one child that the plan waited for, when nothing else has happened; false:
// a look at everybody is needed.
func (m *Machine) next(c *child, stopped bool) bool {
	switch {
	case !stopped && c.is == up:
		for _, n := range m.order[c.pos+1:] {
			if n.member {
				m.start(n)
				m.turn = n
				return true
			}
		}
	case stopped && c.is == down && m.phase != ending:
		for i := c.pos - 1; i >= 0; i-- {
			if n := m.order[i]; n.member && n.doomed() {
				m.stop(n)
				m.turn = n
				return true
			}
		}
	}
	return false
}

// doomed says whether a member of the plan has to come down.
func (c *child) doomed() bool { return c.is != down && (c.bounce || c.goal != goalUp) }

// arrive reports the boot when it is through.
func (m *Machine) arrive() {
	if m.phase != booting || m.booting > 0 {
		return
	}
	m.phase = running
	m.emit(Action{Kind: ActBooted})
	if m.due {
		m.finish(EndAutoShutdown)
		m.advanceEnd()
	}
}

// advancePlan: stop in reverse, wait, start in order (S4, S5, S6). One thing at a time: while a member stops or starts,
// the plan waits, unless that member has to be stopped.
func (m *Machine) advancePlan() {
	var last, next *child // to stop, to start
	pending, waits := false, false
	for _, c := range m.order {
		switch {
		case !c.member:
		case c.is == stopping:
			return
		case c.doomed():
			last = c
		case c.is == starting:
			pending = true
		default:
			waits = waits || c.waiting
			if next == nil {
				next = c
			}
		}
	}
	switch {
	case last != nil:
		m.stop(last)
		m.turn = last
	case !pending && !waits && next != nil:
		m.start(next)
		m.turn = next
	}
}

// finish begins the end of the supervisor. The first reason stays: who is told to stop while giving up has given up.
func (m *Machine) finish(why End) {
	if m.phase == ending {
		return
	}
	m.phase, m.end, m.tail = ending, why, len(m.order)
	for _, c := range m.order {
		m.unwait(c)
	}
}

// advanceEnd stops the next child in reverse order; when none is left, it reports the end.
func (m *Machine) advanceEnd() {
	if m.stopping > 0 {
		return
	}
	for m.tail > 0 {
		c := m.order[m.tail-1]
		if c.is != down {
			m.stop(c)
			return
		}
		if !c.closed {
			c.closed = true
			m.emit(Action{Kind: ActDown, ID: c.ID, Why: WhyEnded})
		}
		m.tail--
	}
	m.emit(Action{Kind: ActEnded, End: m.end})
	m.phase = ended
}
