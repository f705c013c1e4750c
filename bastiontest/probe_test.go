package bastiontest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

type sum struct {
	bastion.Returns[int]
	a, b int
}

func TestProbe_Expectations(t *testing.T) {
	Options{Seeds: 200}.Run(t, func(s *Sim) {
		p := s.Probe("p")
		s.Go("a", func() { _ = p.Ref().Tell(s.Context(), "a") })
		s.Go("b", func() { s.Sleep(time.Second); _ = p.Ref().Tell(s.Context(), "b") })
		s.Go("c", func() { s.Sleep(time.Second); _ = p.Ref().Tell(s.Context(), 3) })
		p.Expect(0, "a")
		p.ExpectNone(time.Second - 1)
		p.ExpectAll(time.Second, 3, "b")
		if s.Elapsed() != time.Second {
			s.Errorf("it took %v", s.Elapsed())
		}
		s.Go("asker", func() {
			if n, err := bastion.Ask(s.Context(), p.Ref(), sum{a: 1, b: 2}); n != 3 || err != nil {
				s.Errorf("%d, %v", n, err)
			}
			_ = p.Ref().Tell(s.Context(), "done")
		})
		q := ExpectType[sum](p, time.Second)
		if err := q.Reply(s.Context(), q.a+q.b); err != nil {
			s.Error(err)
		}
		p.Expect(time.Second, "done")
	})
}

func TestProbe_WhatWasNotExpectedFails(t *testing.T) {
	for name, expect := range map[string]func(p *Probe){
		"want 2":                        func(p *Probe) { p.Expect(time.Second, 2) },
		"no message within 1s":          func(p *Probe) { p.Expect(time.Second, 1, 2) },
		"want none within 1s":           func(p *Probe) { p.ExpectNone(time.Second) },
		`want one of "x"`:               func(p *Probe) { p.ExpectAll(time.Second, "x") },
		"got a int, want a string":      func(p *Probe) { ExpectType[string](p, time.Second) },
		"no message within 0s":          func(p *Probe) { p.Next(0); p.Next(0) },
		"probe_test.go:51: probe p: no": func(p *Probe) { p.Next(0); p.Next(0) },
	} {
		j := judged(t, Options{Seeds: 3}, func(s *Sim) {
			p := s.Probe("p")
			_ = p.Ref().Tell(s.Context(), 1)
			s.Settle()
			expect(p)
		})
		j.wants(t, name)
	}
}

// pair is a supervisor of two handlers that fail when they are told to.
func pair() bastion.SupervisorSpec {
	fails := handle(func(_ *bastion.Context, msg any) error {
		if err, ok := msg.(error); ok {
			return err
		}
		return nil
	})
	return bastion.SupervisorSpec{Name: "pair", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "a", Start: fails, Backoff: bastion.Constant{Delay: time.Minute}}, {Name: "b", Start: fails},
	}}
}

func TestSpy_EventsRestartsAndDeadLetters(t *testing.T) {
	Options{Seeds: 50}.Run(t, func(s *Sim) {
		sys := s.New(bastion.Config{})
		spy := s.Spy(sys)
		if _, err := sys.Supervise(pair()); err != nil {
			s.Fatal(err)
		}
		if err := sys.Start(s.Context()); err != nil {
			s.Fatal(err)
		}
		_ = s.Ref("/bastion/pair/a").Tell(s.Context(), errors.New("boom"))
		if e := spy.Expect(time.Second, bastion.EventFailed, "/bastion/pair/a"); e.Reason.Error() != "boom" {
			s.Errorf("%v", e.Reason)
		}
		s.Settle()
		s.AssertTree(sys, `
			bastion  supervisor, one for one
			  pair  supervisor, one for one
			    a  handler, waiting
			    b  handler
		`)
		_ = s.Ref("/bastion/pair/a").Tell(s.Context(), "later")
		s.Sleep(time.Hour)
		s.AssertBooks(sys)
		if n, all := spy.Restarts("/bastion/pair/a"), spy.Restarts(""); n != 1 || all != 1 {
			s.Errorf("%d restarts of a, %d in all", n, all)
		}
		b := s.Ref("/bastion/pair/b")
		if err := b.Tell(s.Context(), "lost"); err != nil {
			s.Error(err)
		}
		if err := b.Kill(s.Context()); err != nil {
			s.Error(err)
		}
		if dead := spy.DeadLetters(); len(dead) > 1 || len(dead) == 1 && dead[0].Message != "lost" {
			s.Errorf("dead letters: %v", dead)
		}
		if err := sys.Stop(context.Background()); err != nil {
			s.Error(err)
		}
		s.AssertNoLeaks(sys)
	})
}

func TestState_WhatIsNotSoFails(t *testing.T) {
	judged(t, Options{Seeds: 1}, func(s *Sim) {
		s.AssertTree(s.System(bastion.Config{}, pair()), "bastion")
	}).wants(t, "probe_test.go", "the tree is", "a  handler")
	judged(t, Options{Seeds: 1}, func(s *Sim) {
		s.AssertNoLeaks(s.System(bastion.Config{}, pair()))
	}).wants(t, "bastion is running, not stopped")
	judged(t, Options{Seeds: 1}, func(s *Sim) {
		sys := s.System(bastion.Config{}, pair())
		_ = sys.Stop(s.Context())
		s.Clock().AfterFunc(time.Hour, func() {})
		s.AssertNoLeaks(sys)
	}).wants(t, "1 timers are still set")
}
