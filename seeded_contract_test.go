package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

const contractSeeds = 100

// TestE7_StrategiesInManyOrders holds S4 and S5 while all children are being talked to.
func TestE7_StrategiesInManyOrders(t *testing.T) {
	for strategy, want := range map[bastion.Strategy][]string{
		bastion.OneForOne:  {"stop b@1 boom", "start b@2"},
		bastion.RestForOne: {"stop b@1 boom", "stop c@1 shutdown", "start b@2", "start c@2"},
		bastion.OneForAll:  {"stop b@1 boom", "stop c@1 shutdown", "stop a@1 shutdown", "start a@2", "start b@2", "start c@2"},
	} {
		whole := append([]string{"start a@1", "start b@1", "start c@1"}, want...)
		for seed := range uint64(contractSeeds) {
			l := &transcript{t: t}
			spec := bastion.SupervisorSpec{Strategy: strategy, Intensity: bastion.Unlimited}
			for _, name := range []string{"a", "b", "c"} {
				spec.Children = append(spec.Children, noted(l, name))
			}
			var last []string
			seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
				defer r.instantly(r.Clock().Now())
				for _, name := range []string{"c", "b", "a", "b", "c"} {
					r.tell(name, do(func(ctx *bastion.Context) error {
						_, err := bastion.Ask(ctx, r.sup.Child("a"), barrier{})
						return ignore(err)
					}))
				}
				r.tell("b", fail{})
				r.until("the restart", func() bool { return len(l.lines) == len(whole) })
				if !slices.Equal(l.lines, whole) {
					t.Errorf("%v, seed %d: %q, want %q", strategy, seed, l.lines, whole)
				}
				for _, name := range []string{"a", "b", "c"} {
					inc, err := bastion.Ask(context.Background(), r.sup.Child(name), barrier{})
					if err != nil {
						t.Errorf("%v, seed %d: %v", strategy, seed, err)
					}
					last = append([]string{fmt.Sprintf("stop %s@%d shutdown", name, inc)}, last...)
				}
			})
			if got := l.lines[len(whole):]; !slices.Equal(got, last) {
				t.Errorf("%v, seed %d: at the stop %q, want %q", strategy, seed, got, last)
			}
		}
	}
}

// TestE7_AbandonedInManyOrders holds L7: what does not return is left behind, fenced off, and its replacement runs.
func TestE7_AbandonedInManyOrders(t *testing.T) {
	for _, name := range []string{"handler", "loop"} {
		for seed := range uint64(contractSeeds) {
			spec := both(nil)
			for i := range spec.Children {
				spec.Children[i].Shutdown = time.Second
			}
			seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
				stuck, free, back := false, false, false
				ref, other := r.sup.Child(name), r.sup.Child("loop")
				r.tell(name, do(func(ctx *bastion.Context) error {
					stuck = true
					r.until("its release", func() bool { return free })
					if err := other.Tell(ctx, do(func(*bastion.Context) error { t.Error("a ghost was heard"); return nil })); !errors.Is(err, bastion.ErrEnded) {
						t.Errorf("seed %d: Tell of an abandoned one: %v", seed, err)
					}
					back = true
					return nil
				}))
				r.until("it to be stuck", func() bool { return stuck })
				began := r.Clock().Now()
				if err := r.sup.Restart(context.Background(), name); err != nil {
					t.Errorf("seed %d: Restart: %v", seed, err)
				}
				if took := r.Clock().Now().Sub(began); took < time.Second || took > 2*time.Second {
					t.Errorf("seed %d: the restart took %v, with a shutdown time of 1s", seed, took)
				}
				if inc, err := bastion.Ask(context.Background(), ref, barrier{}); inc != 2 || err != nil {
					t.Errorf("seed %d: %d, %v", seed, inc, err)
				}
				free = true
				r.until("it to come back", func() bool { return back })
			})
		}
	}
}

// TestE7_StopOfWhoIsAboutToSleep holds that an order is not slept over: it is never the shutdown time that ends one who
// has nothing to do.
func TestE7_StopOfWhoIsAboutToSleep(t *testing.T) {
	for seed := range uint64(300) {
		seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
			defer r.instantly(r.Clock().Now())
			for _, name := range []string{"handler", "loop"} {
				r.tell(name, do(func(*bastion.Context) error { return nil }))
				if err := r.sup.Child(name).Stop(context.Background()); err != nil {
					t.Errorf("seed %d: Stop: %v", seed, err)
				}
			}
		})
	}
}

