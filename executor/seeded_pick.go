package executor

import "runtime"

// next gives the baton to whoever the source picks. self is the caller's strand, nil if that ends; next returns when
// self has the baton again. last is the ID of what ran until now.
func (s *Seeded) next(self *strand, last uint64) {
	c, ok := s.pick(last)
	if !ok {
		if self != nil {
			runtime.Goexit()
		}
		return
	}
	to := c.strand
	if to == nil {
		to = s.carrierFor(c, self)
	}
	if to == self {
		return
	}
	s.give(to)
	if self != nil {
		self.await()
	}
}

// pick chooses what goes on. False: the run has ended.
func (s *Seeded) pick(last uint64) (Candidate, bool) {
	for !s.ended.Load() {
		s.life.Add(1)
		if s.steps++; s.steps > s.cfg.StepLimit {
			s.end(s.fault(FaultSteps, s.keptRunning(), ""))
			break
		}
		cands := s.candidates()
		if len(cands) == 0 {
			s.stall()
			continue
		}
		i := 0
		if len(cands) > 1 {
			i = s.ask(Choice{Kind: ChooseNext, N: len(cands), Ready: cands, Last: last})
		}
		c := cands[i]
		s.take(c)
		return c, true
	}
	return Candidate{}, false
}

// stall is for when nothing can go on: time does, or the run has ended, well or badly.
func (s *Seeded) stall() {
	switch {
	case s.settled():
	case s.drained:
		s.finish()
	case !s.clock.advance():
		s.end(s.fault(FaultDeadlock, s.waiting(), s.foreignStack()))
	}
}

// candidates lists what can go on: strands, then tasks, then timers that are due, each in their order.
func (s *Seeded) candidates() []Candidate {
	s.mu.Lock()
	strands := s.strands // only the holder takes from it or moves it; strangers append
	s.mu.Unlock()
	s.cands = s.cands[:0]
	for _, st := range strands {
		if st.can() { // not under mu: conditions are the layer above
			s.cands = append(s.cands, Candidate{ID: st.id, strand: st})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ready {
		s.cands = append(s.cands, Candidate{ID: s.tasks[r.t], task: r})
	}
	for _, t := range s.clock.due() {
		s.cands = append(s.cands, Candidate{ID: t.id, timer: t})
	}
	return s.cands
}

// take makes c the one that goes on.
func (s *Seeded) take(c Candidate) {
	kind, who := StepRun, any(c.strand)
	switch {
	case c.timer != nil:
		s.clock.fired(c.timer)
		kind, who = StepTimer, c.timer
	case c.strand == nil:
		s.unready(c.task.t)
		kind, who = StepSlice, c.task.t
	}
	s.recent[s.steps%recentSteps] = who
	if s.cfg.Trace != nil {
		s.cfg.Trace(Step{N: s.steps, At: s.clock.elapsed(), Kind: kind, Who: c.Name()})
	}
}
