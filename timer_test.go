package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A timed rig has processes a and b, which note the strings they receive, each with the virtual time since the start.
type timed struct {
	*rig
	start time.Time
	a, b  bastion.Ref
}

// eachTimed runs f in a bubble, with processes of either kind.
func eachTimed(t *testing.T, f func(t *testing.T, r *timed)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &timed{start: time.Now()}
				on := func(ctx *bastion.Context, msg any) error {
					if text, ok := msg.(string); ok {
						r.note("%s %s at %v", ctx.Self().Name(), text, time.Since(r.start))
						return nil
					}
					return react(ctx, msg)
				}
				r.rig = rigOf(t,
					bastion.ChildSpec{Name: "a", Start: k.make(on)},
					bastion.ChildSpec{Name: "b", Start: k.make(on)},
					bastion.ChildSpec{Name: "forgetful", Start: k.make(on), DropMailbox: true},
				)
				r.a, r.b = r.child("a"), r.child("b")
				f(t, r)
			})
		})
	}
}

// in has a process do something and waits for that.
func (r *timed) in(name string, f func(ctx *bastion.Context) error) {
	r.t.Helper()
	r.tell(name, do(f))
	synctest.Wait()
}

// after lets virtual time pass.
func (r *timed) after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (r *timed) timers(ref bastion.Ref) int {
	r.t.Helper()
	n, err := r.sys.Inspector().Node(ref.Path())
	if err != nil {
		r.t.Fatal(err)
	}
	return n.Timers
}

func (r *timed) discarded(why bastion.DiscardReason, want uint64) {
	r.t.Helper()
	if got := r.sys.Inspector().Books().Reason(why); got != want {
		r.t.Errorf("%d discarded as %v, want %d", got, why, want)
	}
}

// stopped checks what Stop says.
func stopped(t *testing.T, timer bastion.Timer, want bool) {
	t.Helper()
	if got := timer.Stop(); got != want {
		t.Errorf("Stop: %v, want %v", got, want)
	}
}

// A timer sends at its time exactly, and those of one process in the order of their times and then of their setting.
func TestT1_TimeAndOrder(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		r.in("a", func(ctx *bastion.Context) error {
			for i, d := range []time.Duration{2 * time.Minute, 3 * time.Second, 5, time.Second, 4, time.Second, 0, -time.Second, 9 * time.Minute} {
				if _, err := ctx.SendAfter(d, r.b, fmt.Sprint(i)); err != nil {
					return err
				}
			}
			_, err := ctx.SendAt(r.start.Add(time.Second+1), ctx.Self(), "self")
			return err
		})
		if n := r.timers(r.a); n != 8 {
			t.Errorf("%d timers, want 8", n)
		}
		r.after(10 * time.Minute)
		r.want("b 6 at 0s", "b 7 at 0s", "b 4 at 4ns", "b 2 at 5ns", "b 3 at 1s", "b 5 at 1s", "a self at 1.000000001s", "b 1 at 3s",
			"b 0 at 2m0s", "b 8 at 9m0s")
		if n := r.timers(r.a); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}

// A recurring timer does not drift, and says what it missed while one message waited.
func TestT1_EveryDoesNotDriftNorPileUp(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var timer bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			timer, err = ctx.SendEvery(time.Second, r.b, "tick")
			return err
		})
		if got := timer.Due().Sub(r.start); got != time.Second {
			t.Errorf("due after %v", got)
		}
		r.after(2500 * time.Millisecond)
		free := make(chan struct{})
		r.tell("b", hang{free})
		r.after(4 * time.Second) // until 6.5 s: one waits since 3 s; 4, 5 and 6 s are missed
		if n := r.sys.Inspector().Books().Mailboxes; n != 1 {
			t.Errorf("%d messages wait", n)
		}
		if !timer.Due().IsZero() {
			t.Error("it is due although the last one waits")
		}
		close(free)
		r.after(time.Second)
		stopped(t, timer, true)
		stopped(t, timer, false)
		r.after(time.Minute)
		r.want("b tick at 1s", "b tick at 2s", "b tick at 6.5s", "b tick at 7s")
		if timer.Missed() != 3 {
			t.Errorf("missed %d, want 3", timer.Missed())
		}
	})
}

func TestT1_EveryBeginsWhenTold(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		r.in("a", func(ctx *bastion.Context) error {
			_, err := ctx.SetTimer(bastion.TimerSpec{To: r.b, Message: "tick", Every: time.Minute, After: time.Second})
			return err
		})
		r.after(2 * time.Minute)
		r.want("b tick at 1s", "b tick at 1m1s")
	})
}

// Stop withdraws what waits in the mailbox, and says so.
func TestT2_StopWithdraws(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var once, every, early bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			once, err = ctx.SendAfter(time.Second, r.b, "once")
			if err == nil {
				every, err = ctx.SendEvery(time.Second, r.b, "every")
			}
			if err == nil {
				early, err = ctx.SendAfter(time.Hour, r.b, "early")
			}
			return err
		})
		free := make(chan struct{})
		r.tell("b", hang{free})
		r.after(time.Minute)
		for _, timer := range []bastion.Timer{once, every, early} {
			if timer.IsZero() {
				t.Error("no timer")
			}
			stopped(t, timer, true)
			stopped(t, timer, false)
		}
		close(free)
		r.after(2 * time.Hour)
		r.want()
		r.discarded(bastion.DiscardWithdrawn, 2)
		if n := r.timers(r.a); n != 0 {
			t.Errorf("%d timers are left", n)
		}
		stopped(t, bastion.Timer{}, false)
	})
}

