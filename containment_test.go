package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/bastion-go/bastion"
)

type customPanic struct{ n int }

// disasters are what user code can do to its runtime, with what the supervisor is to be told.
var disasters = []struct {
	name string
	code func() error
	told func(error) bool
}{
	{"error", func() error { return errBoom }, func(err error) bool { return err == errBoom }},
	{"panic with a string", func() error { panic("text") }, panicked("text")},
	{"panic with an error", func() error { panic(errBoom) }, func(err error) bool { return errors.Is(err, errBoom) && panicked(errBoom)(err) }},
	{"panic with a value", func() error { panic(customPanic{7}) }, panicked(customPanic{7})},
	{"panic with nil", func() error { panic(nil) }, func(err error) bool { //nolint:govet // on purpose
		var p *runtime.PanicNilError
		return errors.As(err, &p)
	}},
	{"nil dereference", func() error { var p *customPanic; p.n++; return nil }, func(err error) bool {
		var p runtime.Error
		return errors.As(err, &p)
	}},
	{"goexit", func() error { runtime.Goexit(); return nil }, func(err error) bool { return errors.Is(err, bastion.ErrGoexit) }},
	{"panic while panicking", func() error {
		defer func() { panic("second") }()
		panic("first")
	}, panicked("second")},
	{"goexit while panicking", func() error {
		defer runtime.Goexit()
		panic("first")
	}, func(err error) bool { return errors.Is(err, bastion.ErrGoexit) }},
	{"panic in goexit", func() error {
		defer func() { panic("second") }()
		runtime.Goexit()
		return nil
	}, panicked("second")},
	// A nil pointer in an error is the classic; Unwrap and Error of this one dereference it.
	{"typed nil error", func() error { var e *fs.PathError; return e }, func(err error) bool { return err != nil }},
	{"an error that panics", func() error { return badError{} }, func(err error) bool { return err != nil }},
	{"panic with an error that panics", func() error { panic(badError{}) }, func(err error) bool { return err != nil }},
}

type badError struct{}

func (badError) Error() string          { panic("in Error") }
func (badError) Unwrap() error          { panic("in Unwrap") }
func (badError) Is(error) bool          { panic("in Is") }
func (badError) As(any) bool            { panic("in As") }
func (badError) Format(fmt.State, rune) { panic("in Format") }

func panicked(value any) func(error) bool {
	return func(err error) bool {
		var p *bastion.PanicError
		return errors.As(err, &p) && p.Value == value
	}
}

// places are where user code runs, each as a child that runs code in its first incarnation once it is poked.
var places = map[string]func(code func() error) bastion.ChildSpec{
	"handler": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: once(code)})}
	},
	"handler with hooks": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: once(code)}), Callbacks: bastion.Callbacks{
			AfterStart: func(*bastion.Context) error { return nil },
		}}
	},
	"loop": func(code func() error) bastion.ChildSpec { return bastion.ChildSpec{Start: loopOn(once(code))} },
	"goroutine of a handler": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: once2(code)})}
	},
	"goroutine of a loop": func(code func() error) bastion.ChildSpec { return bastion.ChildSpec{Start: loopOn(once2(code))} },
	"continuation": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
			if ctx.Incarnation() > 1 || msg != "poke" {
				return react(ctx, msg)
			}
			return bastion.AskThen(ctx, ctx.Supervisor().Child("answerer"), barrier{},
				func(*bastion.Context, uint64, error) error { return code() })
		}})}
	},
	"start hook": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: poked, start: second(code)})}
	},
	"factory": func(code func() error) bastion.ChildSpec {
		made := 0
		return bastion.ChildSpec{Start: bastion.Handle(func() bastion.Receiver {
			if made++; made == 2 && code() != nil {
				return nil
			}
			return bastion.ReceiverFunc(poked)
		})}
	},
	"before restart": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: withHooks(hooked{on: poked}), Callbacks: bastion.Callbacks{
			BeforeRestart: func(ctx *bastion.Context, _ bastion.Failure) error { return second(code)(ctx) },
		}}
	},
	"loop's after restart": func(code func() error) bastion.ChildSpec {
		return bastion.ChildSpec{Start: loopOn(poked), Callbacks: bastion.Callbacks{
			AfterRestart: func(ctx *bastion.Context, _ bastion.Failure) error { return second(code)(ctx) },
		}}
	},
}

