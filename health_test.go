package bastion_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// wantCheck compares the problems of a check, each "path: kind".
func wantCheck(t *testing.T, what string, c bastion.Check, want ...string) {
	t.Helper()
	var got []string
	for _, p := range c.Problems {
		got = append(got, p.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || c.OK != (len(want) == 0) {
		t.Errorf("%s: OK %v, problems\n\t%s\nwant\n\t%s", what, c.OK, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (r *rig) wantReady(what string, problems ...string) {
	r.t.Helper()
	wantCheck(r.t, what+", ready", r.sys.Health().Ready, problems...)
}

func (r *rig) wantLive(what string, problems ...string) {
	r.t.Helper()
	wantCheck(r.t, what+", live", r.sys.Health().Live, problems...)
}

// gated is a loop that has started when its gate is open, and ends when the other one is.
func gated(start, end <-chan struct{}) bastion.ChildSpec {
	return bastion.ChildSpec{Name: "gated", WaitReady: true, Shutdown: bastion.UnlimitedShutdown, Start: bastion.Loop(func(ctx *bastion.Context) error {
		<-start
		ctx.Ready()
		<-ctx.Done()
		<-end
		return ctx.Err()
	})}
}

func TestH1_ThroughTheLifeOfASystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, end := make(chan struct{}), make(chan struct{})
		r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: actor()}, gated(start, end), {Name: "z", Start: actor()}}})
		r.wantReady("declared", "/sys: not started")
		r.wantLive("declared")

		started := make(chan error, 1)
		go func() { started <- r.sys.Start(context.Background()) }()
		synctest.Wait()
		r.wantReady("starting", "/sys: starting", "/sys/sup: starting", "/sys/sup/gated: starting")
		r.wantLive("starting")
		close(start)
		if err := rigRecv(t, "Start", started); err != nil {
			t.Fatal(err)
		}
		r.wantReady("running")
		r.wantLive("running")

		r.sys.LameDuck()
		r.wantReady("lame duck", "/sys: stopping")
		r.wantLive("lame duck")
		r.sync(r.child("a")) // it is served all the same

		stopped := make(chan error, 1)
		go func() { stopped <- r.sys.Stop(context.Background()) }()
		synctest.Wait()
		r.wantReady("stopping", "/sys: stopping", "/sys/sup: stopping", "/sys/sup/gated: stopping")
		r.wantLive("stopping")
		close(end)
		if err := rigRecv(t, "Stop", stopped); err != nil {
			t.Fatal(err)
		}
		r.wantReady("stopped", "/sys: stopped")
		r.wantLive("stopped", "/sys: stopped")
	})
}

// Readiness goes with the order to stop, before anything has stopped.
func TestH1_StopAndKillEndReadinessAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		open := make(chan struct{})
		close(open)
		r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{gated(open, end)}})
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // Stop must not even have waited
		stopped := make(chan error, 1)
		r.left = true
		go func() { stopped <- r.sys.Stop(ctx) }()
		synctest.Wait()
		if h := r.sys.Health(); h.Ready.OK || h.State == "running" {
			t.Errorf("%+v", h)
		}
		close(end)
		rigRecv(t, "Stop", stopped)
	})
}

func TestH1_WhatWaitsIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			{Name: "a", Start: actor()},
			{Name: "b", Start: actor(), Backoff: bastion.Constant{Delay: 10 * time.Second}},
			{Name: "tree", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "leaf", Start: actor()}}})},
		}})
		r.tell("b", fail{})
		synctest.Wait()
		r.wantReady("b waits, and its siblings with it",
			"/sys/sup/a: waiting to be restarted", "/sys/sup/b: waiting to be restarted", "/sys/sup/tree: waiting to be restarted")
		for _, p := range r.sys.Health().Ready.Problems {
			if p.Since.IsZero() || time.Since(p.Since) > 0 {
				t.Errorf("%v since %v", p, p.Since)
			}
			if p.Path == "/sys/sup/b" && (time.Until(p.Until) != 10*time.Second || !errors.Is(p.Reason, errBoom)) {
				t.Errorf("%+v", p)
			}
		}
		time.Sleep(11 * time.Second)
		r.wantReady("all are up again")
	})
}

// What is not meant to run is no problem: stopped on purpose, finished, forgotten, removed.
func TestH1_OnPurpose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		once := func() bastion.Behavior { return bastion.Loop(func(*bastion.Context) error { return nil }) }
		r := rigOf(t,
			bastion.ChildSpec{Name: "stopped", Start: actor()},
			bastion.ChildSpec{Name: "removed", Start: actor()},
			bastion.ChildSpec{Name: "waiting", Start: actor(), Backoff: bastion.Constant{Delay: time.Hour}},
			bastion.ChildSpec{Name: "transient", Start: once(), Restart: bastion.Transient},
			bastion.ChildSpec{Name: "temporary", Start: actor(), Restart: bastion.Temporary},
			bastion.ChildSpec{Name: "sent home", Start: actor(), Conditions: []bastion.Condition{{Then: bastion.StopChild}}},
			bastion.ChildSpec{Name: "g", Start: actor(), Count: 2},
		)
		for _, name := range []string{"temporary", "waiting", "sent home"} {
			r.tell(name, fail{})
		}
		synctest.Wait()
		r.wantReady("one is meant to run", "/sys/sup/waiting: waiting to be restarted")
		for what, err := range map[string]error{
			"stop": r.child("stopped").Stop(t.Context()), "stop while it waits": r.child("waiting").Stop(t.Context()),
			"remove": r.sup.Remove(t.Context(), "removed"), "member": r.sup.Group("g").Member(0).Stop(t.Context()),
		} {
			if err != nil {
				t.Error(what, err)
			}
		}
		r.wantReady("all others were stopped on purpose")
	})
}

