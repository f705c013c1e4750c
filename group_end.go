package bastion

import "slices"

// obey carries out an order of the API.
func (g *group) obey(o *order) {
	switch {
	case o.kind == orderSpawn:
		g.spawn(o)
	case o.p.index >= uint32(len(g.members)) || g.members[o.p.index] != o.p:
		o.answer(o.afterwards()) // it has left already
	case o.kind == orderRestart:
		g.restartMember(o)
	case g.phase == groupDown:
		g.leave(o.p, Failure{}, nil)
		o.answer(nil)
	default:
		g.stopMember(o)
	}
}

// spawn adds a member to a group that is up.
func (g *group) spawn(o *order) {
	switch {
	case g.phase == groupDown && !g.begun:
		o.answer(ErrNotStarted)
		return
	case g.phase != groupUp:
		o.answer(ErrStopped)
		return
	}
	g.mu.Lock()
	index := uint32(len(g.members))
	if n := len(g.free); n > 0 {
		index = g.free[n-1]
		g.free = g.free[:n-1]
	} else {
		g.members = append(g.members, nil)
	}
	p := newProcess(g.plan, index)
	_, hook := o.user.(Starter)
	ready := o.user != nil && !hook
	p.apart = !ready
	p.grown = true
	g.members[index] = p
	g.edition.Add(1)
	g.mu.Unlock()
	o.p = p
	g.live++
	p.user = o.user
	if ready {
		p.adopt()
		p.emitFor(EventStarted, 1, nil)
		o.answer(nil)
		return
	}
	f := g.file(p)
	f.starting = true
	f.waiting = append(f.waiting, o)
	if d := g.plan.terms().StartTimeout; d > 0 {
		f.timer = g.after(d, event{kind: eventStartTimeout, p: p, inc: 1})
	}
	p.begin(nil, nil, false)
}

// stopMember ends one member for good.
func (g *group) stopMember(o *order) {
	p := o.p
	if g.phase == groupUp && p.stopIdle(o.halt == haltDrain) {
		g.live--
		g.leave(p, Failure{Reason: ErrShutdown}, nil)
		o.answer(nil)
		return
	}
	g.setApart(p, true)
	f := g.file(p)
	f.waiting = append(f.waiting, o)
	if !p.owed {
		// Between two lives, or not reached by the boot yet: it will have no other.
		if f.delay != nil {
			f.delay.Stop()
		}
		g.leave(p, Failure{}, nil)
		g.proceed(&event{p: p})
		return
	}
	if f.leaving && o.halt != haltKill {
		return
	}
	f.leaving, f.again = true, false
	g.stopBounded(p, f, o.halt)
}

// memberEnding bounds the end of a member that nobody has told to end (contract L7).
func (g *group) memberEnding(ev *event) {
	p, d := ev.p, g.plan.terms().shutdown()
	if f := g.files[p]; g.phase == groupEnding || f != nil && (f.leaving || f.again) || !p.bound(ev.inc) {
		return
	}
	f := g.file(p)
	g.unwell(p, ailment{kind: ProblemStopping})
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	switch d {
	case BrutalKill:
		p.kill()
		return
	case UnlimitedShutdown:
		return
	}
	f.timer = g.after(d, event{kind: eventExpired, p: p, inc: ev.inc})
}

// leave takes a member that is down out of the group. failed is for those who
// wait for its start.
func (g *group) leave(p *process, last Failure, failed error) {
	why := DiscardStopped
	f := g.files[p]
	if f != nil {
		g.heal(&f.ailment)
	}
	if f != nil && f.halt == haltKill {
		why = DiscardKilled
	}
	g.mu.Lock()
	g.members[p.index] = nil
	g.free = append(g.free, p.index)
	g.edition.Add(1)
	g.mu.Unlock()
	delete(g.files, p)
	if failed == nil {
		failed = ErrStopped
	}
	if f != nil {
		last.Restarts = f.row
	}
	end := passing{why: why, reason: last.Reason, last: last}
	if f != nil {
		end.told = func() {
			f.waiting.down(failed)
		}
	}
	p.dispose(end)
}

