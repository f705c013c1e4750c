package bastion_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// rest lets virtual time pass, which it does only when nothing else can go on.
func (r *seededRig) rest() {
	over := false
	r.Clock().AfterFunc(time.Millisecond, func() { over = true })
	r.until("rest", func() bool { return over })
}

// pairs are the kinds of two children, watcher and subject.
var pairs = [][2]string{{"handler", "loop"}, {"loop", "handler"}}

// An Unlink that has returned in time stands: nothing strikes afterwards.
func TestS10_UnlinkWhileItFires(t *testing.T) {
	for _, pair := range pairs {
		struck, spared := 0, 0
		for seed := range uint64(200) {
			seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
				subject := r.sup.Child(pair[1])
				linked, freed := false, false
				r.tell(pair[0], do(func(ctx *bastion.Context) error { linked = true; return ctx.Link(subject) }))
				r.until("the link", func() bool { return linked })
				r.tell(pair[1], fail{})
				r.tell(pair[0], do(func(ctx *bastion.Context) error {
					ctx.Unlink(subject)
					freed = ctx.Incarnation() == 1 && ctx.Err() == nil
					return nil
				}))
				r.rest()
				inc, err := bastion.Ask(context.Background(), r.sup.Child(pair[0]), barrier{})
				if err != nil || freed != (inc == 1) {
					t.Errorf("%v, seed %d: incarnation %d, freed %v, %v", pair, seed, inc, freed, err)
				}
				if freed {
					spared++
				} else {
					struck++
				}
			})
		}
		if struck == 0 || spared == 0 {
			t.Errorf("%v: struck %d times, spared %d times: one of them was never tried", pair, struck, spared)
		}
	}
}

// A monitor that is made between two incarnations is about the next, also when the end of the last is still being told.
func TestS10_MonitorRightAfterAnEnd(t *testing.T) {
	for _, pair := range pairs {
		between := 0
		for seed := range uint64(200) {
			seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
				subject, made := r.sup.Child(pair[1]), false
				r.tell(pair[1], fail{})
				r.Go("watcher", func() {
					r.tell(pair[0], do(func(ctx *bastion.Context) error {
						return ctx.Go(func(ctx *bastion.Context) error {
							// Of an incarnation that lives this is no more than a question.
							made = errors.Is(subject.Exit(ctx, nil), bastion.ErrNoProcess)
							if !made {
								return nil
							}
							_, err := ctx.Monitor(subject, bastion.ThisIncarnation)
							return err
						})
					}))
				})
				r.rest()
				if !made {
					return
				}
				between++
				b, err := r.sys.Inspector().Node(subject.Path())
				if err != nil || b.MonitoredBy != 1 {
					t.Errorf("%v, seed %d: the monitor is not there any more: %d, %v", pair, seed, b.MonitoredBy, err)
				}
			})
		}
		if between == 0 {
			t.Errorf("%v: never between two", pair)
		}
	}
}

// The monitors of an incarnation end with it, also one that it is making at that moment.
func TestS10_OwnerEndsDuringMonitor(t *testing.T) {
	for _, pair := range pairs {
		for _, span := range []bastion.Span{bastion.ThisIncarnation, bastion.UntilGone, bastion.EachIncarnation} {
			during := 0
			for seed := range uint64(150) {
				seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
					subject, begun := r.sup.Child(pair[1]), false
					r.tell(pair[0], do(func(ctx *bastion.Context) error {
						r.Go("watcher", func() {
							begun = true
							if _, err := ctx.Monitor(subject, span); err == nil && ctx.Err() != nil {
								during++
							}
						})
						return nil
					}))
					r.until("the monitor", func() bool { return begun })
					r.tell(pair[0], fail{})
					r.rest()
					for _, name := range pair {
						n, err := r.sys.Inspector().Node(r.sup.Child(name).Path())
						if err != nil || n.Monitors != 0 || n.MonitoredBy != 0 {
							t.Errorf("%v, %v, seed %d: %s has %d monitors, %d on it, %v", pair, span, seed, name, n.Monitors, n.MonitoredBy, err)
						}
					}
				})
			}
			if during == 0 {
				t.Errorf("%v, %v: it never ended meanwhile", pair, span)
			}
		}
	}
}

// TestS10_TangleInManyOrders is TestS10_Tangle, smaller, in many orders that can be had again.
func TestS10_TangleInManyOrders(t *testing.T) {
	const n, rounds = 4, 60
	for seed := range uint64(contractSeeds) {
		log := &transcript{t: t}
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: tangleKinds(n, log)}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			var refs []bastion.Ref
			for _, c := range spec.Children {
				refs = append(refs, r.sup.Child(c.Name))
			}
			rng := rand.New(rand.NewPCG(seed, 0))
			for range rounds {
				to, other := refs[rng.IntN(n)], refs[rng.IntN(n)]
				var err error
				switch rng.IntN(20) {
				case 0:
					err = to.Exit(context.Background(), bastion.ErrKilled)
				case 1:
					err = to.Exit(context.Background(), errBoom)
				case 2:
					err = to.Restart(context.Background())
				default:
					err = to.Tell(context.Background(), tangleDo(rng, other))
				}
				if err != nil && !errors.Is(err, bastion.ErrNoProcess) {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
			r.rest()
			tangleAgree(t, r.sys, refs, func(ref bastion.Ref) (open int) {
				asked := false
				err := ref.Tell(context.Background(), tangleOp(func(ctx *bastion.Context, v *tangle) error {
					asked, open = true, len(v.open)
					return nil
				}))
				r.until("the answer", func() bool { return asked || err != nil })
				return open
			})
		})
		log.want()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
