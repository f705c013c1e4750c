package bastion_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

func TestS11_ChangeOfTheStrategyCountsFromTheNextDecision(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited})
	for _, name := range []string{"a", "b", "c"} {
		must(r.sup.Add(t.Context(), noted(r.transcript, name)))
	}
	failed := func(strategy bastion.Strategy, last string, lines ...string) {
		t.Helper()
		spec := r.sup.Spec()
		spec.Strategy = strategy
		check(r.sup.Change(t.Context(), spec))
		r.want() // a change restarts nothing
		r.tell("b", fail{})
		r.await(bastion.EventRestarting, "/sys/sup/b")
		r.await(bastion.EventStarted, "/sys/sup/"+last)
		r.want(lines...)
	}
	r.want("start a@1", "start b@1", "start c@1")
	failed(bastion.OneForOne, "b", "stop b@1 boom", "start b@2")
	failed(bastion.RestForOne, "c", "stop b@2 boom", "stop c@1 shutdown", "start b@3", "start c@2")
	failed(bastion.OneForAll, "c", "stop b@3 boom", "stop c@2 shutdown", "stop a@1 shutdown",
		"start a@2", "start b@4", "start c@3")
	failed(bastion.OneForOne, "b", "stop b@4 boom", "start b@5")
}

func TestS3_ChangeOfTheIntensity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})
		limit := func(in bastion.Intensity) {
			spec := r.sup.Spec()
			spec.Intensity = in
			check(r.sup.Change(t.Context(), spec))
		}
		fails := func(n uint64) {
			t.Helper()
			before := r.sync(r.child("c"))
			for range n {
				r.tell("c", fail{})
			}
			if inc := r.sync(r.child("c")); inc != before+n {
				t.Fatalf("incarnation %d, want %d", inc, before+n)
			}
		}
		fails(20)
		limit(bastion.Intensity{Max: 3, Within: time.Minute})
		fails(3) // nothing was counted before
		limit(bastion.Intensity{Max: 5, Within: time.Minute})
		fails(2) // what was counted stays counted
		time.Sleep(2 * time.Minute)
		fails(5)
		limit(bastion.Intensity{Max: 1, Within: time.Minute, Exceeded: bastion.GiveUpChild})
		r.tell("c", fail{}) // none is left now
		r.await(bastion.EventStopped, "/sys/sup/c")
		if n := r.sup.Count(); n.Active != 0 || n.Specs != 1 {
			t.Errorf("%+v", n)
		}
	})
}

func TestS9_ChangeOfAutoShutdown(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "x", Start: onceThen(nil), Restart: bastion.Transient})
	x := must(r.sup.ChildSpec("x"))
	x.Significant = true
	wantFaults(t, r.sup.ChangeChild(t.Context(), "x", x), "Significant: the supervisor's AutoShutdown is never")
	spec := r.sup.Spec()
	spec.AutoShutdown = bastion.AnySignificant
	check(r.sup.Change(t.Context(), spec))
	check(r.sup.ChangeChild(t.Context(), "x", x))
	spec.AutoShutdown = bastion.NoAutoShutdown
	wantFaults(t, r.sup.Change(t.Context(), spec), `child "x", Significant`)
	if now := r.sup.Spec().AutoShutdown; now != bastion.AnySignificant {
		t.Errorf("refused, and yet it is %v", now)
	}
	r.tell("x", 1)
	r.await(bastion.EventRestarting, "/sys/sup") // permanent under the root
}

type sink struct{}

func (sink) Receive(*bastion.Context, int) error { return nil }

// changed changes the child's spec in one respect.
func (r *rig) changed(name string, how func(*bastion.ChildSpec)) {
	r.t.Helper()
	spec, err := r.sup.ChildSpec(name)
	if err != nil {
		r.t.Fatal(err)
	}
	how(&spec)
	if err := r.sup.ChangeChild(r.t.Context(), name, spec); err != nil {
		r.t.Fatal(err)
	}
}

