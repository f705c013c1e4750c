package mailboxtest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

var errOnPurpose = errors.New("mailboxtest: failed on purpose")

// Run tests a mailbox. It fails t, in subtests, for everything that a mailbox must
// do and this one does not; see the package comment.
func Run(t *testing.T, m bastion.Mailbox) {
	for _, loop := range []bool{false, true} {
		kind := "handler"
		if loop {
			kind = "loop"
		}
		t.Run(kind, func(t *testing.T) {
			t.Run("flood", func(t *testing.T) { flood(newScene(t, m, loop)) })
			t.Run("full", func(t *testing.T) { full(newScene(t, m, loop)) })
			t.Run("failures", func(t *testing.T) { failures(newScene(t, m, loop)) })
			t.Run("stop", func(t *testing.T) { ended(newScene(t, m, loop), bastion.Ref.Stop) })
			t.Run("kill", func(t *testing.T) { ended(newScene(t, m, loop), bastion.Ref.Kill) })
			t.Run("drain", func(t *testing.T) { ended(newScene(t, m, loop), bastion.Ref.Drain) })
			t.Run("down", func(t *testing.T) { down(t, m, loop) })
		})
	}
}

// each is how many messages one sender sends in a test.
const each = 100

// tell sends one message and keeps the account.
func (s *scene) tell(ctx context.Context, m Message) error {
	err := s.receiver.Tell(ctx, m)
	switch {
	case err == nil:
		s.accepted.Add(1)
	case errors.Is(err, bastion.ErrFull), errors.Is(err, bastion.ErrStopped):
	case errors.Is(err, bastion.ErrTooLarge) && s.m.BoundBytes > 0:
	default:
		s.t.Errorf("tell: %v", err)
	}
	return err
}

// ask does so as well: a question that was answered, or that fails with the reason of a discard, was accepted.
func (s *scene) ask(ctx context.Context, m Message) {
	answer, err := bastion.Ask(ctx, s.receiver, Question{Message: m})
	if err == nil && answer != m.Number {
		s.t.Errorf("ask %+v: answered %d", m, answer)
	}
}

// flood sends as fast as it goes.
func flood(s *scene) {
	close(s.gate)
	s.crowd(func(ctx context.Context, sender int) {
		for i := range each {
			if err := s.tell(ctx, Message{sender, i}); err != nil && s.m.Full == bastion.WaitForRoom && !errors.Is(err, bastion.ErrTooLarge) {
				s.t.Errorf("a sender that waits for room got %v", err)
			}
			if i%10 == 0 {
				s.inBound()
			}
		}
	})()
	s.stop()
}

// full holds the receiver with one message in hand until all senders have sent, or wait.
func full(s *scene) {
	s.hold()
	wait := s.crowd(func(ctx context.Context, sender int) {
		for i := range each {
			_ = s.tell(ctx, Message{sender, i})
			s.inBound()
		}
	})
	if s.m.Full != bastion.WaitForRoom {
		wait()
	} else {
		s.until("waiting senders", func() bool { return int64(s.node().Senders) == s.busy.Load() })
	}
	plain := s.m.BoundBytes == 0 && s.m.Key == nil && s.m.TTL == 0 && s.m.TTLOf == nil
	if n := s.node(); plain && s.m.Bound > 0 && n.Mailbox != min(s.m.Bound, each*(processes+outside)) {
		s.t.Errorf("%d messages wait where the bound is %d", n.Mailbox, s.m.Bound)
	}
	close(s.gate)
	wait()
	s.stop()
}

// failures: the receiver fails and is restarted, and nothing is lost but what it had in hand.
func failures(s *scene) {
	s.every = 7
	close(s.gate)
	s.crowd(func(ctx context.Context, sender int) {
		for i := range each / 4 {
			_ = s.tell(ctx, Message{sender, i})
		}
	})()
	s.stop()
}

// ended: the receiver ends for good while all send and ask; everybody is told, whatever he waits for.
func ended(s *scene, order func(bastion.Ref, context.Context) error) {
	s.hold()
	wait := s.crowd(func(ctx context.Context, sender int) {
		for i := range each {
			if errors.Is(s.tell(ctx, Message{sender, i}), bastion.ErrStopped) {
				return
			}
		}
	})
	if s.m.Full == bastion.WaitForRoom {
		s.until("waiting senders", func() bool { return int64(s.node().Senders) == s.busy.Load() })
	}
	var ordered sync.WaitGroup
	ordered.Go(func() {
		if err := order(s.receiver, context.Background()); err != nil {
			s.t.Errorf("order: %v", err)
		}
	})
	s.until("the order", func() bool { return s.node().State != bastion.StateRunning })
	close(s.gate)
	s.within("the order", ordered.Wait)
	wait()
	s.ask(context.Background(), Message{-1, 1}) // refused, and not stuck
	s.stop()
}
