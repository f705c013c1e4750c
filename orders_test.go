package bastion_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// Members start in index order, each after the one before; they are stopped together, under one shutdown time.
func TestS1_MembersStartInOrderAndStopTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		slow := withHooks(hooked{
			start: func(ctx *bastion.Context) error {
				l.note("start %d", ctx.Index())
				return ctx.Sleep(time.Second)
			},
			stop: func(ctx *bastion.Context, _ error) error { return ctx.Sleep(3 * time.Second) },
		})
		began := time.Now()
		r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 3, Start: slow})
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("the start took %v", took)
		}
		l.want("start 0", "start 1", "start 2")
		began = time.Now()
		check(r.sup.Group("g").Stop(t.Context()))
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}

// Stop, Drain and Kill are orders, and lead to no restart, whatever the type.
func TestS2_OrdersLeadToNoRestart(t *testing.T) {
	for _, typ := range []bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary} {
		for how, verb := range map[string]func(bastion.Ref) error{
			"stop":  func(r bastion.Ref) error { return r.Stop(context.Background()) },
			"drain": func(r bastion.Ref) error { return r.Drain(context.Background()) },
			"kill":  func(r bastion.Ref) error { return r.Kill(context.Background()) },
		} {
			for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
				t.Run(typ.String()+" "+how+" "+kind, func(t *testing.T) {
					r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start, Restart: typ}, bastion.ChildSpec{Name: "d", Start: actor()})
					c := r.child("c")
					check(verb(c))
					wantErr(t, "Tell", c.Tell(t.Context(), 1), bastion.ErrStopped)
					if gone := r.sup.Child("c").IsZero(); gone != (typ == bastion.Temporary) {
						t.Errorf("gone: %v", gone)
					}
					r.sync(r.child("d"))
					if n := r.sup.Count(); n.Active != 1 {
						t.Errorf("%+v", n)
					}
				})
			}
		}
	}
}

// The zero values are OTP's: permanent, one restart in five seconds, five seconds to stop, supervisors as long as it takes.
func TestS3_ZeroValuesAreOTPs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := withHooks(hooked{stop: func(ctx *bastion.Context, _ error) error { <-ctx.Done(); return nil }})
		tree := func(children ...bastion.ChildSpec) bastion.Behavior {
			return bastion.Subtree(bastion.SupervisorSpec{Children: children})
		}
		r := rigOf(t, bastion.ChildSpec{Name: "t", Start: tree(
			bastion.ChildSpec{Name: "a", Start: actor()}, bastion.ChildSpec{Name: "b", Start: forever}, bastion.ChildSpec{Name: "c", Start: forever},
		)})
		sub := r.sup.Supervisor("t")
		a := sub.Child("a")
		for inc := uint64(2); inc < 5; inc++ { // one in five seconds, and so on
			check(a.Tell(t.Context(), fail{}))
			if got := r.sync(a); got != inc {
				t.Fatalf("incarnation %d, want %d", got, inc)
			}
			time.Sleep(5*time.Second + 1)
		}
		began := time.Now()
		check(sub.Stop(t.Context()))
		if took := time.Since(began); took != 10*time.Second { // each child five seconds, the supervisor as many as it takes
			t.Errorf("the stop took %v", took)
		}
		check(r.sup.Restart(t.Context(), "t"))
		for range 2 {
			check(a.Tell(t.Context(), fail{}))
		}
		if e := r.await(bastion.EventEscalated, "/sys/sup/t"); !errors.Is(e.Reason, bastion.ErrIntensity) {
			t.Error(e.Reason)
		}
	})
}

func TestS3_BrutalKillAsksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		spec := noted(l, "c")
		spec.Shutdown = bastion.BrutalKill
		r := rigOf(t, spec)
		began := time.Now()
		check(r.child("c").Stop(t.Context()))
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
		l.want("start c@1") // no stop hook
	})
}

// Each child has its own shutdown time, one after the other, in reverse order.
func TestS4_EachStopsWithItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		began := time.Now()
		child := func(name string, d time.Duration) bastion.ChildSpec {
			return bastion.ChildSpec{Name: name, Shutdown: d, Start: withHooks(hooked{stop: func(ctx *bastion.Context, _ error) error {
				<-ctx.Done() // when its time is over
				l.note("%s after %v", name, time.Since(began))
				return nil
			}})}
		}
		r := rigOf(t, child("a", time.Second), child("b", 2*time.Second), child("c", 3*time.Second))
		began = time.Now()
		check(r.sup.Stop(t.Context()))
		l.want("c after 3s", "b after 5s", "a after 6s")
	})
}