// late are the places that come after a first failure.
var late = map[string]bool{"start hook": true, "factory": true, "before restart": true, "loop's after restart": true}

func once(code func() error) func(*bastion.Context, any) error {
	return func(ctx *bastion.Context, msg any) error {
		if ctx.Incarnation() == 1 && msg == "poke" {
			return code()
		}
		return react(ctx, msg)
	}
}

func once2(code func() error) func(*bastion.Context, any) error {
	return once3(func(ctx *bastion.Context) error { return ctx.Go(func(*bastion.Context) error { return code() }) })
}

func once3(f func(*bastion.Context) error) func(*bastion.Context, any) error {
	return func(ctx *bastion.Context, msg any) error {
		if ctx.Incarnation() == 1 && msg == "poke" {
			return f(ctx)
		}
		return react(ctx, msg)
	}
}

// poked fails when poked in its first incarnation; second runs code in the second.
func poked(ctx *bastion.Context, msg any) error {
	return once(func() error { return errBoom })(ctx, msg)
}

func second(code func() error) func(*bastion.Context) error {
	return func(ctx *bastion.Context) error {
		if ctx.Incarnation() != 2 {
			return nil
		}
		return code()
	}
}

func TestL5_EveryFailureIsContained(t *testing.T) {
	for place, child := range places {
		for _, d := range disasters {
			t.Run(place+"/"+d.name, func(t *testing.T) {
				spec := child(d.code)
				spec.Name = "victim"
				r := rigOf(t, bastion.ChildSpec{Name: "answerer", Start: actor()}, spec, bastion.ChildSpec{Name: "bystander", Start: looper()})
				r.tell("victim", "poke")
				e := r.await(bastion.EventFailed, "/sys/sup/victim")
				if late[place] {
					e = r.await(bastion.EventFailed, "/sys/sup/victim")
				}
				if place != "factory" || d.name != "error" && d.name != "typed nil error" && d.name != "an error that panics" {
					if !d.told(e.Reason) {
						t.Errorf("reason: %T", e.Reason)
					}
				}
				_ = e.Report.String()
				r.await(bastion.EventStarted, "/sys/sup/victim")
				if inc := r.sync(r.child("victim")); inc != e.Incarnation+1 {
					t.Errorf("incarnation %d after the failure of %d", inc, e.Incarnation)
				}
				if inc := r.sync(r.child("bystander")); inc != 1 {
					t.Errorf("the bystander is in incarnation %d", inc)
				}
			})
		}
	}
}

func TestL5_DisasterInAStopHook(t *testing.T) {
	for _, d := range disasters {
		t.Run(d.name, func(t *testing.T) {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: withHooks(hooked{
				stop: func(*bastion.Context, error) error { return d.code() },
			})})
			r.tell("c", fail{})
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
			if err := r.child("c").Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestL5_DisasterInMatchFormatAndAfterStop(t *testing.T) {
	for _, d := range disasters {
		t.Run(d.name, func(t *testing.T) {
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{
				Name: "c", Start: actor(),
				Conditions: []bastion.Condition{{Match: func(bastion.Failure) bool { return d.code() == nil }, Then: bastion.StopSystem}},
				Callbacks:  bastion.Callbacks{AfterStop: func(bastion.Failure) { _ = d.code() }},
				Format:     func(any) string { _ = d.code(); return "" },
			}}}, loud)
			r.tell("c", fail{})
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
			if err := r.child("c").Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A formatter is user code on the way of a restart: it may neither return nor ask for what the restart has to do first.
func TestL7_FormatThatDoesNotReturn(t *testing.T) {
	for name, format := range map[string]func(r *rig, gate chan struct{}){
		"stuck":                func(_ *rig, gate chan struct{}) { <-gate },
		"restarts its own":     func(r *rig, _ chan struct{}) { _ = r.sup.Restart(context.Background(), "c") },
		"stops its supervisor": func(r *rig, _ chan struct{}) { _ = r.sup.Stop(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				var r *rig
				r = rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{
					Name: "c", Start: actor(), Format: func(any) string { format(r, gate); return "" },
				}}}, loud)
				r.tell("c", fail{})
				r.await(bastion.EventFailed, "/sys/sup/c")
				if err := rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) }); err != nil {
					t.Error(err)
				}
				close(gate)
			})
		})
	}
}