// timed deals with what a timer of a member has posted.
func (g *group) timed(ev *event) {
	if ev.p == nil { // the group's own
		if ev.inc == g.lives {
			g.haltAll(haltKill)
		}
		return
	}
	f := g.files[ev.p]
	if f == nil || g.phase == groupDown {
		return
	}
	switch {
	case ev.kind == eventDue && f.delay != nil && lifeOf(ev.p.state.load()) == ev.inc:
		f.delay = nil
		if g.phase != groupEnding {
			g.start(ev.p, nil)
		}
	case f.timer == nil || ev.p.ctx.Load().inc != ev.inc:
	case ev.kind == eventExpired:
		f.timer = nil
		ev.p.kill()
	case ev.kind == eventStartTimeout:
		f.timer, f.late = nil, true
		ev.p.kill()
	}
}

// haltAll stops all members together. The shutdown time is the parent's to keep:
// when it is over, the parent calls again, with haltKill.
func (g *group) haltAll(how halt) {
	if g.phase == groupDown {
		return
	}
	if g.phase == groupEnding && how != haltKill {
		return
	}
	g.how = max(g.how, how)
	g.life.callOff(how)
	g.stopAll()
}

// giveUp ends the group because a member failed once too often.
func (g *group) giveUp(why error, result Outcome) {
	g.sys.emit(Event{Kind: EventEscalated, Path: g.path, Reason: why})
	g.end(why, result)
}

// end ends the group because of a member.
func (g *group) end(why error, result Outcome) {
	if g.why == nil {
		g.why, g.result = why, result
	}
	switch d := g.plan.terms().shutdown(); d {
	case BrutalKill:
		g.how = haltKill
	case UnlimitedShutdown:
	default:
		g.timer = g.after(d, event{kind: eventExpired, inc: g.lives})
	}
	g.stopAll()
}

func (g *group) stopAll() {
	g.phase = groupEnding
	g.mu.Lock()
	g.up, g.closing = false, true
	g.mu.Unlock()
	for _, f := range g.files {
		if f.delay != nil {
			f.delay.Stop()
			f.delay = nil
		}
	}
	for _, p := range g.members {
		switch {
		case p == nil || !p.owed:
		case p.stopIdle(g.how == haltDrain):
			g.live--
		default:
			p.stopBy(g.how)
		}
	}
	g.endIfDown()
}

// endIfDown reports the end of the group once no member lives.
func (g *group) endIfDown() {
	if g.live > 0 || g.life.rite != nil {
		return
	}
	g.phase = groupDown
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	g.mu.Lock()
	members := slices.Clone(g.members)
	g.mu.Unlock()
	for _, p := range members {
		if p != nil && p.grown { // gone with this life, as in OTP, whatever number it has
			g.leave(p, Failure{Reason: ErrShutdown}, nil)
		}
	}
	g.mu.Lock()
	g.members = g.members[:min(g.plan.terms().Count, len(g.members))]
	g.vacate()
	g.alive = false
	g.mu.Unlock()
	g.heal(&g.lost)
	for _, f := range g.files {
		g.heal(&f.ailment)
		f.waiting.down(ErrStopped)
		if f.timer != nil {
			f.timer.Stop()
		}
	}
	g.files = nil
	reason := g.why
	if reason == nil {
		reason = ErrShutdown
		if g.how == haltKill {
			reason = ErrKilled
		}
	}
	g.report(event{
		kind: eventExited, inc: uint32(g.restarts + 1), reason: reason, outcome: g.result,
		report: g.crash(g.why, g.restarts, g.since), up: g.sys.clock.Now().Sub(g.since),
	})
}

// publish makes the failure of a member known, with what was decided about it.
func (g *group) publish(ev *event, decision string) {
	r := ev.report
	if r == nil {
		return
	}
	r.Reason, r.Decision, r.Restarts = ev.reason, decision, g.window.Count(g.sys.clock.Now())
	g.sys.logCrash(r, ev.w)
	ev.p.emitFor(EventFailed, ev.inc, func(e *Event) { e.Reason, e.Report = ev.reason, r })
}
