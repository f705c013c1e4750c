package bastion_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// Tests that are named for what went wrong elsewhere. docs/pains.md lists them all, with those that other tests prove.

func TestBastionBug_StaleReferencesAfterARestart(t *testing.T) {
	leaveNothing(t)
	for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start}, bastion.ChildSpec{Name: "g", Count: 2, Start: start, Intensity: bastion.Unlimited})
		for _, ref := range append(r.sup.Group("g").Members(), r.child("c")) {
			for inc := uint64(1); inc < 5; inc++ {
				if got := r.sync(ref); got != inc {
					t.Errorf("%s: %v is in incarnation %d, want %d", kind, ref, got, inc)
				}
				check(ref.Tell(t.Context(), fail{}))
			}
		}
	}
}

func TestBastionBug_AStoppedTopSupervisorComesBackEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, verb := range []func(*bastion.Supervisor) error{
			func(s *bastion.Supervisor) error { return s.Stop(context.Background()) },
			func(s *bastion.Supervisor) error { return s.Kill(context.Background()) },
		} {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
			check(verb(r.sup))
			time.Sleep(time.Hour)
			if n := must(r.sys.Inspector().Node("/sys/sup")); n.State != bastion.StateStopped {
				t.Errorf("it is %v", n.State)
			}
			check(r.sys.Root().Restart(t.Context(), "sup"))
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		}
	})
}

func TestBastionBug_UserCodeRunsBeforeTheStart(t *testing.T) {
	leaveNothing(t)
	var ran atomic.Int32
	count := func(*bastion.Context) error { ran.Add(1); return nil }
	children := []bastion.ChildSpec{
		{Name: "h", Start: bastion.Handle(func() bastion.Receiver { ran.Add(1); return bastion.ReceiverFunc(react) })},
		{Name: "l", Start: bastion.Loop(func(ctx *bastion.Context) error { ran.Add(1); return serve(ctx) })},
		{Name: "c", Start: actor(), Callbacks: bastion.Callbacks{BeforeStart: count}},
	}
	r := rigOn(t, bastion.SupervisorSpec{Children: children})
	check(r.child("h").Tell(t.Context(), 1))
	if n := ran.Load(); n != 0 {
		t.Errorf("%d pieces of it ran", n)
	}
	check(r.sys.Start(t.Context()))
	for _, c := range children {
		r.sync(r.child(c.Name))
	}
	if n := ran.Load(); n != 3 {
		t.Errorf("%d ran after the start", n)
	}
}

func TestBastionBug_AStopOfADeadGroupStopsSomebodyElse(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 2, Start: actor()}, bastion.ChildSpec{Name: "c", Start: actor()})
	letters, g := r.sys.DeadLetters(0), r.sup.Group("g")
	check(g.Stop(t.Context()))
	check(g.Stop(t.Context()))
	check(g.Kill(t.Context()))
	if n, err := g.Broadcast(t.Context(), 1); n != 0 || err != nil {
		t.Errorf("%d took it, %v", n, err)
	}
	if inc := r.sync(r.child("c")); inc != 1 {
		t.Errorf("incarnation %d", inc)
	}
	c := r.child("c")
	gate := make(chan struct{})
	check(c.Tell(t.Context(), hang{gate}))
	check(c.Tell(t.Context(), "late"))
	close(gate)
	check(c.Kill(t.Context()))
	letters.Close() // it could still be read, and was not stopped with the group
	for range letters.C() {
	}
}

func TestBastionBug_FinishedMembersCollectBroadcasts(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 4, Start: actor(), Restart: bastion.Transient})
	g := r.sup.Group("g")
	check(g.Member(1).Tell(t.Context(), do(func(ctx *bastion.Context) error { return ctx.Exit(nil) })))
	r.await(bastion.EventStopped, "/sys/sup/g/1")
	if n, err := g.Broadcast(t.Context(), 1); n != 3 || err != nil || g.Len() != 3 {
		t.Errorf("%d of %d members took it, %v", n, g.Len(), err)
	}
}

func TestBastionBug_ARedundancyOfNoneIsOne(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Group: true, Start: actor()})
	if n := r.sup.Group("g").Len(); n != 0 {
		t.Errorf("%d members", n)
	}
}

func TestBastionBug_AChildThatIsNeverRestartedOrphansItsSiblings(t *testing.T) {
	for _, strategy := range []bastion.Strategy{bastion.OneForAll, bastion.RestForOne} {
		synctest.Test(t, func(t *testing.T) {
			l := &transcript{t: t}
			once := noted(l, "once")
			once.Restart = bastion.Temporary
			r := rigUp(t, bastion.SupervisorSpec{Strategy: strategy, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
				once, noted(l, "a"), noted(l, "b"),
			}})
			r.tell("once", fail{})
			synctest.Wait()
			r.tell("a", fail{})
			synctest.Wait()
			l.want("start once@1", "start a@1", "start b@1", "stop once@1 boom",
				"stop a@1 boom", "stop b@1 shutdown", "start a@2", "start b@2")
		})
	}
}

