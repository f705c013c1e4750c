package bastion_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

type never struct{}

func (never) Next(time.Time) time.Time { return time.Time{} }

type backwards struct{}

func (backwards) Next(at time.Time) time.Time { return at }

func TestT4_BadInput(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		to, hour := r.b, time.Hour
		r.in("a", func(ctx *bastion.Context) error {
			for _, c := range []struct {
				spec  bastion.TimerSpec
				is    error
				field string
			}{
				{spec: bastion.TimerSpec{To: to}, is: bastion.ErrNilMessage},
				{spec: bastion.TimerSpec{Message: 1}, is: bastion.ErrNoProcess},
				{spec: bastion.TimerSpec{To: to, Message: 1, Every: -1}, field: "Every: "},
				{spec: bastion.TimerSpec{To: to, Message: 1, Every: hour, At: r.start}, field: "At: "},
				{spec: bastion.TimerSpec{To: to, Message: 1, After: hour, At: r.start}, field: "At: "},
				{spec: bastion.TimerSpec{To: to, Message: 1, After: hour, On: never{}}, field: "On: "},
				{spec: bastion.TimerSpec{To: to, Message: 1, On: never{}}, field: "On: "},
				{spec: bastion.TimerSpec{To: to, Message: 1, On: backwards{}}, field: "On: "},
			} {
				_, err := ctx.SetTimer(c.spec)
				if c.is != nil && !errors.Is(err, c.is) || c.field != "" && !faultIn(err, c.field) {
					t.Errorf("%+v: %v", c.spec, err)
				}
				if _, err2 := ctx.System().SetTimer(c.spec); (err2 == nil) != (err == nil) {
					t.Errorf("%+v: %v", c.spec, err2)
				}
			}
			if _, err := ctx.SendEvery(0, to, 1); !faultIn(err, "Every: ") {
				t.Error(err)
			}
			if _, err := ctx.SendEvery(-1, to, 1); !faultIn(err, "Every: ") {
				t.Error(err)
			}
			if _, err := ctx.SendAfter(1, to, nil); !errors.Is(err, bastion.ErrNilMessage) {
				t.Error(err)
			}
			if _, err := ctx.SendAfter(1, bastion.Ref{}, 1); !errors.Is(err, bastion.ErrNoProcess) {
				t.Error(err)
			}
			return nil
		})
		if n := r.timers(r.a); n != 0 {
			t.Errorf("%d timers were set", n)
		}
	})
}

func faultIn(err error, field string) bool {
	var spec *bastion.SpecError
	return errors.As(err, &spec) && strings.HasPrefix(spec.Faults[0], field)
}

// A Context whose incarnation is over sets nothing.
func TestT3_EndedContext(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var old *bastion.Context
		r.in("a", func(ctx *bastion.Context) error { old = ctx; return errBoom })
		refused := func() {
			t.Helper()
			for _, survives := range []bool{false, true} {
				_, err := old.SetTimer(bastion.TimerSpec{To: r.b, Message: "x", Survives: survives})
				if !errors.Is(err, bastion.ErrEnded) {
					t.Error(survives, err)
				}
			}
			if _, err := old.SendAfter(0, r.b, "x"); !errors.Is(err, bastion.ErrEnded) {
				t.Error(err)
			}
			if _, err := old.SendAt(r.start, r.b, "x"); !errors.Is(err, bastion.ErrEnded) {
				t.Error(err)
			}
		}
		refused()
		r.in("a", func(ctx *bastion.Context) error { _, err := ctx.SendAfter(1, r.b, "new"); return err })
		refused() // also when the next incarnation has timers
		r.after(time.Second)
		if err := r.a.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		refused()
		r.after(time.Second)
		r.want("b new at 1ns")
	})
}

// A schedule that fails in one of several ways the third time it is asked.
type failing struct {
	asked int
	how   func(time.Time) time.Time
}

func (f *failing) Next(at time.Time) time.Time {
	if f.asked++; f.asked == 3 {
		return f.how(at)
	}
	return at.Add(time.Minute)
}

// A schedule is the user's code: whatever it does ends its own timer and nothing else.
func TestT4_ScheduleFails(t *testing.T) {
	for name, how := range map[string]func(time.Time) time.Time{
		"panics":         func(time.Time) time.Time { panic("schedule") },
		"ends":           func(time.Time) time.Time { return time.Time{} },
		"goes backwards": func(at time.Time) time.Time { return at.Add(-time.Minute) },
		"stands still":   func(at time.Time) time.Time { return at },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor()})
				timer, err := r.sys.SetTimer(bastion.TimerSpec{To: r.child("a"), Message: "tick", On: &failing{how: how}})
				if err != nil {
					t.Fatal(err)
				}
				<-time.After(10 * time.Minute)
				if n := r.sys.Inspector().Books().Handled; n != 2 {
					t.Errorf("%d ticks, want 2", n)
				}
				stopped(t, timer, false)
			})
		})
	}
}

// minutely is a schedule.
type minutely struct{}

func (minutely) Next(at time.Time) time.Time { return at.Truncate(time.Minute).Add(time.Minute) }

// On a schedule, too, at most one message waits, and what was missed is counted.
func TestT1_ScheduleDoesNotPileUp(t *testing.T) {
	eachTimed(t, func(t *testing.T, r *timed) {
		var timer bastion.Timer
		r.in("a", func(ctx *bastion.Context) (err error) {
			timer, err = ctx.SetTimer(bastion.TimerSpec{To: r.b, Message: "tick", On: minutely{}})
			return err
		})
		first := timer.Due().Sub(r.start)
		r.after(first)
		free := make(chan struct{})
		r.tell("b", hang{free})
		r.after(4*time.Minute + time.Second)
		close(free)
		r.after(time.Minute)
		r.want(
			"b tick at "+first.String(),
			"b tick at "+(first+4*time.Minute+time.Second).String(),
			"b tick at "+(first+5*time.Minute).String())
		if timer.Missed() != 3 {
			t.Errorf("missed %d, want 3", timer.Missed())
		}
		stopped(t, timer, true)
	})
}
