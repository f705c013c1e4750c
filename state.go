package bastion

import "sync/atomic"

// A process's state is one word: the incarnation in the upper half, the phase
// and orders in the lower. It changes only through the transitions below.
//
// Who writes: the supervisor's agenda (begin, order, condemn, fault, abandon), whoever brings an
// exit signal (strike) or the failure of a goroutine (condemn), and the owner of the mailbox
// (started, ending, ended, settle). Who reads: everybody.
type state struct{ word atomic.Uint64 }

const (
	phaseDown     = 0 // no incarnation; the supervisor owns the mailbox
	phaseStarting = 1
	phaseRunning  = 2
	phaseEnding   = 3
	phaseMask     = 3

	orderStop   = 1 << 2 // finish the message in hand, then stop
	orderDrain  = 1 << 3 // handle what is queued first
	orderKill   = 1 << 4 // no hook, no further message
	orderFail   = 1 << 5 // a goroutine of the incarnation has failed, or its heartbeat has, or an exit signal ends it
	abandoning  = 1 << 6 // somebody wants to abandon the incarnation
	orderSlay   = 1 << 7 // beside orderKill: by an exit signal, and so a failure
	ordersMask  = orderStop | orderDrain | orderKill | orderFail | orderSlay
	incarnation = 32 // shift
)

func phaseOf(w uint64) uint64 { return w & phaseMask }
func lifeOf(w uint64) uint32  { return uint32(w >> incarnation) }

// undisturbed is the word of an incarnation that runs and has no orders.
func undisturbed(inc uint32) uint64 { return uint64(inc)<<incarnation | phaseRunning }

// disturbed is the same question for a loop, which may receive while it starts.
func disturbed(w uint64, inc uint32) bool {
	return w&(ordersMask|abandoning) != 0 || lifeOf(w) != inc || phaseOf(w) == phaseDown
}

func (s *state) load() uint64 { return s.word.Load() }

// begin makes the next incarnation, which is starting. Agenda only, while down.
func (s *state) begin() (inc uint32) {
	inc = lifeOf(s.word.Load()) + 1
	s.word.Store(uint64(inc)<<incarnation | phaseStarting)
	return inc
}

// advance moves incarnation inc to a phase and keeps its orders. It fails when
// the incarnation was abandoned. Owner only.
func (s *state) advance(inc uint32, phase uint64) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown {
			return false
		}
		if s.word.CompareAndSwap(w, w&^phaseMask|phase) {
			return true
		}
	}
}

// end takes the last step of incarnation inc: its word is down, without orders.
// It fails when the incarnation was abandoned. Owner only.
func (s *state) end(inc uint32) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown {
			return false
		}
		if s.word.CompareAndSwap(w, uint64(inc)<<incarnation|phaseDown) {
			return true
		}
	}
}

// order adds orders to a living incarnation and reports whether there is one.
func (s *state) order(inc uint32, bits uint64) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown {
			return false
		}
		if s.word.CompareAndSwap(w, w|bits) {
			return true
		}
	}
}

// condemn orders a living incarnation to fail, and reports whether it did: not if
// that is being killed already, which is then why it ends.
func (s *state) condemn(inc uint32, bits uint64) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown || w&orderKill != 0 {
			return false
		}
		if s.word.CompareAndSwap(w, w|bits) {
			return true
		}
	}
}

// strike is condemn for an exit signal. What comes first counts: an incarnation
// that has been told to stop ends as it was told, only without draining.
func (s *state) strike(inc uint32) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown || w&orderKill != 0 {
			return false
		}
		next := w | orderFail
		if w&orderStop != 0 {
			next = w &^ orderDrain
		}
		if s.word.CompareAndSwap(w, next) {
			return true
		}
	}
}

// fault orders a running incarnation that has no orders to fail, and reports
// whether there is one. Agenda only.
func (s *state) fault(inc uint32) bool {
	return s.word.CompareAndSwap(undisturbed(inc), undisturbed(inc)|orderFail)
}

// settle is the owner's half of abandonment: after it left user code (with a
// full barrier) it asks whether it still is the owner, and if somebody was about
// to abandon it, takes that back. Exactly one of settle and abandon wins.
func (s *state) settle(inc uint32) (owner bool) {
	for {
		w := s.word.Load()
		switch {
		case lifeOf(w) != inc || phaseOf(w) == phaseDown:
			return false
		case w&abandoning == 0:
			return true
		case s.word.CompareAndSwap(w, w&^abandoning):
			return true
		}
	}
}

// abandon is the agenda's half, after order(abandoning) and after it saw the
// owner in user code. From here on the incarnation is down and fenced.
func (s *state) abandon(inc uint32) bool {
	for {
		w := s.word.Load()
		if lifeOf(w) != inc || phaseOf(w) == phaseDown || w&abandoning == 0 {
			return false
		}
		if s.word.CompareAndSwap(w, uint64(inc)<<incarnation|phaseDown) {
			return true
		}
	}
}
