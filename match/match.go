package match

import "github.com/bastion-go/bastion"

// A Matcher gives each message to the first of its arms that takes it. It is a
// bastion.Receiver; in a loop, call its Receive with what Recv returned.
//
// It is made once, by New, and only read afterwards: a message costs a comparison
// for each arm before the one that takes it, and no allocation. The zero Matcher
// has no arms.
type Matcher struct {
	arms     []Arm
	fallback bastion.ReceiverFunc
}

// New makes a Matcher of arms, which are tried in this order, the fallback last
// wherever it stands. It panics if there are two fallbacks, or if an arm is
// zero: in a factory that is a failed start.
func New(arms ...Arm) *Matcher {
	m := new(Matcher)
	for _, a := range arms {
		switch {
		case a.take != nil:
			m.arms = append(m.arms, a)
		case a.fallback == nil:
			panic("match: a zero Arm")
		case m.fallback != nil:
			panic("match: two Fallbacks")
		default:
			m.fallback = a.fallback
		}
	}
	return m
}

// Receive calls the arm that takes msg, and returns what that returns. If none
// does, it calls the fallback; without one it is ctx.Unhandled, which sends the
// message to the dead letters and fails its question with ErrUnhandled. msg must be
// the message in hand: how it came is asked of ctx.
func (m *Matcher) Receive(ctx *bastion.Context, msg any) error {
	how := ctx.Delivery()
	for i := range m.arms {
		a := &m.arms[i]
		if !a.serves(how) {
			continue
		}
		if taken, err := a.take(ctx, msg); taken {
			return err
		}
	}
	if m.fallback != nil {
		return m.fallback(ctx, msg)
	}
	return ctx.Unhandled()
}

// Takes reports whether an arm, or the fallback, takes msg, and calls none. msg is
// the message in hand, or the one that RecvWhere asks about. So a loop waits for
// what it has arms for, and leaves the rest in its mailbox:
//
//	wanted := func(msg any) bool { return m.Takes(ctx, msg) }
//	msg, err := ctx.RecvWhere(wanted)
func (m *Matcher) Takes(ctx *bastion.Context, msg any) bool {
	how := ctx.Delivery()
	for i := range m.arms {
		if a := &m.arms[i]; a.serves(how) && a.is(msg) {
			return true
		}
	}
	return m.fallback != nil
}
