package bastion

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// A Timer sends one message later, or one again and again. Context.SendAfter,
// SendAt, SendEvery and SetTimer make one, or System.SetTimer. Timers can be
// compared and used as map keys. The zero Timer is none: it is stopped.
type Timer struct{ t *timer }

// IsZero reports whether t is no timer.
func (t Timer) IsZero() bool { return t.t == nil }

// Stop ends the timer. When it has returned, no message of it is given to its
// receiver any more: neither one that would have been sent later, nor one that
// was sent and waits in the mailbox, which is withdrawn, and counted as such.
//
// True: there was something to stop. False: the message was given to its receiver
// or refused, or the timer had ended otherwise. Called by the receiver itself this
// is exact; on another goroutine, false may mean that the receiver is just being
// given it.
//
// From any goroutine, and as often as you like.
func (t Timer) Stop() bool { return t.t != nil && t.t.stop() }

// Due is when the timer sends its next message, on the system's clock. The zero
// Time: it has none to send, or, if it recurs, the last one still waits for its
// receiver.
func (t Timer) Due() time.Time {
	if t.t == nil {
		return time.Time{}
	}
	return t.t.next()
}

// Missed is how many messages of a recurring timer were not sent, because one was
// still waiting for the receiver when they were due. At most one waits.
func (t Timer) Missed() uint64 {
	if t.t == nil || t.t.again == nil {
		return 0
	}
	return t.t.again.missed.Load()
}

// A timer is one cache line long, and TestTimerLine holds it there: of a million
// of them each is a cache miss, and not two. It travels through the mailbox
// itself; what is handed out is its message.
//
// state changes by compare-and-swap: set to sent by the clockwork, which then
// sends it; sent to done, or back to set if it recurs, by whoever takes it out of
// the mailbox; either to stopped by Stop. So a message is handed out or withdrawn,
// never both.
type timer struct {
	state  atomic.Uint32
	queued bool  // it is in the wheel; clockwork's mu
	due    int64 // nanoseconds of the clockwork; its mu
	own    *timerOwner
	to     *process
	msg    any         // whoever brings one that does not recur from set to stopped, or from sent to done, may clear it; else constant
	again  *recurrence // nil: one message, after a time; constant
}

const (
	timerSet     = iota // it will send
	timerSent           // its message is in the mailbox, or about to be
	timerDone           // its message was handed out, or refused, for good
	timerStopped        // nothing of it is handed out any more
)

func (t *timer) pass(from, to uint32) bool { return t.state.CompareAndSwap(from, to) }

// off reports whether the wheel may forget it. Under the clockwork's mu.
func (t *timer) off() bool { return t.state.Load() != timerSet || t.own.over.Load() }

func (t *timer) stop() bool {
	c := t.own.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.own.ended() {
		return false
	}
	if !t.pass(timerSet, timerStopped) {
		return t.pass(timerSent, timerStopped)
	}
	c.unqueue(t)
	if !t.recurs() {
		t.msg = nil // it may be large, and the timer may be kept
	}
	return true
}

// waits reports whether its message, which is in the mailbox, still is to arrive.
func (t *timer) waits() bool { return t.state.Load() == timerSent && !t.own.ended() }

// plain is the message, for whoever follows messages.
func (t *timer) plain() any { return t.msg }

func (t *timer) next() time.Time {
	c := t.own.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case t.state.Load() != timerSet || t.own.ended():
		return time.Time{}
	case t.again != nil && !t.again.wall.IsZero():
		return t.again.wall
	}
	return c.base.Add(time.Duration(t.due))
}

// send puts the timer into its receiver's mailbox. w is the clockwork's worker.
func (t *timer) send(w *executor.Worker) {
	if !t.pass(timerSet, timerSent) {
		return
	}
	e := envelope{msg: t, from: t.own.p, kind: kindTimer}
	if err := t.to.sendOn(w, e); err != nil {
		t.refused(err)
	}
}

// refused counts a message that its receiver did not take: nobody who could be
// told waits for the answer to this send. A mailbox that is full is no end of what
// recurs.
func (t *timer) refused(err error) {
	why := DiscardOverflow
	if errors.Is(err, ErrStopped) {
		why = DiscardStopped
	}
	t.to.sys().books.accepted.Add(1)
	t.to.discardTimer(t, why, err)
}

// claim makes the timer in e the message that it sends. False: it was withdrawn.
func (t *timer) claim(e *envelope) bool {
	if t.own.ended() {
		t.pass(timerSent, timerStopped)
		return false
	}
	if !t.recurs() {
		if !t.pass(timerSent, timerDone) {
			return false
		}
		e.msg, t.msg = t.msg, nil
	} else {
		if !t.pass(timerSent, timerSet) {
			return false
		}
		e.msg = t.msg
		t.recur()
	}
	e.kind = kindMessage
	return true
}

// lost is told when the message was taken out of the mailbox and will not be
// handled, and reports whether it had been withdrawn before. Unless its receiver has
// stopped, one that recurs goes on.
func (t *timer) lost(why DiscardReason) (withdrawn bool) {
	if t.own.ended() {
		return true
	}
	if !t.recurs() || why == DiscardStopped || why == DiscardKilled {
		return !t.pass(timerSent, timerDone)
	}
	if !t.pass(timerSent, timerSet) {
		return true
	}
	t.recur()
	return false
}

// discardTimer counts a timer's message that will not be handled.
func (p *process) discardTimer(t *timer, why DiscardReason, reason error) {
	if t.lost(why) {
		p.sys().books.discarded[DiscardWithdrawn].Add(1)
		p.noteDiscard(&envelope{msg: t, from: t.own.p}, errWithdrawn)
		return
	}
	p.sys().books.discarded[why].Add(1)
	p.noteDiscard(&envelope{msg: t, from: t.own.p}, reason)
	p.sys().deadLetter(DeadLetter{Message: t.msg, Sender: Ref{t.own.p}, Receiver: Ref{p}, Reason: reason})
}

// sendOn sends from a task of the runtime that runs on w. It never waits for room.
func (p *process) sendOn(w *executor.Worker, e envelope) error {
	sys, l := p.sys(), w.Local().(*local)
	if l.sys != sys {
		l, w = nil, nil
		sys.point()
	}
	msg := plain(e.msg) // whoever takes it may clear it
	var err error
	switch keep := p.plan.keep; {
	case keep != nil:
		err = p.deposit(sending{l: l, w: w, patient: keep.Full != WaitForRoom}, e)
	case l != nil:
		return p.sendInside(l, w, e)
	default:
		err = p.sendOutside(e)
	}
	if sys.traces() && err == nil {
		sys.notePassage(nil, Passage{Kind: PassageSent, Message: msg, Receiver: Ref{p}})
	}
	return err
}
