package supervise

// This file: what a child's start and end lead to.

func (m *Machine) started(c *child) {
	c.trial = false
	if c.is != starting {
		return // told to stop meanwhile: its end is what counts
	}
	c.is, c.ordered = up, false
	m.arrived(c)
	if c.goal == goalUp && !c.bounce {
		m.leave(c)
	}
}

// exited takes the end of an incarnation, or a start that failed.
func (m *Machine) exited(c *child, ev Event) {
	was := c.is
	if was == down {
		return
	}
	c.is = down
	if was == stopping {
		m.stopping--
	}
	queued := c.bounce || c.goal != goalUp // its stop is decided, but its turn has not come
	c.bounce = false
	switch {
	case was == stopping || m.phase == ending:
		m.settle(c)
	case queued && !overrides(ev.Outcome):
		// As in OTP its own reason is void: five children that die of one cause are one failure.
		m.settle(c)
	case was == starting:
		m.startFailed(c, ev)
	default:
		m.judge(c, ev, Decide(c.Type, ev.Class, ev.Outcome, c.Tries, c.spent.Count(m.now, c.TriesWithin)))
	}
}

// overrides says whether an outcome counts even for a child that is queued for its stop: it was not told yet, and
// someone has said what this very exit means.
func overrides(o Outcome) bool {
	return o == OutcomeStop || o == OutcomeEscalate || o == OutcomeStopSystem
}

// startFailed applies S7: fatal at boot, reported if ordered, otherwise one more failure.
func (m *Machine) startFailed(c *child, ev Event) {
	plain := ev.Outcome == OutcomeDefault
	switch {
	case c.first && (plain || ev.Outcome == OutcomeEscalate):
		m.emit(Action{Kind: ActBootFailed, ID: c.ID})
		m.finish(EndBootFailed)
	case c.ordered && plain && c.trial:
		m.rest(c, goalGone, WhyStartFailed) // as in OTP it was never there
	case c.ordered && plain:
		m.rest(c, goalFinished, WhyStartFailed) // as in OTP: nobody wants it down
	default:
		m.judge(c, ev, Decide(c.Type, ClassAbnormal, ev.Outcome, c.Tries, c.spent.Count(m.now, c.TriesWithin)))
	}
}

// judge carries out a verdict on a child that is down.
func (m *Machine) judge(c *child, ev Event, v Verdict) {
	switch v {
	case VerdictRestart:
		m.failed(c, ev)
	case VerdictFinish:
		m.rest(c, goalFinished, WhyFinished)
	case VerdictForget:
		m.rest(c, goalGone, WhyForgotten)
	case VerdictStop:
		m.rest(c, goalStopped, WhyStopped)
	case VerdictGiveUp:
		m.rest(c, goalStopped, WhyGivenUp)
	case VerdictEscalate:
		m.giveUp(c, EndEscalated)
	case VerdictStopSystem:
		m.giveUp(c, EndStopSystem)
	}
	if c.goal != goalUp {
		m.autoShutdown(c)
	}
}

// failed counts a failure and lets the strategy name those who restart with c.
func (m *Machine) failed(c *child, ev Event) {
	attempt := c.streak.Next(ev.Up, c.Backoff.Healthy)
	wait := c.Backoff.Delay(attempt, ev.Jitter)
	if m.window.Add(m.now) {
		switch m.intensity.Exceeded {
		case GiveChildUp:
			m.rest(c, goalStopped, WhyGivenUp)
			return
		case RetryLater:
			wait = max(wait, m.intensity.RetryAfter)
		default:
			m.giveUp(c, EndIntensity)
			return
		}
	}
	c.spent.Add(m.now, c.Tries, c.TriesWithin)
	m.emit(Action{Kind: ActRestarting, ID: c.ID, Attempt: attempt, Count: m.window.Count(m.now), For: wait})
	if wait > 0 {
		c.waiting = true
		m.emit(Action{Kind: ActDelay, ID: c.ID, For: wait})
	}
	switch m.strategy {
	case OneForAll:
		m.restartTogether(c, m.order)
	case RestForOne:
		m.restartTogether(c, m.order[c.pos:])
	default:
		m.move(c)
	}
}

// restartTogether brings the failed child and its siblings into the plan (S5).
func (m *Machine) restartTogether(failed *child, set []*child) {
	if !m.healing || m.from == nil || failed.pos < m.from.pos {
		m.from = failed
	}
	m.healing = true
	for _, c := range set {
		switch {
		case c.goal == goalFinished:
			c.goal = goalUp // OTP starts all that is in the table
			m.join(c)
		case c.is != down && c.goal == goalUp:
			c.bounce = c.is != stopping
			if c.Type == Temporary {
				c.goal = goalGone // OTP: stopped, and not started again
			}
			m.join(c)
		case c.is != down || c.goal == goalUp: // being stopped by order; or waiting, or not yet started
			m.join(c)
		}
	}
}

// rest leaves a child down for good, in the meaning of g and why.
func (m *Machine) rest(c *child, g goal, why Why) {
	if c.Type == Temporary {
		g, why = goalGone, WhyForgotten
	}
	c.goal = g
	m.arrived(c)
	m.unwait(c)
	m.leave(c)
	again := c.again && g != goalGone // it may have become temporary meanwhile
	c.bounce, c.ordered, c.again = false, false, false
	c.closed = true
	m.emit(Action{Kind: ActDown, ID: c.ID, Why: why, Again: again})
	switch {
	case g == goalGone:
		m.unlist(c)
		delete(m.byID, c.ID)
	case again:
		m.orderUp(c)
	}
}

// settle goes on with a child that has come down because it was told to.
func (m *Machine) settle(c *child) {
	switch {
	case c.goal == goalGone:
		m.rest(c, goalGone, WhyForgotten)
	case m.phase == ending: // the end goes through all of them
	case c.goal == goalStopped:
		m.rest(c, goalStopped, WhyStopped)
	default:
		m.move(c)
	}
}

// giveUp announces the failure of the supervisor at the moment of decision.
func (m *Machine) giveUp(c *child, why End) {
	m.emit(Action{Kind: ActGiveUp, ID: c.ID, End: why})
	m.finish(why)
}

// autoShutdown ends the supervisor if the end of c asks for it (S9). As in OTP a child that waits for its restart
// counts as running.
func (m *Machine) autoShutdown(c *child) {
	if !c.Significant || m.auto == Never || m.phase == ending {
		return
	}
	if m.auto == AllSignificant {
		for _, s := range m.order {
			if s.Significant && (s.is != down || s.goal == goalUp) {
				return
			}
		}
	}
	if m.phase == booting { // as in OTP, where the boot hears of no exit before it is through
		m.due = true
		return
	}
	m.finish(EndAutoShutdown)
}
