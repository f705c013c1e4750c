package bastiontest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

func TestSim_S4_OneAfterTheOther(t *testing.T) {
	prove(t, func(w *world) {
		busy := ""
		during := func(what string) func(ctx *bastion.Context) error {
			return func(ctx *bastion.Context) error {
				if busy != "" {
					w.Errorf("%s during %s", what, busy)
				}
				busy = what
				_ = ctx.Sleep(time.Duration(w.Choose(3)) * time.Millisecond)
				busy = ""
				return nil
			}
		}
		var specs []bastion.ChildSpec
		var want, stops []string
		for i := range 4 {
			name := string(rune('a' + i))
			start, stop := during("start "+name), during("stop "+name)
			spec := bastion.ChildSpec{Name: name, Shutdown: time.Second, Start: bastion.Handle(func() bastion.Receiver {
				return hooks{func(ctx *bastion.Context) error { w.note("start %s", name); return start(ctx) },
					func(ctx *bastion.Context, _ error) error { w.note("stop %s", name); return stop(ctx) }}
			})}
			if w.Choose(2) == 1 {
				spec.WaitReady = true
				spec.Start = bastion.Loop(func(ctx *bastion.Context) error {
					w.note("start %s", name)
					_ = start(ctx)
					ctx.Ready()
					_ = ctx.Await(nil)
					w.note("stop %s", name)
					return nil
				})
			}
			specs = append(specs, spec)
			want, stops = append(want, "start "+name), append([]string{"stop " + name}, stops...)
		}
		w.start(bastion.SupervisorSpec{Children: specs})
		w.noted(want...)
		if err := w.sys.Stop(context.Background()); err != nil {
			w.Errorf("Stop: %v", err)
		}
		w.noted(stops...)
	})
}

// hooks is a handler with hooks that are functions.
type hooks struct {
	start func(ctx *bastion.Context) error
	stop  func(ctx *bastion.Context, reason error) error
}

func (h hooks) Start(ctx *bastion.Context) error              { return h.start(ctx) }
func (h hooks) Stop(ctx *bastion.Context, reason error) error { return h.stop(ctx, reason) }
func (h hooks) Receive(ctx *bastion.Context, msg any) error   { return nil }

func TestSim_S7_FailingStarts(t *testing.T) {
	prove(t, func(w *world) {
		at := w.Choose(3)
		boot := w.Choose(2) == 0
		lives := 0
		var specs []bastion.ChildSpec
		for i, name := range []string{"a", "b", "c"} {
			specs = append(specs, bastion.ChildSpec{Name: name, Start: bastion.Handle(func() bastion.Receiver {
				return hooks{func(ctx *bastion.Context) error {
					if i == at {
						if lives++; boot || lives > 1 {
							return errPlanned
						}
					}
					w.note("start %s", name)
					return nil
				}, func(*bastion.Context, error) error { w.note("stop %s", name); return nil }}
			})})
		}
		sys := w.New(bastion.Config{Name: "sys", Intensity: bastion.NoRestarts})
		limit := 1 + w.Choose(3)
		sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Intensity{Max: limit, Within: time.Hour}, Children: specs})
		if err != nil {
			w.Fatal(err)
		}
		err = sys.Start(context.Background())
		if boot {
			var failed *bastion.StartError
			if !errors.As(err, &failed) || !errors.Is(err, errPlanned) || !strings.HasSuffix(failed.Path, specs[at].Name) && failed.Path != sup.Path() {
				w.Errorf("Start: %v", err)
			}
			var want []string
			for i := range at {
				want = append(want, "start "+specs[i].Name)
			}
			for i := at - 1; i >= 0; i-- {
				want = append(want, "stop "+specs[i].Name)
			}
			w.noted(want...)
			return
		}
		if err := sup.Child(specs[at].Name).Exit(context.Background(), errPlanned); err != nil {
			w.Errorf("Exit: %v", err)
		}
		if err := sys.Wait(); !errors.Is(err, bastion.ErrIntensity) {
			w.Errorf("Wait: %v", err)
		}
		if lives != limit+1 { // the first, and every restart that the intensity allows, all of which fail
			w.Errorf("started %d times, with an intensity of %d", lives, limit)
		}
	})
}
