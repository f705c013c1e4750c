package bastion_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// family is three kinds of children between two single ones: a, a group g, a subtree t, b.
func family(l *transcript) []bastion.ChildSpec {
	return []bastion.ChildSpec{
		noted(l, "a"),
		{Name: "g", Count: 2, Start: bastion.Handle(func() bastion.Receiver {
			return &hooked{
				start: func(ctx *bastion.Context) error { l.note("start g%d@%d", ctx.Index(), ctx.Incarnation()); return nil },
			}
		})},
		{Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{noted(l, "t1"), noted(l, "t2")}})},
		noted(l, "b"),
	}
}

func TestS1_StrategiesOverEveryKindOfChild(t *testing.T) {
	for strategy, want := range map[bastion.Strategy][]string{
		bastion.OneForOne: {"stop a@1 boom", "start a@2"},
		bastion.OneForAll: {
			"stop a@1 boom", "stop b@1 shutdown", "stop t2@1 shutdown", "stop t1@1 shutdown",
			"start a@2", "start g0@2", "start g1@2", "start t1@2", "start t2@2", "start b@2",
		},
		bastion.RestForOne: {
			"stop a@1 boom", "stop b@1 shutdown", "stop t2@1 shutdown", "stop t1@1 shutdown",
			"start a@2", "start g0@2", "start g1@2", "start t1@2", "start t2@2", "start b@2",
		},
	} {
		t.Run(strategy.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &transcript{t: t}
				r := rigUp(t, bastion.SupervisorSpec{Strategy: strategy, Children: family(l)})
				l.want("start a@1", "start g0@1", "start g1@1", "start t1@1", "start t2@1", "start b@1")
				r.tell("a", fail{})
				synctest.Wait()
				l.want(want...)
			})
		})
	}
}

func TestS5_RestForOneSparesThoseBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.RestForOne, Children: []bastion.ChildSpec{
			noted(l, "a"), noted(l, "b"), noted(l, "c"), noted(l, "d"),
		}})
		l.want("start a@1", "start b@1", "start c@1", "start d@1")
		r.tell("b", fail{})
		synctest.Wait()
		l.want("stop b@1 boom", "stop d@1 shutdown", "stop c@1 shutdown", "start b@2", "start c@2", "start d@2")
	})
}

func TestS5_NoneRunsTwiceAndNoneStartsBeforeAllAreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		slow := func(name string) bastion.ChildSpec {
			return bastion.ChildSpec{Name: name, Start: withHooks(hooked{
				start: func(*bastion.Context) error { l.note("start %s", name); return nil },
				stop: func(*bastion.Context, error) error {
					time.Sleep(time.Second)
					l.note("stop %s", name)
					return nil
				},
			})}
		}
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited,
			Children: []bastion.ChildSpec{slow("a"), slow("b"), slow("c")}})
		l.want("start a", "start b", "start c")
		for _, name := range []string{"a", "b", "c"} {
			r.tell(name, fail{}) // three failures at once are one restart
		}
		time.Sleep(time.Minute)
		l.mu.Lock()
		lines := l.lines
		l.mu.Unlock()
		if len(lines) != 6 {
			t.Fatalf("%q", lines)
		}
		for i, name := range []string{"a", "b", "c"} {
			if lines[3+i] != "start "+name {
				t.Errorf("%q", lines)
			}
		}
	})
}

