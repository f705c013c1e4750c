package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

// A scene is a rig with processes that can be made to do things and note what signals they receive as messages.
type scene struct {
	*rig
	mu   sync.Mutex
	seen map[bastion.Ref][]any
}

// kind makes a behaviour of either kind out of what is to be done with a message.
type kind struct {
	name string
	make func(on func(ctx *bastion.Context, msg any) error) bastion.Behavior
}

var kinds = []kind{
	{"handler", func(on func(ctx *bastion.Context, msg any) error) bastion.Behavior {
		return bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(on) })
	}},
	{"loop", func(on func(ctx *bastion.Context, msg any) error) bastion.Behavior {
		return bastion.Loop(func(ctx *bastion.Context) error {
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
	}},
}

// eachScene runs f with processes a, p and q of that restart type, a of either kind and the others of either kind.
func eachScene(t *testing.T, restart bastion.RestartType, f func(t *testing.T, s *scene)) {
	for _, k := range kinds {
		for _, other := range kinds {
			t.Run(k.name+" and "+other.name, func(t *testing.T) {
				leaveNothing(t)
				f(t, newScene(t, restart, k, other))
			})
		}
	}
}

func newScene(t *testing.T, restart bastion.RestartType, a, others kind) *scene {
	s := &scene{seen: map[bastion.Ref][]any{}}
	s.rig = rigOf(t,
		bastion.ChildSpec{Name: "a", Restart: restart, Start: a.make(s.on)},
		bastion.ChildSpec{Name: "p", Restart: restart, Start: others.make(s.on)},
		bastion.ChildSpec{Name: "q", Restart: restart, Start: others.make(s.on)},
	)
	return s
}

func (s *scene) on(ctx *bastion.Context, msg any) error {
	switch msg.(type) {
	case bastion.Down, bastion.Exit, string:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen[ctx.Self()] = append(s.seen[ctx.Self()], msg)
		return nil
	}
	return react(ctx, msg)
}

// in has a process run f, and waits until it has.
func (s *scene) in(name string, f func(ctx *bastion.Context)) {
	s.t.Helper()
	done := make(chan struct{})
	s.tell(name, do(func(ctx *bastion.Context) error { defer close(done); f(ctx); return nil }))
	rigRecv(s.t, name, done)
}

// end has a process return an error, and waits until it is down and all are told.
func (s *scene) end(name string, err error) bastion.Event {
	s.t.Helper()
	s.tell(name, do(func(*bastion.Context) error { return err }))
	return s.down(name)
}

// down waits until a temporary child is down for good.
func (s *scene) down(name string) bastion.Event {
	s.t.Helper()
	return s.await(bastion.EventStopped, "/sys/sup/"+name)
}

// got is what a process has received, oldest first, and forgets it.
func (s *scene) got(ref bastion.Ref) string {
	s.t.Helper()
	s.sync(ref)
	var all []string
	for _, m := range s.take(ref) {
		all = append(all, signalText(m))
	}
	return strings.Join(all, ", ")
}

func (s *scene) take(ref bastion.Ref) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.seen[ref]
	delete(s.seen, ref)
	return got
}

func signalText(m any) string {
	switch m := m.(type) {
	case bastion.Down:
		return "DOWN " + reasonText(m.Reason)
	case bastion.Exit:
		return "EXIT " + reasonText(m.Reason)
	}
	return fmt.Sprint(m)
}

func reasonText(reason error) string {
	switch {
	case errors.Is(reason, bastion.ErrNoProcess):
		return "noproc"
	case errors.Is(reason, bastion.ErrNormal):
		return "normal"
	}
	if reason == nil {
		return "normal" // as events say it
	}
	return brief(reason)
}

// trapping makes a process trap exits.
func (s *scene) trapping(name string) {
	s.t.Helper()
	s.in(name, func(ctx *bastion.Context) { ctx.TrapExits(true) })
}

func (s *scene) link(from string, to bastion.Ref) {
	s.t.Helper()
	s.in(from, func(ctx *bastion.Context) {
		if err := ctx.Link(to); err != nil {
			s.t.Error("Link:", err)
		}
	})
}

func (s *scene) monitor(from string, to bastion.Ref, span bastion.Span) (m bastion.Monitor) {
	s.t.Helper()
	s.in(from, func(ctx *bastion.Context) {
		var err error
		if m, err = ctx.Monitor(to, span); err != nil {
			s.t.Error("Monitor:", err)
		}
	})
	return m
}

func (s *scene) exit(to bastion.Ref, reason error) {
	s.t.Helper()
	if err := to.Exit(context.Background(), reason); err != nil {
		s.t.Error("Exit:", err)
	}
}
