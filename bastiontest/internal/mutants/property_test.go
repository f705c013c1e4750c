package mutants

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// options are those of all properties: everything is checked that a run can say of itself.
// Few steps are enough for any of them, so that a bug which makes a run endless is found soon; what fails is not made short.
var options = bastiontest.Options{History: true, StepLimit: 30_000, Shrink: -1}

var errBoom = errors.New("boom")

// order is a message that its receiver does.
type order func(ctx *bastion.Context) error

// question is one that its receiver answers as it is told.
type question struct {
	bastion.Returns[int]
	how func(ctx *bastion.Context, q question) error
}

func answered(ctx *bastion.Context, q question) error { return q.Reply(ctx, int(ctx.Incarnation())) }

func react(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case order:
		return m(ctx)
	case question:
		return m.how(ctx, m)
	case int:
		return nil
	}
	return ctx.Unhandled()
}

// stage is a tree of both kinds of processes, and what is noted of it.
type stage struct {
	*bastiontest.Sim
	sys  *bastion.System
	sup  *bastion.Supervisor
	said []string
}

// actor is a receiver that notes its hooks.
type actor struct {
	x *stage
}

func (a actor) Start(ctx *bastion.Context) error {
	a.x.note("start %s@%d", ctx.Self().Name(), ctx.Incarnation())
	return nil
}

func (a actor) Stop(ctx *bastion.Context, reason error) error {
	a.x.note("stop %s@%d %v", ctx.Self().Name(), ctx.Incarnation(), reason)
	return nil
}

func (a actor) Receive(ctx *bastion.Context, msg any) error { return react(ctx, msg) }

func (x *stage) note(format string, args ...any) {
	x.said = append(x.said, fmt.Sprintf(format, args...))
}

func (x *stage) handler(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Start: bastion.Handle(func() bastion.Receiver { return actor{x} })}
}

func (x *stage) loop(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Start: bastion.Loop(func(ctx *bastion.Context) (err error) {
		_ = actor{x}.Start(ctx)
		defer func() { _ = actor{x}.Stop(ctx, err) }()
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := react(ctx, msg); err != nil {
				return err
			}
		}
	})}
}

// begin starts a system with one supervisor, /sys/sup.
func begin(s *bastiontest.Sim, spec bastion.SupervisorSpec, children func(x *stage) []bastion.ChildSpec) *stage {
	s.Helper()
	x := &stage{Sim: s}
	spec.Name, spec.Children = "sup", children(x)
	x.sys = s.System(bastion.Config{Name: "sys"}, spec)
	x.sup = x.sys.Root().Supervisor("sup")
	return x
}

func both(x *stage) []bastion.ChildSpec {
	return []bastion.ChildSpec{x.handler("handler"), x.loop("loop")}
}

func (x *stage) tell(name string, msg any) {
	x.Helper()
	if err := x.sup.Child(name).Tell(x.Context(), msg); err != nil {
		x.Errorf("tell %s: %v", name, err)
	}
}

// all waits until all of them have ended.
func (x *stage) all(what string, run ...func()) {
	left := len(run)
	for i, f := range run {
		x.Go(fmt.Sprint(what, " ", i), func() {
			defer func() { left-- }()
			f()
		})
	}
	x.Until("all of: "+what, func() bool { return left == 0 })
}

// Everything that was accepted is handled, and nobody needs a timeout for that (no wakeup is lost).
func TestProperty_WhatIsSentIsHandledAtOnce(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{}, both)
		for _, name := range []string{"handler", "loop"} {
			send := func() {
				for i := range 3 {
					x.tell(name, i)
				}
			}
			then := func() {
				x.tell("handler", order(func(ctx *bastion.Context) error {
					return bastion.AskThen(ctx, x.sup.Child("loop"), question{how: answered}, func(*bastion.Context, int, error) error {
						x.note("answer")
						return nil
					})
				}))
			}
			x.all(name, send, send, then)
		}
		s.Settle()
		if b := x.sys.Inspector().Books(); b.Mailboxes+b.InHand > 0 || !slices.Contains(x.said, "answer") {
			s.Errorf("at rest: %v, %v", b, x.said)
		}
		x.stopsAtOnce()
	})
}

