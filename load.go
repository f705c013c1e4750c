package bastion

import "math"

// A Load is how busy a process is, as it was read: by the time it is looked at it
// may have changed.
type Load struct {
	State   NodeState
	Mailbox int    // messages that wait
	InHand  bool   // one is being handled
	Handled uint64 // over all incarnations, those that failed not included
}

// Backlog is how many messages are before one that comes now.
func (l Load) Backlog() int {
	if l.InHand {
		return l.Mailbox + 1
	}
	return l.Mailbox
}

// Load reads how busy the process is, for whoever chooses among several. It takes
// no lock, disturbs nobody, and may be called from any goroutine. Messages are
// counted up to most, if that is above zero: it costs time to count those in a long
// mailbox. The zero Ref is idle and StateStopped.
func (r Ref) Load(most int) Load {
	if r.p == nil {
		return Load{State: StateStopped}
	}
	if most <= 0 {
		most = math.MaxInt
	}
	l := Load{State: r.p.stateOf(r.p.state.load()), Handled: r.p.handled.Load()}
	l.Mailbox, l.InHand = r.p.loadUpTo(most)
	return l
}
