package bastion

// restartMember carries out an order to restart one member. It is no failure and
// counts nowhere.
func (g *group) restartMember(o *order) {
	p := o.p
	switch {
	case g.phase == groupDown && !g.begun:
		o.answer(ErrNotStarted)
		return
	case g.phase == groupDown || g.phase == groupEnding:
		o.answer(ErrStopped)
		return
	}
	f := g.file(p)
	f.waiting = append(f.waiting, o)
	switch {
	case f.leaving || f.again: // on its way down already; leave answers the ones, the new start the others
	case p.owed:
		f.again = true
		g.unwell(p, ailment{kind: ProblemStopping})
		g.stopBounded(p, f, haltStop)
	case f.delay != nil: // it does not wait any longer
		f.delay.Stop()
		f.delay = nil
		g.start(p, nil)
	}
}

// stopBounded orders a member to stop and sets its shutdown time running.
func (g *group) stopBounded(p *process, f *memberFile, how halt) {
	switch d := g.plan.terms().shutdown(); {
	case d == BrutalKill:
		how = haltKill
	case d != UnlimitedShutdown && how != haltKill:
		if f.timer != nil {
			f.timer.Stop()
		}
		f.timer = g.after(d, event{kind: eventExpired, p: p, inc: p.ctx.Load().inc})
	}
	f.halt = how
	p.stopBy(how)
}

// restarted starts a member again that came down because that was ordered.
func (g *group) restarted(ev *event, f *memberFile) {
	f.again, f.halt, f.row = false, haltStop, 0
	f.failure = &Failure{Path: ev.p.path(), Ref: Ref{ev.p}, Incarnation: uint64(ev.inc), Reason: ev.reason}
	g.start(ev.p, ev.w)
}