func TestBastionBug_ASubtreeIsRestartedThreeTimesAtMost(t *testing.T) {
	leaveNothing(t)
	r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "a", Start: actor()},
		{Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})},
	}})
	r.await(bastion.EventStarted, "/sys/sup/t/c")
	for inc := uint64(2); inc < 12; inc++ {
		r.tell("a", fail{})
		r.await(bastion.EventStarted, "/sys/sup/t/c")
		if got := r.sync(r.sup.Supervisor("t").Child("c")); got != inc {
			t.Fatalf("incarnation %d, want %d", got, inc)
		}
	}
}

func TestPeerPain_Goakt_StoppingOneEndsTheSupervisionOfOthers(t *testing.T) {
	leaveNothing(t)
	spec := bastion.ChildSpec{Start: actor(), Conditions: []bastion.Condition{{Is: errBoom, Then: bastion.RestartChild}}}
	a, b := spec, spec
	a.Name, b.Name = "a", "b" // they share what they can share
	r := rigOf(t, a, b)
	check(r.child("a").Stop(t.Context()))
	check(r.sup.Remove(t.Context(), "a"))
	r.tell("b", fail{})
	if inc := r.sync(r.child("b")); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
}

func TestPeerPain_Goakt_WhatIsSuspendedCannotBeStopped(t *testing.T) {
	leaveNothing(t)
	for name, verb := range map[string]func(bastion.Ref) error{
		"stop":   func(r bastion.Ref) error { return r.Stop(context.Background()) },
		"drain":  func(r bastion.Ref) error { return r.Drain(context.Background()) },
		"kill":   func(r bastion.Ref) error { return r.Kill(context.Background()) },
		"remove": func(r bastion.Ref) error { return r.Remove(context.Background()) },
	} {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Backoff: bastion.Constant{Delay: 24 * time.Hour}})
		c := r.child("c")
		check(c.Tell(t.Context(), fail{}))
		r.await(bastion.EventRestarting, "/sys/sup/c")
		check(c.Tell(t.Context(), 1))
		if err := rigIn(t, name, func() error { return verb(c) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if b := r.sys.Inspector().Books(); b.Mailboxes != 0 || b.Discarded != 1 {
			t.Errorf("%s: %v", name, b)
		}
	}
}

func TestPeerPain_Suture_ADeadlineOfSomethingElseIsNoOrderToStop(t *testing.T) {
	leaveNothing(t)
	for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
		for _, err := range []error{context.DeadlineExceeded, context.Canceled, bastion.ErrStopping} {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start, Restart: bastion.Transient})
			r.tell("c", do(func(*bastion.Context) error { return err }))
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("%s, %v: incarnation %d", kind, err, inc)
			}
		}
	}
}

func TestPeerPain_Suture_AddWhileStopping(t *testing.T) {
	leaveNothing(t)
	for range 50 {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
		added := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				_, err = r.sup.Add(context.Background(), bastion.ChildSpec{Start: looper()})
			}
			added <- err
		}()
		check(rigIn(t, "Stop", func() error { return r.sup.Stop(context.Background()) }))
		wantErr(t, "Add", rigRecv(t, "Add", added), bastion.ErrStopped)
	}
}

func TestPeerPain_Suture_GoroutinesOfWhatWasRemoved(t *testing.T) {
	r := rigOf(t)
	for range 200 {
		ref := must(r.sup.Add(t.Context(), bastion.ChildSpec{Start: looper()}))
		check(ref.Remove(t.Context()))
	}
	loops := func() int { return strings.Count(stacks(), "(*process).beginLoop") }
	eventually(t, func() bool { return loops() == 0 }, func() string { return fmt.Sprint(loops(), " of 200 are left") })
}

// What docs/pains.md names as proof is a test that is there.
func TestHousePains(t *testing.T) {
	tests := testNames(t)
	page := read(t, "docs/pains.md")
	for _, row := range regexp.MustCompile(`(?m)^\| .*\|$`).FindAllString(page, -1) {
		if named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row, -1); len(named) == 0 && !strings.HasPrefix(row, "| what") {
			t.Errorf("no test in %s", row)
		}
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		if !tests[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
	}
	for name := range tests {
		if strings.Contains(name, "Bug_") || strings.Contains(name, "Pain_") {
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s is not on the page", name)
			}
		}
	}
}
