package bastion_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// slowly takes a second of a bubble's time.
func slowly(*bastion.Context, error) error {
	<-time.After(time.Second)
	return nil
}

// slowToStop is a child whose stop hook takes a second.
func slowToStop(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Start: withHooks(hooked{stop: slowly})}
}

func TestS8_ARestartOfWhatIsBeingStoppedWaitsForTheNewLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, slowToStop("c"))
		stopped := make(chan error, 1)
		go func() { stopped <- r.child("c").Stop(context.Background()) }()
		synctest.Wait()
		if err := r.child("c").Restart(context.Background()); err != nil {
			t.Errorf("Restart: %v", err)
		}
		if inc := r.sync(r.child("c")); inc != 2 {
			t.Errorf("incarnation %d", inc)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

func TestS8_ARestartOfWhatIsStartingWaitsForTheNewLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		r := rigOn(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			{Name: "c", Start: withHooks(hooked{
				start: func(ctx *bastion.Context) error { starts++; return slowly(ctx, nil) },
				stop:  slowly,
			})}}})
		up := make(chan error, 1)
		go func() { up <- r.sys.Start(context.Background()) }()
		synctest.Wait()
		if err := r.child("c").Restart(context.Background()); err != nil || starts != 2 {
			t.Errorf("Restart: %v, after %d starts", err, starts)
		}
		if inc, state := r.sync(r.child("c")), r.sup.Children()[0].State; inc != 2 || state != bastion.StateRunning {
			t.Errorf("incarnation %d, %v", inc, state)
		}
		if err := <-up; err != nil {
			t.Error(err)
		}
	})
}

func TestS12_AConditionForAMemberThatDoesNotStart(t *testing.T) {
	for name, spawn := range map[string]bool{"boot": false, "spawn": true} {
		t.Run(name, func(t *testing.T) {
			left := 2
			spec := bastion.ChildSpec{Name: "g", Group: true, Intensity: bastion.Unlimited,
				Conditions: []bastion.Condition{{Is: errBoom, Then: bastion.RestartChild}},
				Start: withHooks(hooked{start: func(*bastion.Context) error {
					if left--; left >= 0 {
						return errBoom
					}
					return nil
				}})}
			if !spawn {
				spec.Count = 1
			}
			r := rigOf(t, spec)
			m := r.sup.Group("g").Member(0)
			if spawn {
				var err error
				if m, err = r.sup.Group("g").Spawn(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if inc := r.sync(m); inc != 3 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

func TestS8_AChangeOfASubtreeWhileItRestarts(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "sub", Start: bastion.Subtree(bastion.SupervisorSpec{
		Callbacks: bastion.TreeCallbacks{BeforeRestart: func(context.Context, bastion.Failure) error { return nil }},
		Children:  []bastion.ChildSpec{{Name: "c", Start: actor()}}})})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			spec, err := r.sup.ChildSpec("sub")
			if err == nil {
				spec.Shutdown = time.Duration(i+1) * time.Second
				err = r.sup.ChangeChild(context.Background(), "sub", spec)
			}
			if err != nil {
				t.Error(err)
			}
		}
	}()
	for range 200 {
		if err := r.sup.Restart(context.Background(), "sub"); err != nil {
			t.Error(err)
		}
	}
	rigRecv(t, "the changes", done)
}

// A removal counts for all later lives, also if it is ordered while the supervisor is on its way down.
func TestS8_ARemovalWhileTheSupervisorEnds(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"it is being stopped": time.Second / 2, "it is down": 3 * time.Second / 2, "all are, but a callback runs": 5 * time.Second / 2,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hold := func(context.Context, string) error { <-time.After(3 * time.Second); return nil }
				r := rigOn(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
					{Name: "sub", Start: bastion.Subtree(bastion.SupervisorSpec{
						Callbacks: bastion.TreeCallbacks{AfterStart: hold},
						Children:  []bastion.ChildSpec{slowToStop("a"), slowToStop("b")}})}}})
				done := make(chan error, 2)
				go func() { done <- r.sys.Start(context.Background()) }()
				synctest.Wait() // the callback is under way
				go func() { done <- r.sup.Restart(context.Background(), "sub") }()
				<-time.After(after)
				sub := r.sup.Supervisor("sub")
				if err := sub.Remove(context.Background(), "b"); err != nil {
					t.Error(err)
				}
				for range 2 {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
				if n := sub.Count(); n.Specs != 1 || !sub.Child("b").IsZero() {
					t.Errorf("%+v after the removal", n)
				}
			})
		})
	}
}

// Who looks while something with children ends sees that, and what fails meanwhile is not said to be restarted.
func TestL10_WhatHappensWhileASubtreeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		group := slowToStop("group")
		group.Count = 2
		r := rigOf(t, group, bastion.ChildSpec{Name: "sub", Start: bastion.Subtree(bastion.SupervisorSpec{
			Children: []bastion.ChildSpec{{Name: "a", Start: actor()}, slowToStop("b")}})})
		done := make(chan error, 2)
		for _, name := range []string{"group", "sub"} {
			go func() { done <- r.sup.Restart(context.Background(), name) }()
		}
		synctest.Wait()
		for _, c := range r.sup.Children() {
			if c.State != bastion.StateStopping {
				t.Errorf("%s is %v", c.Name, c.State)
			}
		}
		if err := r.sup.Supervisor("sub").Child("a").Tell(context.Background(), fail{}); err != nil {
			t.Error(err)
		}
		if e := r.await(bastion.EventFailed, "/sys/sup/sub/a"); e.Report.Decision != "supervisor ends" {
			t.Errorf("decision %q", e.Report.Decision)
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, c := range r.sup.Children() {
			if c.State != bastion.StateRunning {
				t.Errorf("%s is %v", c.Name, c.State)
			}
		}
	})
}
