package bastion_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

func TestS3_TheWindowIsExact(t *testing.T) {
	for _, after := range []time.Duration{10*time.Second - 1, 10 * time.Second, 10*time.Second + 1} {
		synctest.Test(t, func(t *testing.T) {
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Intensity{Max: 2, Within: 10 * time.Second},
				Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}}, func(c *bastion.Config) { c.Intensity = bastion.NoRestarts })
			for _, wait := range []time.Duration{0, 4 * time.Second, after - 4*time.Second} {
				time.Sleep(wait)
				r.tell("c", fail{})
				synctest.Wait()
			}
			over := after <= 10*time.Second // both ends are inside
			select {
			case <-r.sys.Done():
				if !over {
					t.Errorf("%v: gave up: %v", after, r.sys.Wait())
				}
			case <-time.After(time.Second):
				if over {
					t.Errorf("%v: goes on", after)
				}
			}
		})
	}
}

func TestS3_EscalationThroughThreeLevelsSaysWhy(t *testing.T) {
	inner := bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}}
	middle := bastion.SupervisorSpec{Intensity: bastion.NoRestarts,
		Children: []bastion.ChildSpec{{Name: "inner", Start: bastion.Subtree(inner)}}}
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts,
		Children: []bastion.ChildSpec{{Name: "middle", Start: bastion.Subtree(middle)}}},
		func(c *bastion.Config) { c.Intensity = bastion.NoRestarts })
	c := r.sup.Supervisor("middle").Supervisor("inner").Child("c")
	if err := c.Tell(t.Context(), fail{}); err != nil {
		t.Fatal(err)
	}
	err := rigIn(t, "Wait", r.sys.Wait)
	if !errors.Is(err, bastion.ErrIntensity) || !errors.Is(err, errBoom) {
		t.Errorf("Wait: %v", err)
	}
	var chain []string
	for e := (*bastion.EscalationError)(nil); errors.As(err, &e); err = e.Reason {
		chain = append(chain, e.Supervisor)
	}
	if want := []string{"/sys", "/sys/sup", "/sys/sup/middle", "/sys/sup/middle/inner"}; !slices.Equal(chain, want) {
		t.Errorf("chain %q", chain)
	}
	e := r.await(bastion.EventFailed, "/sys/sup/middle/inner/c")
	if e.Report.Decision != "escalate (intensity exceeded)" {
		t.Errorf("decision %q", e.Report.Decision)
	}
	for _, path := range []string{"/sys/sup/middle/inner", "/sys/sup/middle", "/sys/sup", "/sys"} {
		r.await(bastion.EventEscalated, path)
	}
	r.await(bastion.EventSystemStopped, "/sys")
}

func TestS3_Unlimited(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()},
		bastion.ChildSpec{Name: "g", Start: actor(), Count: 1, Intensity: bastion.Unlimited})
	for range 300 {
		r.tell("c", fail{})
		if err := r.sup.Group("g").Member(0).Tell(t.Context(), fail{}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := r.sync(r.child("c")), r.sync(r.sup.Group("g").Member(0)); a != 301 || b != 301 {
		t.Errorf("incarnations %d and %d", a, b)
	}
}

func TestS6_BackoffDelays(t *testing.T) {
	const s = time.Second
	for name, row := range map[string]struct {
		backoff bastion.Backoff
		want    []time.Duration
	}{
		"constant":    {bastion.Constant{Delay: s}, []time.Duration{s, s, s, s}},
		"linear":      {bastion.Linear{First: s, Step: 2 * s, Max: 6 * s}, []time.Duration{s, 3 * s, 5 * s, 6 * s}},
		"exponential": {bastion.Exponential{First: s, Factor: 3, Max: 10 * s}, []time.Duration{s, 3 * s, 9 * s, 10 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Backoff: row.backoff},
					bastion.ChildSpec{Name: "g", Start: actor(), Count: 1, Backoff: row.backoff, Intensity: bastion.Unlimited})
				for _, ref := range []bastion.Ref{r.child("c"), r.sup.Group("g").Member(0)} {
					for _, want := range row.want {
						began := time.Now()
						if err := ref.Tell(t.Context(), fail{}); err != nil {
							t.Fatal(err)
						}
						r.sync(ref)
						if took := time.Since(began); took != want {
							t.Errorf("%v: waited %v, want %v", ref, took, want)
						}
					}
				}
			})
		})
	}
}

func TestS6_WhileOneWaitsEverythingElseIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Backoff: bastion.Constant{Delay: time.Hour}},
			bastion.ChildSpec{Name: "d", Start: actor()})
		began := time.Now()
		r.tell("c", fail{})
		r.tell("d", fail{})
		synctest.Wait()
		if inc := r.sync(r.child("d")); inc != 2 {
			t.Errorf("d: incarnation %d", inc)
		}
		if _, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: "e", Start: actor()}); err != nil {
			t.Error(err)
		}
		if n, err := r.sys.Inspector().Node("/sys/sup/c"); err != nil || n.State != bastion.StateWaiting {
			t.Errorf("c: %v, %v", n.State, err)
		}
		if err := r.sup.Restart(t.Context(), "c"); err != nil { // an order does not wait
			t.Error(err)
		}
		if inc := r.sync(r.child("c")); inc != 2 {
			t.Errorf("c: incarnation %d", inc)
		}
		r.tell("c", fail{})
		synctest.Wait()
		if err := r.child("c").Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestS12_AttemptsCountARowOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(),
			Backoff:    bastion.Constant{Delay: time.Second, Healthy: time.Minute},
			Conditions: []bastion.Condition{{Attempts: 2, Then: bastion.StopChild}}})
		for range 3 { // two in a row, an hour of health, and so on
			for range 2 {
				r.tell("c", fail{})
				r.sync(r.child("c"))
			}
			time.Sleep(time.Hour)
		}
		if inc := r.sync(r.child("c")); inc != 7 {
			t.Errorf("incarnation %d", inc)
		}
	})
}
