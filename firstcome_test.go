package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// What an order to stop is good for: one life of the supervisor, whether it is given while that is up or while it waits
// for its next. Before its first life it is for that.
func TestS8_AStopIsForOneLifeOfTheSupervisor(t *testing.T) {
	states := func(r *rig) string {
		out := ""
		for _, c := range r.sup.Supervisor("sub").Children() {
			out += fmt.Sprint(c.Name, " ", c.State, ", ")
		}
		return out
	}
	synctest.Test(t, func(t *testing.T) {
		sub := bastion.SupervisorSpec{Name: "sub", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
			{Name: "never", Start: actor()}, {Name: "up", Start: actor()}, {Name: "between", Start: actor()}, {Name: "x", Start: actor()},
		}}
		r := rigOn(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			{Name: "sub", Start: bastion.Subtree(sub), Backoff: bastion.Constant{Delay: time.Minute}},
		}})
		s := r.sup.Supervisor("sub")
		stop := func(name string) {
			t.Helper()
			if err := s.Child(name).Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		want := func(when, what string) {
			t.Helper()
			if got := states(r); got != what {
				t.Fatalf("%s: %s", when, got)
			}
		}
		stop("never")
		if err := r.sys.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		want("stopped before the start", "never stopped, up running, between running, x running, ")
		stop("up")
		_ = s.Child("x").Tell(context.Background(), fail{})
		synctest.Wait()
		stop("between")
		want("between two lives", "never stopped, up stopped, between stopped, x waiting, ")
		time.Sleep(time.Hour)
		want("in the next life", "never running, up running, between running, x running, ")
	})
}

// A member that was spawned goes with the life of its group, also if it had the number of a member of the spec.
func TestS8_ASpawnedMemberGoesWithTheLifeOfItsGroup(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Start: actor(), Count: 2, Intensity: bastion.NoRestarts})
	g := r.sup.Group("g")
	ctx := context.Background()
	first, second := g.Member(0), g.Member(1)
	if err := second.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	spawned, err := g.Spawn(ctx)
	if err != nil || spawned != g.Member(1) {
		t.Fatalf("spawned %v, %v", spawned, err)
	}
	if err := g.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if g.Member(0) != first || r.sync(first) != 2 {
		t.Errorf("the member of the spec is another one")
	}
	again := g.Member(1)
	if again == spawned || again == second || r.sync(again) != 1 {
		t.Errorf("member 1 is %v in incarnation %d", again, r.sync(again))
	}
	if err := spawned.Tell(ctx, fail{}); !errors.Is(err, bastion.ErrStopped) {
		t.Errorf("Tell to what was spawned: %v", err)
	}
}

// A handler and a loop alike: an exit signal that comes after the order to stop changes nothing but the haste, one that
// comes before it is why the incarnation ends; and so is a goroutine of its own that fails.
func TestS2_OfAStopAndASignalTheFirstCounts(t *testing.T) {
	ctx := context.Background()
	// Each holds on to its message, or its end, until the gate opens, and has its Context cancelled by then.
	kinds := map[string]func(gate chan struct{}) bastion.Behavior{
		"handler": func(gate chan struct{}) bastion.Behavior {
			return withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
				if _, ok := msg.(hang); ok {
					<-gate
				}
				return react(ctx, msg)
			}})
		},
		"loop": func(gate chan struct{}) bastion.Behavior {
			return bastion.Loop(func(ctx *bastion.Context) error { err := serve(ctx); <-gate; return err })
		},
	}
	stop := func(r *rig) chan error {
		done := make(chan error, 1)
		go func() { done <- r.child("c").Stop(ctx) }()
		synctest.Wait()
		return done
	}
	strike := func(r *rig) {
		if err := r.child("c").Exit(ctx, errBoom); err != nil {
			r.t.Errorf("Exit: %v", err)
		}
		synctest.Wait()
	}
	for kind, behavior := range kinds {
		for name, c := range map[string]struct {
			play func(r *rig, beside chan struct{}) chan error
			want error
		}{
			"stop, signal": {func(r *rig, _ chan struct{}) chan error { d := stop(r); strike(r); return d }, bastion.ErrShutdown},
			"signal, stop": {func(r *rig, _ chan struct{}) chan error { strike(r); return stop(r) }, errBoom},
			"stop, failure beside": {func(r *rig, beside chan struct{}) chan error {
				d := stop(r)
				close(beside)
				synctest.Wait()
				return d
			}, errBoom},
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					gate, beside := make(chan struct{}), make(chan struct{})
					r := rigOf(t, bastion.ChildSpec{Name: "c", Start: behavior(gate)}, bastion.ChildSpec{Name: "w", Start: actor()})
					downs := make(chan bastion.Down, 1)
					r.tell("c", do(func(ctx *bastion.Context) error {
						return ctx.Go(func(c *bastion.Context) error {
							select {
							case <-beside:
								return errBoom
							case <-gate:
								return nil
							}
						})
					}))
					r.sync(r.child("c"))
					watch(t, r, "c", downs)
					if kind == "handler" {
						r.tell("c", hang{until: gate})
						synctest.Wait()
					}
					stopped := c.play(r, beside)
					close(gate)
					if err := <-stopped; err != nil {
						t.Errorf("Stop: %v", err)
					}
					d := <-downs
					if !errors.Is(d.Reason, c.want) || errors.Is(d.Reason, errBoom) != (c.want == errBoom) {
						t.Errorf("it ended with %v", d.Reason)
					}
				})
			})
		}
	}
}

