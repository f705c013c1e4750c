package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A post is a message with everything that a mailbox may go by.
type post struct {
	text string
	rank int
	key  string
	size int
	ttl  time.Duration
}

type postQuestion struct {
	bastion.Returns[string]
	post
}

func postOf(msg any) post {
	switch m := msg.(type) {
	case post:
		return m
	case postQuestion:
		return m.post
	}
	return post{}
}

// A stuffed process has one message in hand until it is let go, and notes the posts that it gets.
type stuffed struct {
	*rig
	to  bastion.Ref
	let chan struct{}
}

// stuff starts a process, "a", with the mailbox, as a handler or as a loop.
func stuff(t *testing.T, m bastion.Mailbox, loop bool, more ...bastion.ChildSpec) *stuffed {
	t.Helper()
	s := &stuffed{let: make(chan struct{})}
	on := func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case post:
			s.note("%s", m.text)
		case postQuestion:
			s.note("%s", m.text)
			return m.Reply(ctx, m.text)
		}
		return react(ctx, msg)
	}
	start := withHooks(hooked{on: on})
	if loop {
		start = bastion.Loop(func(ctx *bastion.Context) error {
			for {
				msg, err := ctx.Recv()
				if err != nil {
					return err
				}
				if err := on(ctx, msg); err != nil {
					return err
				}
			}
		})
	}
	s.rig = rigOf(t, append([]bastion.ChildSpec{{Name: "a", Start: start, Mailbox: m}}, more...)...)
	s.to = s.child("a")
	s.hold()
	return s
}

// hold gives the process a message that it has in hand until release.
func (s *stuffed) hold() {
	in, let := make(chan struct{}), s.let
	s.tell("a", do(func(*bastion.Context) error { close(in); <-let; return nil }))
	rigRecv(s.t, "the message in hand", in)
}

// release lets the process go on, and waits until it has handled all.
func (s *stuffed) release() {
	s.t.Helper()
	close(s.let)
	s.settle()
}

func (s *stuffed) settle() {
	s.t.Helper()
	// A message that is on its way from the mailbox into the hand is seen in neither, but the books miss it.
	eventually(s.t, func() bool {
		n, b := s.look(), s.sys.Inspector().Books()
		return n.Senders == 0 && b.Mailboxes+b.InHand == 0 && b.Balanced()
	}, func() string { return fmt.Sprintf("%+v %v", s.look(), s.sys.Inspector().Books()) })
}

func (s *stuffed) look() bastion.Node {
	n, err := s.sys.Inspector().Node(s.to.Path())
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// post tells, and wants that outcome.
func (s *stuffed) post(p post, want error) {
	s.t.Helper()
	if err := s.to.Tell(context.Background(), p); !errors.Is(err, want) || (want == nil) != (err == nil) {
		s.t.Fatalf("tell %+v: %v, want %v", p, err, want)
	}
}

// ask asks on a goroutine of its own and returns where its outcome comes.
func (s *stuffed) ask(p post) <-chan error {
	s.t.Helper()
	before := s.look()
	out := make(chan error, 1)
	go func() {
		_, err := bastion.Ask(context.Background(), s.to, postQuestion{post: p})
		out <- err
	}()
	eventually(s.t, func() bool {
		now := s.look()
		return now.Mailbox+now.Senders != before.Mailbox+before.Senders || len(out) > 0 || s.lost() > 0
	}, func() string { return "the ask does not arrive" })
	return out
}

func (s *stuffed) lost() uint64 { return s.sys.Inspector().Books().Discarded }

func (s *stuffed) discarded(why bastion.DiscardReason, want uint64) {
	s.t.Helper()
	if b := s.sys.Inspector().Books(); b.Reason(why) != want {
		s.t.Errorf("discarded because of %v: %d, want %d", why, b.Reason(why), want)
	}
}

// eachKind runs a test with a handler and with a loop.
func eachKind(t *testing.T, f func(t *testing.T, loop bool)) {
	t.Run("handler", func(t *testing.T) { f(t, false) })
	t.Run("loop", func(t *testing.T) { f(t, true) })
}
