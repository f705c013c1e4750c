package bastion_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// beatEvery is the interval of the tests, in virtual time; a silence is noticed within a quarter of it.
const (
	beatEvery = 4 * time.Second
	beatLate  = beatEvery + beatEvery/4
)

// beating is a child with a heartbeat; kind says what it is made of.
func beating(name, kind string, on func(ctx *bastion.Context, msg any) error) bastion.ChildSpec {
	spec := bastion.ChildSpec{Name: name, Heartbeat: beatEvery, Shutdown: 10 * time.Second}
	if spec.Start = withHooks(hooked{on: on}); kind == "loop" {
		spec.Start = loopOn(on)
	}
	return spec
}

// bothBeating runs f in a bubble for a handler and for a loop.
func bothBeating(t *testing.T, f func(t *testing.T, kind string)) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { f(t, kind) }) })
	}
}

// pass lets virtual time pass; only in a bubble.
func pass(d time.Duration) { time.Sleep(d) }

// A hang that nothing reaches: noticed in time, reported with its stack, abandoned when its shutdown time is over, replaced.
func TestL12_AHangIsAFailure(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		gate := make(chan struct{})
		defer sync.OnceFunc(func() { close(gate) })()
		r := rigOf(t, beating("c", kind, func(ctx *bastion.Context, msg any) error {
			if msg == "stuck" {
				stuckHere(gate)
			}
			return react(ctx, msg)
		}))
		r.left = true
		pass(10 * beatEvery) // out of step with the watch, and idle for long
		r.tell("c", "stuck")
		began := time.Now()
		r.tell("c", do(func(*bastion.Context) error { r.note("next"); return nil }))

		e := r.await(bastion.EventSilent, "/sys/sup/c")
		if took := e.Time.Sub(began); took < beatEvery || took > beatLate {
			t.Errorf("noticed after %v, want %v to %v", took, beatEvery, beatLate)
		}
		if !strings.Contains(e.Text, "stuckHere") || e.Delay != beatEvery {
			t.Errorf("event %+v", e)
		}
		noticed := e.Time
		e = r.await(bastion.EventAbandoned, "/sys/sup/c")
		if took := e.Time.Sub(noticed); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("abandoned %v after it was noticed, shutdown time 10s", took)
		}
		e = r.await(bastion.EventFailed, "/sys/sup/c")
		if !errors.Is(e.Reason, bastion.ErrNoHeartbeat) || e.Report.Message != "stuck" || e.Incarnation != 1 {
			t.Errorf("reason %v, message %v", e.Reason, e.Report.Message)
		}
		if !strings.Contains(e.Report.Stack(), "stuckHere") || !strings.Contains(e.Report.Decision, "restart") {
			t.Errorf("report:\n%v", e.Report)
		}
		if inc := r.sync(r.child("c")); inc != 2 {
			t.Errorf("incarnation %d", inc)
		}
		r.want("next")
	})
}

// What heeds its Context ends by itself, and is a failure all the same.
func TestL12_TheContextIsCancelled(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		r := rigOf(t, beating("c", kind, func(ctx *bastion.Context, msg any) error {
			if msg == "wait" {
				<-ctx.Done()
				r := context.Cause(ctx)
				if !errors.Is(r, bastion.ErrNoHeartbeat) {
					t.Errorf("cause %v", r)
				}
				return ctx.Err()
			}
			return react(ctx, msg)
		}))
		r.tell("c", "wait")
		began := time.Now()
		e := r.await(bastion.EventFailed, "/sys/sup/c")
		if !errors.Is(e.Reason, bastion.ErrNoHeartbeat) || e.Report.Message != "wait" {
			t.Errorf("reason %v, message %v", e.Reason, e.Report.Message)
		}
		if took := e.Time.Sub(began); took < beatEvery || took > beatLate {
			t.Errorf("took %v", took)
		}
		r.sync(r.child("c"))
		if err := r.sys.Stop(t.Context()); err != nil {
			t.Error(err) // nothing was abandoned
		}
	})
}