func TestS8_ChangeOfAChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, noted(&transcript{t: t}, "c"))
		c := r.child("c")
		r.changed("c", func(s *bastion.ChildSpec) { s.Start = notedBy(r.transcript, "new") })
		r.want()
		r.tell("c", fail{})
		if inc := r.sync(c); inc != 2 {
			t.Errorf("incarnation %d", inc)
		}
		r.want("start new@2")
		began := time.Now()
		r.changed("c", func(s *bastion.ChildSpec) { s.Backoff = bastion.Constant{Delay: time.Second} })
		r.tell("c", fail{})
		if r.sync(c); time.Since(began) != time.Second {
			t.Errorf("waited %v", time.Since(began))
		}
		r.changed("c", func(s *bastion.ChildSpec) {
			s.Start, s.Backoff = bastion.Behavior{}, nil // a zero Start keeps it
			s.Callbacks.AfterRestart = func(ctx *bastion.Context, f bastion.Failure) error {
				r.note("restarted %s", brief(f.Reason))
				return nil
			}
		})
		r.tell("c", fail{})
		r.sync(c)
		r.want("stop new@2 boom", "start new@3", "stop new@3 boom", "start new@4", "restarted boom")
		r.changed("c", func(s *bastion.ChildSpec) { s.Conditions = []bastion.Condition{{Is: errBoom, Then: bastion.Resume}} })
		r.tell("c", fail{})
		if inc := r.sync(c); inc != 4 {
			t.Errorf("incarnation %d", inc)
		}
		r.changed("c", func(s *bastion.ChildSpec) { s.Conditions, s.Restart = nil, bastion.Temporary })
		r.tell("c", fail{})
		r.await(bastion.EventStopped, "/sys/sup/c")
		if !r.sup.Child("c").IsZero() {
			t.Error("a temporary child is kept")
		}
	})
}

func TestS4_ChangeOfTheShutdownTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := withHooks(hooked{stop: func(ctx *bastion.Context, _ error) error { <-ctx.Done(); return nil }})
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: slow, Shutdown: bastion.UnlimitedShutdown})
		r.changed("c", func(s *bastion.ChildSpec) { s.Shutdown = 7 * time.Second })
		began := time.Now()
		check(r.child("c").Stop(t.Context()))
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestS8_ChangeOfAGroupAndASubtree(t *testing.T) {
	l := &transcript{t: t}
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 2, Start: actor(), Intensity: bastion.NoRestarts},
		bastion.ChildSpec{Name: "t", Start: aSubtree(l, "c")})
	r.changed("g", func(s *bastion.ChildSpec) {
		s.Intensity, s.Start = bastion.Unlimited, notedBy(l, "m")
		s.Callbacks.AfterStop = func(bastion.Failure) { l.note("after stop") }
	})
	l.want("start c@1")
	m := r.sup.Group("g").Member(0)
	for range 3 {
		check(m.Tell(t.Context(), fail{}))
	}
	if inc := r.sync(m); inc != 4 {
		t.Errorf("incarnation %d", inc)
	}
	check(m.Stop(t.Context()))
	l.want("start m@2", "stop m@2 boom", "start m@3", "stop m@3 boom", "start m@4", "stop m@4 shutdown", "after stop")
	r.changed("t", func(s *bastion.ChildSpec) { s.Restart = bastion.Temporary })
	check(r.sup.Supervisor("t").Stop(t.Context()))
	if r.sup.Supervisor("t") != nil {
		t.Error("a temporary subtree is kept")
	}
}

