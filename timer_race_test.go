package bastion_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A ticket is the message of one timer.
type ticket struct {
	came atomic.Int32
	all  *sync.WaitGroup
}

// Of a message that is sent once, exactly one is true: Stop said so, or it came. Whoever stops, and whenever.
func TestT2_StoppedOrReceived(t *testing.T) {
	const setters, timers = 4, 2000
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			leaveNothing(t)
			r := rigOf(t, bastion.ChildSpec{Name: "a", Start: k.make(func(ctx *bastion.Context, msg any) error {
				if m, ok := msg.(*ticket); ok {
					m.came.Add(1)
					m.all.Done()
					return nil
				}
				return react(ctx, msg)
			})})
			self := make(chan *bastion.Context, 1)
			r.tell("a", do(func(ctx *bastion.Context) error { self <- ctx; return nil }))
			ctx, to := <-self, r.child("a")
			var all, going sync.WaitGroup
			var stops atomic.Int64
			for range setters {
				going.Go(func() {
					for range timers {
						m := &ticket{all: &all}
						all.Add(1)
						timer, err := ctx.SendAfter(time.Duration(rand.IntN(200))*time.Microsecond, to, m)
						if err != nil {
							t.Error(err)
							all.Done()
							continue
						}
						if rand.IntN(3) > 0 {
							going.Go(func() {
								if timer.Stop() {
									stops.Add(1)
									m.came.Add(10)
									all.Done()
								}
							})
						}
					}
				})
			}
			going.Wait()
			if err := rigIn(t, "the messages", func() error { all.Wait(); return nil }); err != nil {
				t.Fatal(err)
			}
			r.sync(to)
			if n := r.sys.Inspector().Books().Handled; n < uint64(setters*timers)-uint64(stops.Load()) {
				t.Errorf("%d handled, although only %d of %d were stopped", n, stops.Load(), setters*timers)
			}
			t.Logf("%d of %d were stopped", stops.Load(), setters*timers)
		})
	}
}

// Incarnations end while their timers fire, are set and are stopped by others; nothing of an old one arrives.
func TestT3_CrashesWhileTimersFire(t *testing.T) {
	leaveNothing(t)
	type stamped struct{ inc uint64 }
	var stale, came atomic.Int64
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: withHooks(hooked{
		start: func(ctx *bastion.Context) error {
			for i := range 20 {
				if _, err := ctx.SendEvery(time.Duration(i+1)*10*time.Microsecond, ctx.Self(), stamped{ctx.Incarnation()}); err != nil {
					return err
				}
			}
			return nil
		},
		on: func(ctx *bastion.Context, msg any) error {
			m, ok := msg.(stamped)
			if !ok {
				return react(ctx, msg)
			}
			if came.Add(1); m.inc != ctx.Incarnation() {
				stale.Add(1)
			}
			return nil
		},
	})})
	for range 200 {
		for before := came.Load(); came.Load() < before+20; {
			r.sync(r.child("a"))
		}
		r.tell("a", fail{})
	}
	inc := r.sync(r.child("a"))
	if stale.Load() > 0 || inc != 201 {
		t.Errorf("%d messages of an earlier incarnation, incarnation %d", stale.Load(), inc)
	}
	if n, err := r.sys.Inspector().Node("/sys/sup/a"); err != nil || n.Timers > 20 {
		t.Errorf("%d timers, %v", n.Timers, err)
	}
}

// A timer is one object, and a recurring one costs none for a message.
func TestAllocsTimers(t *testing.T) {
	done, left := make(chan struct{}, 1), 0
	count := func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case do:
			return m(ctx)
		case *ticket:
			if left--; left == 0 {
				done <- struct{}{}
			}
		}
		return nil
	}
	a, b := allocCrew(t, kinds[0].make(count), kinds[0].make(count))
	m := new(ticket)
	// One for each timer, and a little for each tick of the clock that comes meanwhile: how many depends on the machine.
	allocsEach(t, 1.2, func(n int) {
		left = n
		err := a.Tell(context.Background(), do(func(ctx *bastion.Context) error {
			for range n {
				if _, err := ctx.SendAfter(time.Millisecond, b, m); err != nil {
					return err
				}
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		<-done
	})
}