// A one-shot that was received cannot be stopped any more.
func TestT2_StopOfWhatWasReceived(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var timer bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			timer, err = ctx.SendAfter(time.Second, r.b, "once")
			return err
		})
		r.after(time.Second)
		stopped(t, timer, false)
		if !timer.Due().IsZero() || timer.Missed() != 0 {
			t.Error(timer.Due(), timer.Missed())
		}
		r.want("b once at 1s")
	})
}

// The timers of an incarnation end with it, waiting messages included; those that survive go on until the child is gone.
func TestT3_EndsWithItsIncarnation(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var kept, mine bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			for _, d := range []time.Duration{time.Second, time.Minute} {
				if mine, err = ctx.SendEvery(d, ctx.Self(), "mine"); err != nil {
					return err
				}
			}
			if _, err = ctx.SendAfter(time.Second, r.b, "waits"); err != nil {
				return err
			}
			kept, err = ctx.SetTimer(bastion.TimerSpec{To: ctx.Self(), Message: "kept", Every: 4 * time.Second, Survives: true})
			return err
		})
		freeA, freeB := make(chan struct{}), make(chan struct{})
		r.tell("a", hang{freeA})
		r.tell("b", hang{freeB})
		r.tell("a", fail{})
		r.after(5 * time.Second) // one of mine, one that survives, and b's wait
		close(freeA)
		synctest.Wait()
		close(freeB)
		synctest.Wait()
		r.want("a kept at 5s")
		if n := r.timers(r.a); n != 1 {
			t.Errorf("%d timers, want the one that survives", n)
		}
		r.discarded(bastion.DiscardWithdrawn, 2)
		stopped(t, mine, false)
		r.after(10 * time.Second)
		r.want("a kept at 8s", "a kept at 12s")
		if err := r.a.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		stopped(t, kept, false)
		r.after(time.Minute)
		r.want()
	})
}

// A mailbox that is dropped at a restart takes a surviving timer's message with it, but not the timer.
func TestT3_SurvivesADroppedMailbox(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		r.in("forgetful", func(ctx *bastion.Context) error {
			_, err := ctx.SetTimer(bastion.TimerSpec{To: ctx.Self(), Message: "kept", Every: time.Second, Survives: true})
			return err
		})
		free := make(chan struct{})
		r.tell("forgetful", hang{free})
		r.tell("forgetful", fail{})
		r.after(100 * time.Millisecond)
		r.tell("forgetful", "dropped")
		r.after(1400 * time.Millisecond)
		if err := r.child("forgetful").Exit(context.Background(), errBoom); err != nil {
			t.Fatal(err)
		}
		close(free)
		r.after(time.Second)
		r.want("forgetful kept at 2s")
		r.discarded(bastion.DiscardDropped, 3)
	})
}

// A receiver that is gone for good gets no message: it is counted, and a dead letter.
func TestT4_ReceiverIsGone(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		letters := r.sys.DeadLetters(16)
		r.in("a", func(ctx *bastion.Context) error {
			if _, err := ctx.SendAfter(time.Second, r.b, "once"); err != nil {
				return err
			}
			_, err := ctx.SendEvery(time.Second, r.b, "every")
			return err
		})
		if err := r.b.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		before := r.sys.Inspector().Books()
		r.after(time.Minute)
		b := r.sys.Inspector().Books()
		if !b.Balanced() || b.Accepted != before.Accepted+2 || b.Reason(bastion.DiscardStopped) != before.Reason(bastion.DiscardStopped)+2 {
			t.Errorf("%v, before %v", b, before)
		}
		var got []any
		for range 2 {
			l := rigRecv(t, "letter", letters.C())
			if l.Sender != r.a || l.Receiver != r.b || !errors.Is(l.Reason, bastion.ErrStopped) {
				t.Errorf("%+v", l)
			}
			got = append(got, l.Message)
		}
		if !slices.Equal(got, []any{"once", "every"}) {
			t.Error(got)
		}
		if n := r.timers(r.a); n != 0 {
			t.Errorf("%d timers to nobody", n)
		}
	})
}

// What waits when its receiver stops for good is discarded like any message; what was stopped before is withdrawn.
func TestT4_ReceiverStopsWithItWaiting(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		letters := r.sys.DeadLetters(16)
		var off bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			if _, err = ctx.SendAfter(time.Second, r.b, "on"); err != nil {
				return err
			}
			off, err = ctx.SendAfter(time.Second, r.b, "off")
			return err
		})
		free := make(chan struct{})
		r.tell("b", hang{free})
		r.after(2 * time.Second)
		stopped(t, off, true)
		gone := make(chan error, 1)
		go func() { gone <- r.b.Stop(context.Background()) }()
		synctest.Wait()
		close(free)
		if err := <-gone; err != nil {
			t.Fatal(err)
		}
		if l := rigRecv(t, "letter", letters.C()); l.Message != "on" {
			t.Errorf("%+v", l)
		}
		r.discarded(bastion.DiscardWithdrawn, 1)
		r.discarded(bastion.DiscardStopped, 1)
	})
}

// The system's timers end with it, and come from nobody.
func TestT3_TimersOfTheSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var from []string
		r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { from = append(from, ctx.Sender().String()); return nil })
		})}}})
		spec := bastion.TimerSpec{To: r.child("a"), Message: "tick", Every: time.Second}
		if _, err := r.sys.SetTimer(spec); !errors.Is(err, bastion.ErrNotStarted) {
			t.Error(err)
		}
		if err := r.sys.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		timer, err := r.sys.SetTimer(spec)
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(2500 * time.Millisecond)
		r.stop()
		if got := strings.Join(from, " "); got != "nobody nobody" {
			t.Error(got)
		}
		stopped(t, timer, false)
		if _, err := r.sys.SetTimer(spec); !errors.Is(err, bastion.ErrStopped) {
			t.Error(err)
		}
	})
}
