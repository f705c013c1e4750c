package supervise

// This file: what people order (S8). An order is for one child; siblings are not touched, whatever the strategy.

func (m *Machine) order1(c *child, k EventKind) {
	switch {
	case c.goal == goalGone: // on its way out; nothing brings it back
	case k == EvStartChild:
		m.startChild(c)
	case k == EvRestartChild:
		m.restartChild(c)
	case k == EvStopChild && c.Type == Temporary, k == EvRemoveChild:
		m.takeDown(c, goalGone, WhyForgotten)
	case k == EvStopChild && c.goal != goalStopped:
		m.takeDown(c, goalStopped, WhyStopped)
	case k == EvStopChild:
		c.again = false
	}
}

func (m *Machine) startChild(c *child) {
	switch {
	case c.goal == goalUp: // up, or on its way: as OTP, which answers already_started or restarting
	case m.phase == created:
		c.goal = goalDeclared
	case c.is == down:
		m.orderUp(c)
	default: // a stop by order is under way: it is completed, then the start follows
		c.again = true
	}
}

// orderUp begins a new life of a child that is down.
func (m *Machine) orderUp(c *child) {
	c.goal, c.ordered = goalUp, true
	c.spent, c.streak = Spent{}, Streak{}
	if m.healing && m.covers(c) && m.descending() {
		m.join(c) // its siblings are down for a restart: it starts in its place among them
	}
	m.move(c)
}

// descending says whether the plan still has members to stop or to wait for. Once it starts them, whoever is ordered up
// starts at once: the order may come from a sibling that has not started before it is answered.
func (m *Machine) descending() bool {
	for _, c := range m.order {
		if c.member && (c.waiting || c.is != down && (c.bounce || c.goal != goalUp || c.is == stopping)) {
			return true
		}
	}
	return false
}

// covers says whether the failures that are being repaired would have taken c along.
func (m *Machine) covers(c *child) bool {
	return m.strategy == OneForAll || m.from != nil && m.from.pos <= c.pos
}

func (m *Machine) restartChild(c *child) {
	switch {
	case c.goal != goalUp:
		m.startChild(c)
	case c.is == down: // waiting, or its turn in a plan has not come: no wait any more, but its turn stays
		m.unwait(c)
		m.move(c)
	case c.is == stopping || c.bounce: // on its way down and up already
	default:
		m.stop(c)
	}
}

func (m *Machine) takeDown(c *child, g goal, why Why) {
	c.again = false
	if c.is == down {
		m.rest(c, g, why)
		return
	}
	c.goal = g
	m.move(c)
}