// It was silent before it was told to stop: that is why it ends, whatever is ordered afterwards.
func TestL12_AnOrderDoesNotHideTheSilence(t *testing.T) {
	for _, how := range []string{"stop", "kill"} {
		bothBeating(t, func(t *testing.T, kind string) {
			r := rigOf(t, beating("c", kind, func(ctx *bastion.Context, msg any) error {
				if msg == "wait" {
					<-ctx.Done()
					pass(time.Second)
					return ctx.Err()
				}
				return react(ctx, msg)
			}))
			r.left = how == "kill"
			r.tell("c", "wait")
			r.await(bastion.EventSilent, "/sys/sup/c")
			ref := r.child("c")
			end := ref.Stop
			if how == "kill" {
				end = ref.Kill
			}
			if err := end(t.Context()); err != nil {
				t.Error(err)
			}
			e := r.await(bastion.EventFailed, ref.Path())
			if !errors.Is(e.Reason, bastion.ErrNoHeartbeat) || e.Report.Decision != "was being stopped" {
				t.Errorf("%v, %s", e.Reason, e.Report.Decision)
			}
			if r.await(bastion.EventStopped, ref.Path()); rigNode(t, r, "c").Incarnation != 1 {
				t.Error("it was started again")
			}
			pass(2 * time.Second) // what was abandoned has returned
		})
	}
}

// Members of a group are watched one by one, also those that were spawned.
func TestL12_Group(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		spec := beating("g", kind, func(ctx *bastion.Context, msg any) error {
			if msg == "wait" {
				<-ctx.Done()
				return ctx.Err()
			}
			return react(ctx, msg)
		})
		spec.Count, spec.Intensity = 3, bastion.Unlimited
		r := rigOf(t, spec)
		g := r.sup.Group("g")
		if _, err := g.Spawn(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{1, 3, 1} {
			if err := g.Member(i).Tell(t.Context(), "wait"); err != nil {
				t.Fatal(err)
			}
			e := r.await(bastion.EventFailed, g.Member(i).Path())
			if !errors.Is(e.Reason, bastion.ErrNoHeartbeat) {
				t.Error(e.Reason)
			}
		}
		want := []uint64{1, 3, 1, 2}
		for i, m := range g.Members() {
			if inc := r.sync(m); inc != want[i] {
				t.Errorf("member %d has incarnation %d, want %d", i, inc, want[i])
			}
		}
	})
}

// Between two lives there is nobody to be silent; the next life begins with an interval of its own.
func TestL12_Backoff(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		spec := beating("c", kind, func(ctx *bastion.Context, msg any) error {
			<-ctx.Done()
			return ctx.Err()
		})
		wait := 20 * beatEvery
		spec.Backoff = bastion.Constant{Delay: wait}
		r := rigOf(t, spec)
		began := time.Now()
		for range 3 {
			r.tell("c", "wait")
		}
		pass(3 * (beatLate + wait))
		for i := range time.Duration(3) {
			e := r.await(bastion.EventFailed, "/sys/sup/c")
			least := (i+1)*beatEvery + i*wait
			if took := e.Time.Sub(began); took < least || took > least+(i+1)*(beatLate-beatEvery) {
				t.Errorf("failure %d after %v, want %v at least", i+1, took, least)
			}
		}
	})
}

// A condition may give a hang another outcome, also where it had to be abandoned.
func TestL12_Conditions(t *testing.T) {
	for _, stuck := range []bool{false, true} {
		bothBeating(t, func(t *testing.T, kind string) {
			gate := make(chan struct{})
			defer close(gate)
			spec := beating("c", kind, func(ctx *bastion.Context, _ any) error {
				if stuck {
					stuckHere(gate)
				}
				<-ctx.Done()
				return ctx.Err()
			})
			spec.Conditions = []bastion.Condition{{Is: bastion.ErrNoHeartbeat, Then: bastion.StopSystem}}
			r := rigOf(t, spec)
			r.left = stuck
			r.tell("c", "wait")
			err := rigIn(t, "Wait", r.sys.Wait)
			if !errors.Is(err, bastion.ErrNoHeartbeat) || !errors.Is(err, bastion.ErrSystemStop) {
				t.Errorf("Wait: %v", err)
			}
		})
	}
}

// A brutal kill leaves it no time at all.
func TestL12_WithoutPatience(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		gate := make(chan struct{})
		defer close(gate)
		spec := beating("c", kind, func(ctx *bastion.Context, msg any) error {
			if msg == "stuck" {
				stuckHere(gate)
			}
			return react(ctx, msg)
		})
		spec.Shutdown = bastion.BrutalKill
		r := rigOf(t, spec)
		r.left = true
		r.tell("c", "stuck")
		began := time.Now()
		e := r.await(bastion.EventFailed, "/sys/sup/c")
		if took := e.Time.Sub(began); took > beatLate+time.Second || !errors.Is(e.Reason, bastion.ErrNoHeartbeat) {
			t.Errorf("after %v: %v", took, e.Reason)
		}
		r.sync(r.child("c"))
	})
}

func TestL12_BadIntervals(t *testing.T) {
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{
		{Start: actor(), Heartbeat: -1},
		{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "t"}), Heartbeat: 1},
	}})
	wantFaults(t, err, "Children[0].Heartbeat", "Children[1].Heartbeat")
}
