package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

func TestS8_OrdersFromInsideDoNotDeadlock(t *testing.T) {
	type order = func(ctx *bastion.Context, r *rig) error
	for name, row := range map[string]struct {
		order order
		want  error
	}{
		"stops itself":            {func(ctx *bastion.Context, _ *rig) error { return ctx.Self().Stop(ctx) }, bastion.ErrPending},
		"kills itself":            {func(ctx *bastion.Context, _ *rig) error { return ctx.Self().Kill(ctx) }, bastion.ErrPending},
		"drains itself":           {func(ctx *bastion.Context, _ *rig) error { return ctx.Self().Drain(ctx) }, bastion.ErrPending},
		"removes itself":          {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Remove(ctx, "c") }, bastion.ErrPending},
		"restarts itself":         {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Restart(ctx, "c") }, bastion.ErrPending},
		"stops its supervisor":    {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Stop(ctx) }, bastion.ErrPending},
		"restarts its supervisor": {func(ctx *bastion.Context, r *rig) error { return r.sup.Restart(ctx, "t") }, bastion.ErrPending},
		"stops the one above":     {func(ctx *bastion.Context, r *rig) error { return r.sup.Stop(ctx) }, bastion.ErrPending},
		"stops the system":        {func(ctx *bastion.Context, r *rig) error { return r.sys.Stop(ctx) }, bastion.ErrPending},
		"stops a sibling":         {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Child("d").Stop(ctx) }, nil},
		"restarts a sibling":      {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Restart(ctx, "d") }, nil},
		"adds a sibling": {func(ctx *bastion.Context, _ *rig) error {
			_, err := ctx.Supervisor().Add(ctx, bastion.ChildSpec{Name: "e", Start: actor()})
			return err
		}, nil},
		"moves itself": {func(ctx *bastion.Context, _ *rig) error { return ctx.Supervisor().Move(ctx, "c", bastion.Position{}) }, nil},
	} {
		for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
			t.Run(kind+" "+name, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{
					{Name: "c", Start: start}, {Name: "d", Start: start},
				}})})
				got := make(chan error, 1)
				err := r.sup.Supervisor("t").Child("c").Tell(t.Context(), do(func(ctx *bastion.Context) error {
					got <- row.order(ctx, r)
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				if err := rigRecv(t, name, got); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
			})
		}
	}
}

func TestS8_TwoSiblingsStopEachOther(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor()}, bastion.ChildSpec{Name: "b", Start: actor()})
	got := make(chan error, 2)
	meet := new(sync.WaitGroup)
	meet.Add(2)
	for name, other := range map[string]string{"a": "b", "b": "a"} {
		r.tell(name, do(func(ctx *bastion.Context) error {
			meet.Done()
			meet.Wait()
			got <- r.child(other).Stop(ctx)
			return nil
		}))
	}
	for range 2 {
		if err := rigRecv(t, "Stop", got); err != nil && !errors.Is(err, bastion.ErrPending) {
			t.Error(err)
		}
	}
	r.awaitState("a", bastion.StateStopped)
	r.awaitState("b", bastion.StateStopped)
}

func TestS8_StoppedOnPurposeStaysStoppedFinishedIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.OneForAll, Children: []bastion.ChildSpec{
			noted(l, "a"), noted(l, "stopped"),
			{Name: "done", Restart: bastion.Transient, Start: bastion.Loop(func(ctx *bastion.Context) error {
				l.note("run done@%d", ctx.Incarnation())
				return nil
			})},
		}})
		if err := r.child("stopped").Stop(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		l.lines = nil
		r.tell("a", fail{})
		synctest.Wait()
		l.want("stop a@1 boom", "start a@2", "run done@2")
	})
}

func TestS8_DynamicChildrenAreGoneAfterTheirSupervisorsRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, nest("t"))
		sub := r.sup.Supervisor("t")
		added, err := sub.Add(t.Context(), bastion.ChildSpec{Name: "x", Start: actor()})
		if err != nil {
			t.Fatal(err)
		}
		spawned, err := sub.Group("many").Spawn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := sub.Child("one").Tell(t.Context(), fail{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if inc := r.sync(sub.Child("one")); inc != 2 {
			t.Errorf("incarnation %d", inc)
		}
		for _, ref := range []bastion.Ref{added, spawned} {
			if err := ref.Tell(t.Context(), 1); !errors.Is(err, bastion.ErrStopped) {
				t.Errorf("%v: %v", ref, err)
			}
		}
		if n := sub.Group("many").Len(); n != 3 || !sub.Child("x").IsZero() {
			t.Errorf("%d members", n)
		}
	})
}

// Start hooks that add siblings work at the first start, so they must at a restart.
func TestS8_AStartHookMayAddSiblings(t *testing.T) {
	for _, strategy := range []bastion.Strategy{bastion.OneForOne, bastion.OneForAll, bastion.RestForOne} {
		t.Run(strategy.String(), func(t *testing.T) {
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Strategy: strategy, Children: []bastion.ChildSpec{{
				Name: "c", Start: withHooks(hooked{start: func(ctx *bastion.Context) error {
					_, err := ctx.Supervisor().Add(ctx, bastion.ChildSpec{Name: fmt.Sprint("x", ctx.Incarnation()), Start: actor()})
					if errors.Is(err, bastion.ErrPending) {
						return nil
					}
					return err
				}}),
			}}})
			r.tell("c", fail{})
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

func TestS8_ConcurrentOrders(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Start: actor(), Group: true, Intensity: bastion.Unlimited})
	ctx := context.Background()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 30 {
				name := fmt.Sprint("c", i, "-", j)
				ref, err := r.sup.Add(ctx, bastion.ChildSpec{Name: name, Start: actor()})
				if err != nil {
					t.Error(err)
					return
				}
				m, err := r.sup.Group("g").Spawn(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				for k, order := range []func() error{
					func() error { return ref.Tell(ctx, fail{}) },
					func() error { return m.Tell(ctx, fail{}) },
					func() error { return r.sup.Restart(ctx, name) },
					func() error { return r.sup.Move(ctx, name, bastion.Position{}) },
					func() error { return ref.Stop(ctx) },
					func() error { return r.sup.Restart(ctx, name) },
					func() error { return r.sup.Remove(ctx, name) },
					func() error { return m.Stop(ctx) },
				} {
					if err := order(); err != nil {
						t.Errorf("%s: order %d: %v", name, k, err)
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	rigRecv(t, "orders", done)
	if n := r.sup.Group("g").Len(); n != 0 {
		t.Errorf("%d members left", n)
	}
	tree, err := r.sys.Inspector().Node("/sys/sup")
	if err != nil || len(tree.Children) != 1 {
		t.Errorf("%d children left, %v", len(tree.Children), err)
	}
}

func TestS8_AddedThatDoesNotStartLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t)
		bad := bastion.ChildSpec{Name: "x", Start: withHooks(hooked{start: func(*bastion.Context) error { return errBoom }})}
		for range 3 {
			if _, err := r.sup.Add(t.Context(), bad); !errors.Is(err, errBoom) {
				t.Fatal(err)
			}
		}
		if _, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: "x", Start: actor()}); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
	})
}