func TestS4_EachStartsAfterTheOneBeforeHasStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		gates := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{}), "l": make(chan struct{})}
		gated := func(name string) bastion.ChildSpec {
			return bastion.ChildSpec{Name: name, Start: withHooks(hooked{
				start: func(*bastion.Context) error { l.note("start %s", name); <-gates[name]; return nil },
				stop:  func(*bastion.Context, error) error { l.note("stop %s", name); return nil },
			})}
		}
		r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
			gated("a"), gated("b"),
			{Name: "l", WaitReady: true, Start: bastion.Loop(func(ctx *bastion.Context) error {
				l.note("start l")
				<-gates["l"]
				ctx.Ready()
				<-ctx.Done()
				l.note("stop l")
				return nil
			})},
			noted(l, "z"),
		}})
		started := make(chan error, 1)
		go func() { started <- r.sys.Start(context.Background()) }()
		for _, name := range []string{"a", "b", "l"} {
			synctest.Wait()
			l.want("start " + name)
			close(gates[name])
		}
		if err := <-started; err != nil {
			t.Fatal(err)
		}
		l.want("start z@1")
		if err := r.sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		l.want("stop z@1 shutdown", "stop l", "stop b", "stop a")
	})
}

func TestS7_FailingBootStopsWhatWasStartedInReverse(t *testing.T) {
	l := &transcript{t: t}
	r := rigOn(t, bastion.SupervisorSpec{Children: append(family(l)[:3:3], bastion.ChildSpec{
		Name: "bad", Start: withHooks(hooked{start: func(*bastion.Context) error { return errBoom }}),
	})})
	err := rigIn(t, "Start", func() error { return r.sys.Start(context.Background()) })
	var failed *bastion.StartError
	if !errors.As(err, &failed) || !errors.Is(err, errBoom) {
		t.Errorf("Start: %v", err)
	}
	l.want("start a@1", "start g0@1", "start g1@1", "start t1@1", "start t2@1",
		"stop t2@1 shutdown", "stop t1@1 shutdown", "stop a@1 shutdown")
	if err := rigIn(t, "Wait", r.sys.Wait); !errors.Is(err, errBoom) {
		t.Errorf("Wait: %v", err)
	}
}

// The two who end a system that did not boot wait for each other on a channel: on a lock, the bubble would stand still.
func TestS7_FailingBootInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{
			Name: "bad", Start: withHooks(hooked{start: func(*bastion.Context) error { return errBoom }}),
		}}})
		if err := r.sys.Start(context.Background()); !errors.Is(err, errBoom) {
			t.Errorf("Start: %v", err)
		}
	})
}

func TestS7_FailingStartDuringRestartCounts(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Intensity{Max: 3, Within: time.Hour}, Children: []bastion.ChildSpec{{
		Name: "c", Start: withHooks(hooked{start: func(ctx *bastion.Context) error {
			if ctx.Incarnation() > 1 {
				return errBoom
			}
			return nil
		}}),
	}}})
	r.tell("c", fail{})
	err := rigIn(t, "Wait", r.sys.Wait)
	if !errors.Is(err, bastion.ErrIntensity) || !errors.Is(err, errBoom) {
		t.Errorf("Wait: %v", err)
	}
}

// A group that does not start is a failed start, as a supervisor is; neither has given anything up.
func TestS7_WhatDoesNotStartHasNotGivenUp(t *testing.T) {
	for name, spec := range map[string]func(start bastion.Behavior) bastion.ChildSpec{
		"group": func(start bastion.Behavior) bastion.ChildSpec { return bastion.ChildSpec{Start: start, Count: 1} },
		"subtree": func(start bastion.Behavior) bastion.ChildSpec {
			return bastion.ChildSpec{Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "0", Start: start}}})}
		},
	} {
		bad := 0
		c := spec(withHooks(hooked{start: func(*bastion.Context) error {
			if bad--; bad >= 0 {
				return errBoom
			}
			return nil
		}}))
		c.Name = "c"
		r := rigOf(t, c)
		check(r.sup.Stop(t.Context()))
		check(r.sys.Root().Restart(t.Context(), "sup"))
		check(r.sup.Kill(t.Context()))
		bad = 1
		_ = r.sys.Root().Restart(t.Context(), "sup")
		r.stop()
		for e := range r.events.C() {
			if e.Kind == bastion.EventEscalated {
				t.Errorf("%s: %s gave up: %v", name, e.Path, e.Reason)
			}
		}
	}
}