// watch has a process of its own hand on the Down of the child's present incarnation.
func watch(t *testing.T, r *rig, name string, downs chan<- bastion.Down) {
	t.Helper()
	ref := r.child(name)
	_, err := r.sup.Add(context.Background(), bastion.ChildSpec{Start: withHooks(hooked{
		start: func(ctx *bastion.Context) error { _, err := ctx.Monitor(ref, bastion.ThisIncarnation); return err },
		on: func(_ *bastion.Context, msg any) error {
			if d, ok := msg.(bastion.Down); ok {
				downs <- d
			}
			return nil
		},
	})})
	if err != nil {
		t.Fatal(err)
	}
}

// A signal ends a drain: what is queued then is not handled any more.
func TestS2_ASignalEndsADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		r := rigOf(t)
		handled := 0
		if _, err := r.sup.Add(context.Background(), bastion.ChildSpec{Name: "c", Start: withHooks(hooked{
			on: func(*bastion.Context, any) error { <-gate; handled++; return nil },
		})}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r.tell("c", "work")
		}
		done := make(chan error, 1)
		go func() { done <- r.child("c").Drain(context.Background()) }()
		synctest.Wait()
		if err := r.child("c").Exit(context.Background(), errBoom); err != nil {
			t.Fatal(err)
		}
		close(gate)
		if err := <-done; err != nil || handled != 1 {
			t.Errorf("Drain: %v, %d messages handled", err, handled)
		}
	})
}

// An ordered start waits until the AfterStop callback of the life before has returned, also if siblings or the stop that
// it was given during bring it; and it can be called off meanwhile.
func TestL4_TheNextStartWaitsForAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		c := noted(l, "c")
		c.Restart = bastion.Transient
		c.Callbacks.AfterStop = func(bastion.Failure) {
			l.note("after stop begins")
			<-time.After(time.Second)
			l.note("after stop ends")
		}
		r := rigOf(t, c)
		ctx := context.Background()
		verb := func(f func(context.Context) error) chan error {
			done := make(chan error, 1)
			go func() { done <- f(ctx) }()
			synctest.Wait()
			return done
		}
		orDie := func(done chan error, want error) {
			t.Helper()
			if err := <-done; !errors.Is(err, want) {
				t.Errorf("answered %v, not %v", err, want)
			}
		}
		l.want("start c@1")
		stopped := verb(r.child("c").Stop)
		restarted := verb(r.child("c").Restart)
		orDie(stopped, nil)
		orDie(restarted, nil)
		l.want("stop c@1 shutdown", "after stop begins", "after stop ends", "start c@2")

		stopped = verb(r.child("c").Stop)
		restarted = verb(r.child("c").Restart)
		again := verb(r.child("c").Stop) // calls the start off
		orDie(stopped, nil)
		orDie(again, nil)
		orDie(restarted, bastion.ErrStopped)
		l.want("stop c@2 shutdown", "after stop begins", "after stop ends")
		if s := r.sup.Children()[0].State; s != bastion.StateStopped {
			t.Errorf("it is %v", s)
		}
	})
}

// What is made Optional while it runs takes with it what was noted below it, also the storm.
func TestH1_ASubtreeMadeOptionalTakesItsProblemsWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := bastion.Constant{Delay: time.Minute}
		r := rigOf(t,
			bastion.ChildSpec{Name: "g", Start: actor(), Backoff: slow, Count: 3, Intensity: bastion.Intensity{Max: 2, Within: time.Hour}},
			bastion.ChildSpec{Name: "tree", Start: bastion.Subtree(bastion.SupervisorSpec{
				Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "leaf", Start: actor(), Backoff: slow}},
			})},
			bastion.ChildSpec{Name: "needed", Start: actor(), Backoff: slow})
		leaf := r.sup.Supervisor("tree").Child("leaf")
		for _, ref := range []bastion.Ref{r.sup.Group("g").Member(1), r.sup.Group("g").Member(2), leaf, r.child("needed")} {
			if err := ref.Tell(t.Context(), fail{}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		change := func(name string, optional bool) {
			t.Helper()
			spec, err := r.sup.ChildSpec(name)
			spec.Optional = optional
			if err = errors.Join(err, r.sup.ChangeChild(t.Context(), name, spec)); err != nil {
				t.Fatal(err)
			}
		}
		needed, below := "/sys/sup/needed: waiting to be restarted", "/sys/sup/tree/leaf: waiting to be restarted"
		r.wantReady("before", "/sys/sup/g/1: waiting to be restarted", "/sys/sup/g/2: waiting to be restarted", needed, below)
		if r.sys.Health().Live.OK {
			t.Error("live during a storm")
		}
		change("g", true)
		r.wantReady("the group is Optional", needed, below)
		if h := r.sys.Health().Live; !h.OK {
			t.Errorf("not live, by a storm in what is Optional: %v", h.Problems)
		}
		change("tree", true)
		r.wantReady("the tree is, too", needed)
		time.Sleep(time.Hour)
		r.wantReady("all are up")
		change("tree", false)
		if err := leaf.Tell(t.Context(), fail{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		r.wantReady("needed again", below)
		change("tree", true)
		change("tree", false)
		if err := r.sup.Supervisor("tree").Restart(t.Context(), "leaf"); err != nil {
			t.Fatal(err)
		}
		r.wantReady("up")
	})
}
