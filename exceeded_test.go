package bastion_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// retryPause is shorter than rigLimit, which counts in a bubble, too.
const retryPause = 20 * time.Second

// failTwice fails a child that is allowed one failure.
func (r *rig) failTwice(ref bastion.Ref) {
	r.t.Helper()
	for range 2 {
		if err := ref.Tell(r.t.Context(), fail{}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestS3_GiveUpChildInsteadOfTheSupervisor(t *testing.T) {
	for _, strategy := range []bastion.Strategy{bastion.OneForOne, bastion.OneForAll, bastion.RestForOne} {
		t.Run(strategy.String(), func(t *testing.T) {
			r := rigUp(t, bastion.SupervisorSpec{
				Strategy: strategy, Intensity: bastion.Intensity{Exceeded: bastion.GiveUpChild},
				Children: []bastion.ChildSpec{{Name: "a", Start: actor()}, {Name: "b", Start: actor()}},
			})
			r.failTwice(r.child("a"))
			if e := r.await(bastion.EventStopped, "/sys/sup/a"); !errors.Is(e.Reason, errBoom) {
				t.Errorf("reason %v", e.Reason)
			}
			if inc, want := r.sync(r.child("b")), uint64(1); strategy == bastion.OneForOne && inc != want {
				t.Errorf("the sibling's incarnation is %d", inc)
			}
			if err := r.sup.Restart(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			if inc := r.sync(r.child("a")); inc != 3 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

func TestS3_RetryLaterKeepsItDownAndServesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{
			Intensity: bastion.Intensity{Max: 1, Within: time.Minute, Exceeded: bastion.RetryLater, RetryAfter: retryPause},
			Children:  []bastion.ChildSpec{{Name: "a", Start: actor()}, {Name: "b", Start: actor()}},
		})
		began := time.Now()
		r.failTwice(r.child("a"))
		if e := r.await(bastion.EventRestarting, "/sys/sup/a"); e.Delay != 0 {
			t.Errorf("the first waits %v", e.Delay)
		}
		if e := r.await(bastion.EventRestarting, "/sys/sup/a"); e.Delay != retryPause {
			t.Errorf("the second waits %v", e.Delay)
		}
		if inc := r.sync(r.child("b")); inc != 1 || time.Since(began) != 0 {
			t.Errorf("b: incarnation %d after %v", inc, time.Since(began))
		}
		if inc := r.sync(r.child("a")); inc != 3 || time.Since(began) != retryPause {
			t.Errorf("a: incarnation %d after %v", inc, time.Since(began))
		}
	})
}

func TestS3_RetryAfterIsTheWindowUnlessGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{
			Intensity: bastion.Intensity{Exceeded: bastion.RetryLater},
			Children:  []bastion.ChildSpec{{Name: "a", Start: actor(), Backoff: bastion.Constant{Delay: time.Second}}},
		})
		began := time.Now()
		r.failTwice(r.child("a"))
		if inc := r.sync(r.child("a")); inc != 3 || time.Since(began) != 6*time.Second {
			t.Errorf("incarnation %d after %v", inc, time.Since(began))
		}
	})
}

func TestS3_ExceededInGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		group := func(name string, in bastion.Intensity) bastion.ChildSpec {
			return bastion.ChildSpec{Name: name, Start: actor(), Count: 2, Intensity: in}
		}
		r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
			group("give", bastion.Intensity{Exceeded: bastion.GiveUpChild}),
			group("later", bastion.Intensity{Exceeded: bastion.RetryLater, RetryAfter: retryPause}),
		}})
		give, later := r.sup.Group("give"), r.sup.Group("later")
		r.failTwice(give.Member(0))
		if e := r.await(bastion.EventStopped, "/sys/sup/give/0"); !errors.Is(e.Reason, errBoom) || give.Len() != 1 {
			t.Errorf("reason %v, members left %d", e.Reason, give.Len())
		}
		began := time.Now()
		r.failTwice(later.Member(1))
		if inc := r.sync(later.Member(1)); inc != 3 || time.Since(began) != retryPause {
			t.Errorf("incarnation %d after %v", inc, time.Since(began))
		}
		for _, ref := range []bastion.Ref{give.Member(1), later.Member(0)} {
			if inc := r.sync(ref); inc != 1 {
				t.Errorf("%v: incarnation %d", ref, inc)
			}
		}
	})
}

func TestS3_ExceededAtTheRoot(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "a", Start: actor()}}},
		func(c *bastion.Config) { c.Intensity = bastion.Intensity{Max: -1, Exceeded: bastion.GiveUpChild} })
	r.tell("a", fail{})
	if e := r.await(bastion.EventStopped, "/sys/sup"); !errors.Is(e.Reason, errBoom) || !errors.Is(e.Reason, bastion.ErrIntensity) {
		t.Errorf("reason %v", e.Reason)
	}
	if state := r.sys.Inspector().State(); state != "running" {
		t.Errorf("the system is %s", state)
	}
}

func TestS3_BadExceeded(t *testing.T) {
	_, err := bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Intensity: bastion.Intensity{Exceeded: 3},
		Children: []bastion.ChildSpec{
			{Start: actor(), Group: true, Intensity: bastion.Intensity{Exceeded: bastion.RetryLater, RetryAfter: -1}},
			{Start: actor(), Group: true, Intensity: bastion.Intensity{RetryAfter: 1}},
			{Start: actor(), TriesWithin: time.Second},
			{Start: actor(), Tries: 1, TriesWithin: -1},
		}})
	wantFaults(t, err, "Intensity.Exceeded", "Children[0].Intensity.RetryAfter", "Children[1].Intensity.RetryAfter",
		"Children[2].TriesWithin", "Children[3].TriesWithin")
}

func TestS2_TriesInAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := bastion.ChildSpec{Name: "c", Start: actor(), Tries: 2, TriesWithin: time.Minute}
		group := spec
		group.Name, group.Count, group.Intensity = "g", 1, bastion.Unlimited
		r := rigOf(t, spec, group)
		refs := []bastion.Ref{r.child("c"), r.sup.Group("g").Member(0)}
		for inc := range uint64(6) { // two a minute are fine for ever
			for _, ref := range refs {
				if err := ref.Tell(t.Context(), fail{}); err != nil {
					t.Fatal(err)
				}
				if got := r.sync(ref); got != inc+2 {
					t.Errorf("%v: incarnation %d", ref, got)
				}
			}
			time.Sleep(31 * time.Second)
		}
		for _, ref := range refs {
			for range 3 { // the last of the six is 31 s ago
				_ = ref.Tell(t.Context(), fail{})
			}
			r.await(bastion.EventStopped, ref.Path())
		}
	})
}
