package bastiontest

import (
	"context"
	"errors"

	"github.com/bastion-go/bastion"
)

// Tell makes a message with a Mark, tells it to the process, and records both. It
// is to.Tell for those who keep a history; the errors are the same.
func (h *History) Tell(ctx context.Context, to bastion.Ref, message func(Mark) any) error {
	m := h.Sending(ctx, to)
	err := to.Tell(ctx, message(m))
	m.Sent(err)
	return err
}

// Asked is bastion.Ask for those who keep a history: question makes the question
// with its Mark.
func Asked[A any, Q bastion.Question[A]](ctx context.Context, h *History, to bastion.Ref, question func(Mark) Q) (A, error) {
	m := h.Asking(ctx, to)
	answer, err := bastion.Ask[A](ctx, to, question(m))
	m.Resolved(0, err)
	return answer, err
}

// Received records that the process of ctx has msg in hand, if that carries a Mark:
// for loops, with what Recv returned, and for handlers that are not made by Handle.
func (h *History) Received(ctx *bastion.Context, msg any) {
	if m, ok := msg.(Marked); ok {
		m.HistoryMark().Received(ctx)
	}
}

// Handle is bastion.Handle for those who keep a history: all that the receivers get
// is recorded before they do. Start and stop hooks are those of what factory makes.
func (h *History) Handle(factory func() bastion.Receiver) bastion.Behavior {
	if factory == nil {
		return bastion.Handle(nil)
	}
	return bastion.Handle(func() bastion.Receiver {
		inner := factory()
		if inner == nil {
			return nil
		}
		r := recorded{h, inner}
		starter, starts := inner.(bastion.Starter)
		stopper, stops := inner.(bastion.Stopper)
		switch {
		case starts && stops:
			return struct {
				recorded
				bastion.Starter
				bastion.Stopper
			}{r, starter, stopper}
		case starts:
			return struct {
				recorded
				bastion.Starter
			}{r, starter}
		case stops:
			return struct {
				recorded
				bastion.Stopper
			}{r, stopper}
		}
		return r
	})
}

// recorded is a receiver whose messages are recorded.
type recorded struct {
	h     *History
	inner bastion.Receiver
}

func (r recorded) Receive(ctx *bastion.Context, msg any) error {
	r.h.Received(ctx, msg)
	return r.inner.Receive(ctx, msg)
}

// Letters records what goes to the dead letters, until the subscription ends (it
// does when the system has stopped) or ctx does. Run it on a goroutine of its own,
// or after the end. Of a watcher that missed some, the history no longer says of
// accepted messages that they are nowhere.
func (h *History) Letters(ctx context.Context, letters *bastion.Subscription[bastion.DeadLetter]) {
	for {
		d, err := letters.Next(ctx)
		if err != nil {
			h.mu.Lock()
			h.missed += letters.Missed()
			h.mu.Unlock()
			return
		}
		if m, ok := d.Message.(Marked); ok && errors.Is(d.Reason, bastion.ErrStopped) {
			m.HistoryMark().Discarded(d.Reason) // what was received and not understood is no discard
		}
	}
}