func TestH1_GivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t,
			bastion.ChildSpec{Name: "c", Start: actor(), Tries: 1},
			bastion.ChildSpec{Name: "g", Start: actor(), Tries: 1, Count: 3, Intensity: bastion.Unlimited})
		doomed := []bastion.Ref{r.child("c"), r.sup.Group("g").Member(0), r.sup.Group("g").Member(2)}
		for _, ref := range doomed {
			for range 2 {
				if err := ref.Tell(t.Context(), fail{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		r.wantReady("given up", "/sys/sup/c: given up", "/sys/sup/g: given up")
		if p := r.sys.Health().Ready.Problems; p[0].Reason == nil || p[1].Count != 2 {
			t.Errorf("%+v", p)
		}
		if err := r.sup.Restart(t.Context(), "g"); err != nil {
			t.Fatal(err)
		}
		if err := r.child("c").Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.wantReady("one is complete again, the other meant to be down")
		if err := r.sup.Restart(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		r.tell("c", fail{})
		r.tell("c", fail{})
		synctest.Wait()
		r.wantReady("again", "/sys/sup/c: given up")
		if err := r.sup.Restart(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		r.wantReady("and up again")
	})
}

// One that was given up can be done without from now on.
func TestH1_OptionalByChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Tries: 1})
		r.tell("c", fail{})
		r.tell("c", fail{})
		synctest.Wait()
		r.wantReady("given up", "/sys/sup/c: given up")
		spec, err := r.sup.ChildSpec("c")
		if err != nil {
			t.Fatal(err)
		}
		for _, spec.Optional = range []bool{true, false} {
			if err := r.sup.ChangeChild(t.Context(), "c", spec); err != nil {
				t.Fatal(err)
			}
			r.wantReady("nobody needs it")
		}
		if err := r.sup.Restart(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		r.tell("c", fail{})
		r.tell("c", fail{})
		synctest.Wait()
		r.wantReady("it is needed again, and was given up again", "/sys/sup/c: given up")
	})
}

// What is not needed to serve does not count, nor does what stands below it.
func TestH1_Optional(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := bastion.Constant{Delay: time.Minute}
		r := rigOf(t,
			bastion.ChildSpec{Name: "c", Start: actor(), Optional: true, Backoff: slow},
			bastion.ChildSpec{Name: "g", Start: actor(), Optional: true, Backoff: slow, Count: 2, Intensity: bastion.Unlimited},
			bastion.ChildSpec{Name: "tree", Optional: true, Start: bastion.Subtree(bastion.SupervisorSpec{
				Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "leaf", Start: actor(), Backoff: slow}},
			})})
		for _, ref := range []bastion.Ref{r.child("c"), r.sup.Group("g").Member(1), r.sup.Supervisor("tree").Child("leaf")} {
			if err := ref.Tell(t.Context(), fail{}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		r.wantReady("all of them wait")
		if n := rigNode(t, r, "c"); n.State != bastion.StateWaiting {
			t.Errorf("c is %v", n.State)
		}
	})
}

// A child that is being added is not missed before it has started once.
func TestH1_WhatIsAddedIsNotMissedYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		slow := withHooks(hooked{start: func(*bastion.Context) error { <-gate; return nil }})
		r := rigOf(t, bastion.ChildSpec{Name: "g", Group: true, Start: slow, StartTimeout: time.Hour})
		var adds sync.WaitGroup
		adds.Go(func() {
			if _, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: "c", Start: slow, StartTimeout: time.Hour}); err != nil {
				t.Error(err)
			}
		})
		adds.Go(func() {
			if _, err := r.sup.Group("g").Spawn(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		r.wantReady("both start for the first time")
		close(gate)
		adds.Wait()
		r.wantReady("both are up")
	})
}

func TestH1_AHundredAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{
			Name: "g", Count: 150, Start: actor(), Intensity: bastion.Unlimited, Backoff: bastion.Constant{Delay: time.Minute},
		})
		for _, m := range r.sup.Group("g").Members() {
			if err := m.Tell(t.Context(), fail{}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if c := r.sys.Health().Ready; c.OK || len(c.Problems) != 100 || c.Omitted != 50 {
			t.Errorf("OK %v, %d listed, %d more", c.OK, len(c.Problems), c.Omitted)
		}
		time.Sleep(2 * time.Minute)
		r.wantReady("all are up again")
	})
}

// What has missed its heartbeat is not up, though it has not ended.
func TestH1_TheSilentAreNotUp(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		gate := make(chan struct{})
		spec := beating("c", kind, func(ctx *bastion.Context, msg any) error {
			if msg == "stuck" {
				stuckHere(gate)
			}
			return react(ctx, msg)
		})
		g := spec
		g.Name, g.Count = "g", 1
		r := rigOf(t, spec, g)
		r.left = true
		r.tell("c", "stuck")
		if err := r.sup.Group("g").Member(0).Tell(t.Context(), "stuck"); err != nil {
			t.Fatal(err)
		}
		pass(beatLate + time.Second)
		r.wantReady("they are silent", "/sys/sup/c: stopping", "/sys/sup/g/0: stopping")
		r.wantLive("they are silent")
		pass(11 * time.Second)
		r.wantReady("they were replaced")
		r.wantLive("what they left behind", "/sys/sup/c: abandoned", "/sys/sup/g/0: abandoned")
		close(gate)
		synctest.Wait()
		r.wantLive("it has returned")
	})
}