// An answer is taken although no message comes after it.
func TestProperty_AnswersWakeWhoIsGoingToSleep(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{}, both)
		answers := 0
		for i := 1; i <= 5; i++ {
			x.tell("handler", order(func(ctx *bastion.Context) error {
				err := bastion.AskThen(ctx, x.sup.Child("loop"), question{how: answered}, func(*bastion.Context, int, error) error {
					answers++
					return nil
				})
				_ = x.sup.Child("loop").Tell(ctx, 1) // the answer may come meanwhile
				return err
			}))
			s.Settle()
			if answers != i {
				s.Errorf("%d of %d answers were taken", answers, i)
			}
		}
	})
}

// An order to stop is obeyed at once, although no message comes after it.
func TestProperty_OrdersWakeWhoIsGoingToSleep(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, both)
		for _, name := range []string{"handler", "loop"} {
			for range 5 {
				x.all(name, func() { x.tell(name, 1); x.tell(name, 2) }, func() {
					if err := x.sup.Restart(s.Context(), name); err != nil {
						s.Error(err)
					}
				})
			}
		}
		if s.Elapsed() > 0 {
			s.Errorf("the restarts took %v", s.Elapsed())
		}
		x.stopsAtOnce()
	})
}

// stopsAtOnce holds that nobody's shutdown time is needed, and that nothing is left.
func (x *stage) stopsAtOnce() {
	x.Helper()
	before := x.Elapsed()
	if err := x.sys.Stop(context.Background()); err != nil {
		x.Errorf("Stop: %v", err)
	}
	if took := x.Elapsed() - before; took > 0 {
		x.Errorf("the stop took %v", took)
	}
	x.AssertNoLeaks(x.sys)
}

// A failure costs one message, and the next incarnation handles the rest in order.
func TestProperty_AFailureCostsOneMessage(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		var got []int
		tries := 0
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, both)
		for _, name := range []string{"handler", "loop"} {
			got, tries = nil, 0
			for i := range 5 {
				x.tell(name, order(func(*bastion.Context) error {
					if i == 2 {
						tries++
						return errBoom
					}
					got = append(got, i)
					return nil
				}))
			}
			s.Settle()
			if !slices.Equal(got, []int{0, 1, 3, 4}) || tries != 1 {
				s.Errorf("%s handled %v, and the poison %d times", name, got, tries)
			}
		}
	})
}

// What is down may fail so often and no oftener, and a backoff is waited for.
func TestProperty_BoundsAreExact(t *testing.T) {
	options.Run(t, func(s *bastiontest.Sim) {
		x := begin(s, bastion.SupervisorSpec{Intensity: bastion.Intensity{Max: 3, Within: time.Hour}}, func(x *stage) []bastion.ChildSpec {
			c := x.handler("c")
			c.Backoff = bastion.Constant{Delay: time.Minute}
			return []bastion.ChildSpec{c}
		})
		spy := s.Spy(x.sys)
		for i := 1; i <= 3; i++ {
			x.tell("c", order(func(*bastion.Context) error { return errBoom }))
			s.Sleep(time.Minute - 1)
			if n, _ := x.sys.Inspector().Node("/sys/sup/c"); n.State != bastion.StateWaiting {
				s.Errorf("after failure %d it is %v", i, n.State)
			}
			s.Sleep(1)
			s.Settle()
			if n, _ := x.sys.Inspector().Node("/sys/sup/c"); n.State != bastion.StateRunning || n.Incarnation != uint64(i+1) {
				s.Errorf("after restart %d it is %v, in incarnation %d", i, n.State, n.Incarnation)
			}
		}
		x.tell("c", order(func(*bastion.Context) error { return errBoom }))
		spy.Expect(0, bastion.EventEscalated, "/sys/sup")
	})
}