// TestE7_AsksOfAReceiverThatStops holds D6: an ask comes back, whatever happens to its receiver meanwhile.
func TestE7_AsksOfAReceiverThatStops(t *testing.T) {
	outcomes := make(map[string]int)
	for seed := range uint64(contractSeeds) {
		seeded(t, executor.SeededConfig{Seed: seed}, keepers(), func(r *seededRig) {
			defer r.instantly(r.Clock().Now())
			left := 0
			for _, name := range []string{"handler", "loop"} {
				ref := r.sup.Child(name)
				for i := range 4 {
					left++
					r.Go("asker", func() {
						defer func() { left-- }()
						var err error
						if i%2 == 0 {
							_, err = bastion.Ask(context.Background(), ref, barrier{})
						} else if _, err = bastion.Ask(context.Background(), ref, heldBack{}); err == nil {
							t.Error("who kept it answered")
						}
						outcomes[briefly(err)]++
					})
				}
				r.tell(name, fail{})
				r.Go("stopper", func() {
					if err := ref.Stop(context.Background()); err != nil {
						t.Errorf("seed %d: Stop: %v", seed, err)
					}
				})
			}
			r.until("all asks", func() bool { return left == 0 })
		})
	}
	if outcomes["answered"] == 0 || outcomes["stopped"] == 0 || outcomes["failed"] == 0 || len(outcomes) > 3 {
		t.Errorf("outcomes: %v", outcomes)
	}
}

// instantly fails the test if virtual time has passed: something had to wait for a timeout.
func (r *seededRig) instantly(began time.Time) {
	if took := r.Clock().Now().Sub(began); took != 0 {
		r.t.Errorf("took %v, although nothing needs any time", took)
	}
}

// heldBack is a question that is held and never answered.
type heldBack struct{ bastion.Returns[int] }

func keep(ctx *bastion.Context, msg any) error {
	if m, ok := msg.(heldBack); ok {
		return m.Hold(ctx)
	}
	return react(ctx, msg)
}

// keepers is both, of those who keep what they are asked.
func keepers() bastion.SupervisorSpec {
	spec := both(nil)
	spec.Children[0].Start = withHooks(hooked{on: keep})
	spec.Children[1].Start = bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, err := ctx.Recv()
			if err == nil {
				err = keep(ctx, msg)
			}
			if err != nil {
				return err
			}
		}
	})
	return spec
}

func briefly(err error) string {
	var failed *bastion.FailedError
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, bastion.ErrStopped):
		return "stopped"
	case errors.As(err, &failed):
		return "failed"
	}
	return err.Error()
}

// Whoever is told to stop while it waits for an order of its own gets ErrPending, a loop as well, whose Context is done at
// the same moment.
func TestS8_ToldToStopWhileItWaitsForAnOrder(t *testing.T) {
	for seed := range uint64(30) {
		spec := both(nil)
		spec.Children = append(spec.Children, bastion.ChildSpec{Name: "slow", Start: withHooks(hooked{
			stop: func(ctx *bastion.Context, _ error) error { return ctx.Sleep(time.Second) },
		})})
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			answers := 0
			for _, name := range []string{"handler", "loop"} {
				r.tell(name, do(func(ctx *bastion.Context) error {
					if err := ctx.Supervisor().Child("slow").Stop(ctx); !errors.Is(err, bastion.ErrPending) {
						t.Errorf("seed %d, %s: %v", seed, name, err)
					}
					answers++
					return nil
				}))
			}
			began := r.Clock().Now()
			r.until("both to wait", func() bool {
				n, _ := r.sys.Inspector().Node("/sys/sup/slow")
				return n.State == bastion.StateStopping && r.sys.Inspector().Books().InHand == 2
			})
			for _, name := range []string{"handler", "loop"} {
				if err := r.sup.Child(name).Stop(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if answers != 2 || r.Clock().Now().Sub(began) >= time.Second {
				t.Errorf("seed %d: %d answers after %v", seed, answers, r.Clock().Now().Sub(began))
			}
		})
	}
}