// What is refused is refused whole, and names the field; the old spec stays.
func TestS8_ChangeRefusesWhole(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "h", Start: actor()}, {Name: "l", Start: looper()}, {Name: "g", Start: actor(), Count: 2},
		{Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{})},
		{Name: "typed", Start: bastion.HandleTyped(func() bastion.TypedReceiver[int] { return sink{} })},
	}})
	refused := func(name string, how func(*bastion.ChildSpec), faults ...string) {
		t.Helper()
		spec := must(r.sup.ChildSpec(name))
		spec.Tries = 77
		how(&spec)
		wantFaults(t, r.sup.ChangeChild(t.Context(), name, spec), faults...)
		if now := must(r.sup.ChildSpec(name)); now.Tries != 0 {
			t.Errorf("%s: a part of it was taken", name)
		}
	}
	refused("h", func(s *bastion.ChildSpec) { s.Start = looper() }, "Start")
	refused("l", func(s *bastion.ChildSpec) { s.Start = actor() }, "Start")
	refused("h", func(s *bastion.ChildSpec) { s.Count = 3 }, "Count")
	refused("g", func(s *bastion.ChildSpec) { s.Count = 3 }, "Count")
	refused("h", func(s *bastion.ChildSpec) { s.Name = "x" }, "Name")
	refused("h", func(s *bastion.ChildSpec) { s.Restart, s.Shutdown = 9, -7 }, "Restart", "Shutdown")
	refused("h", func(s *bastion.ChildSpec) { s.Backoff = bastion.Linear{First: -1} }, "Backoff")
	refused("h", func(s *bastion.ChildSpec) { s.Start = bastion.Subtree(bastion.SupervisorSpec{}) }, "Start")
	refused("t", func(s *bastion.ChildSpec) { s.Start = bastion.Subtree(bastion.SupervisorSpec{Strategy: 9}) }, "Start")
	refused("t", func(s *bastion.ChildSpec) { s.Start = actor() }, "Start")
	refused("h", func(s *bastion.ChildSpec) {
		s.Start = bastion.HandleTyped(func() bastion.TypedReceiver[int] { return nil })
	}, "Start")
	refused("typed", func(s *bastion.ChildSpec) { s.Start = actor() }, "Start")
	r.changed("typed", func(s *bastion.ChildSpec) {
		s.Start = bastion.HandleTyped(func() bastion.TypedReceiver[int] { return sink{} })
	})
	unnamed := must(r.sup.Add(t.Context(), bastion.ChildSpec{Start: actor()}))
	r.changed(unnamed.Name(), func(s *bastion.ChildSpec) { s.Tries = 3 })
	wantErr(t, "ChangeChild of nobody", r.sup.ChangeChild(t.Context(), "x", bastion.ChildSpec{}), bastion.ErrNoProcess)
	_, err := r.sup.ChildSpec("x")
	wantErr(t, "ChildSpec of nobody", err, bastion.ErrNoProcess)

	before := r.sup.Spec()
	bad := before
	bad.Name, bad.Strategy, bad.Intensity.Within, bad.Children = "x", 9, -1, []bastion.ChildSpec{}
	bad.Conditions = []bastion.Condition{{}}
	wantFaults(t, r.sup.Change(t.Context(), bad), "Name", "Strategy", "Intensity.Within", "Children", "Conditions[0].Then")
	if now := r.sup.Spec(); now.Strategy != before.Strategy || now.Intensity != before.Intensity || now.Conditions != nil {
		t.Errorf("%+v", now)
	}
	check(r.sup.Stop(t.Context()))
	wantErr(t, "Change of what has stopped", r.sup.Change(t.Context(), before), bastion.ErrStopped)
}

// A change outlives a restart of the supervisor, and may come before the start.
func TestS8_ChangeOutlivesARestart(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{noted(nil, "c")}})
	r.changed("c", func(s *bastion.ChildSpec) { s.Start = notedBy(r.transcript, "new") })
	spec := r.sup.Spec()
	spec.Conditions = []bastion.Condition{{Is: errBoom, Then: bastion.Escalate}}
	check(r.sup.Change(t.Context(), spec))
	check(r.sys.Start(t.Context()))
	r.want("start new@1")
	r.tell("c", fail{})
	r.await(bastion.EventRestarting, "/sys/sup")
	r.await(bastion.EventStarted, "/sys/sup/c")
	r.want("stop new@1 boom", "start new@2")
	if now := r.sup.Spec(); len(now.Conditions) != 1 || now.Name != "sup" {
		t.Errorf("%+v", now)
	}
}