// A start that never returns has the start timeout, whatever it is that starts.
func TestS4_AStartThatNeverReturns(t *testing.T) {
	stuck := func(ctx *bastion.Context) error { <-ctx.Done(); return ctx.Err() }
	never := bastion.ChildSpec{Name: "never", Start: withHooks(hooked{start: stuck})}
	specs := map[string]bastion.ChildSpec{
		"start hook": never,
		"callback":   {Start: actor(), Callbacks: bastion.Callbacks{BeforeStart: stuck}},
		"loop":       {Start: bastion.Loop(stuck), WaitReady: true},
		"group":      {Start: withHooks(hooked{start: stuck}), Count: 3},
		"subtree":    {Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{never}})},
	}
	for name, spec := range specs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rigOf(t)
				began := time.Now()
				spec.Name, spec.StartTimeout = "c", 3*time.Second
				_, err := r.sup.Insert(t.Context(), spec, bastion.Position{})
				var failed *bastion.StartError
				if !errors.As(err, &failed) || !errors.Is(err, bastion.ErrStartTimeout) {
					t.Errorf("%v", err)
				}
				if took := time.Since(began); took > 4*time.Second {
					t.Errorf("took %v", took)
				}
				if got := order(r.sup); len(got) > 0 {
					t.Errorf("still there: %q", got)
				}
			})
		})
	}
}

// In one-for-all the siblings stop at once and wait with the one that failed; the longest delay counts, and the order stays.
func TestS6_SiblingsWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		child := func(name string, d time.Duration) bastion.ChildSpec {
			c := noted(l, name)
			c.Backoff = bastion.Constant{Delay: d}
			return c
		}
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			child("a", 10*time.Second), child("b", time.Second), child("c", 0),
		}})
		l.want("start a@1", "start b@1", "start c@1")
		began := time.Now()
		r.tell("b", fail{})
		synctest.Wait()
		l.want("stop b@1 boom", "stop c@1 shutdown", "stop a@1 shutdown")
		if r.sync(r.child("c")); time.Since(began) != time.Second {
			t.Errorf("waited %v", time.Since(began))
		}
		l.want("start a@2", "start b@2", "start c@2")
	})
}

// No storm of orders makes a child run twice at the same time, and what is up at the end is what was ordered last.
func TestS8_StormOfVerbs(t *testing.T) {
	var running, worst atomic.Int32
	once := withHooks(hooked{
		start: func(*bastion.Context) error { worst.Store(max(worst.Load(), running.Add(1))); return nil },
		stop:  func(*bastion.Context, error) error { running.Add(-1); return nil },
	})
	r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.RestForOne, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "a", Start: actor()}, {Name: "once", Start: once}, {Name: "z", Start: actor(), Count: 2},
	}})
	ref, done := r.child("once"), make(chan error, 4)
	verbs := []func(i int) error{
		func(int) error { return ref.Stop(context.Background()) },
		func(int) error { return ref.Restart(context.Background()) },
		func(i int) error {
			return r.sup.Move(context.Background(), "once", []bastion.Position{{}, {Before: "a"}, {After: "a"}}[i%3])
		},
		func(i int) error {
			spec := r.sup.Spec()
			spec.Strategy = bastion.Strategy(i % 3)
			return errors.Join(r.sup.Change(context.Background(), spec), r.child("a").Tell(context.Background(), fail{}))
		},
	}
	for _, verb := range verbs {
		go func() {
			var err error
			for i := range 200 {
				if e := verb(i); e != nil && !errors.Is(e, bastion.ErrStopped) { // a stop has overtaken the restart
					err = e
				}
			}
			done <- err
		}()
	}
	for range verbs {
		if err := rigRecv(t, "a verb", done); err != nil {
			t.Error(err)
		}
	}
	check(ref.Restart(t.Context()))
	r.sync(r.child("a"))
	if n := worst.Load(); n != 1 {
		t.Errorf("%d ran at the same time", n)
	}
	names := order(r.sup)
	slices.Sort(names)
	if !slices.Equal(names, []string{"a", "once", "z"}) {
		t.Errorf("%q", names)
	}
}
