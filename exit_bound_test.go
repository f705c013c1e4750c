package bastion_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// Whoever is struck by an exit signal has its shutdown time once: for the message in hand and the stop hook together, and
// however many signals follow.
func TestS10_OneShutdownTimeForAll(t *testing.T) {
	const limit = 10 * time.Second
	deaf := func(d time.Duration) func(*bastion.Context, error) error {
		return func(ctx *bastion.Context, _ error) error {
			if ctx.Incarnation() == 1 {
				pass(d)
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		kind     string
		hook     time.Duration
		repeated bool
	}{
		"handler, and its hook":             {kind: "handler", hook: 9 * time.Second},
		"handler, struck again and again":   {kind: "handler", repeated: true},
		"loop, struck again and again":      {kind: "loop", repeated: true},
		"stop hook, struck again and again": {kind: "handler", hook: time.Minute, repeated: true},
		"its goroutine, struck and struck":  {kind: "goroutine", repeated: true},
		"handler, and its endless hook":     {kind: "handler", hook: time.Minute},
	} {
		for _, count := range []int{0, 1} { // a child, and a member of a group
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					on := func(ctx *bastion.Context, msg any) error {
						if msg == "hang" {
							if c.kind == "goroutine" {
								return ctx.Go(func(*bastion.Context) error { pass(time.Minute); return nil })
							}
							pass(9 * time.Second)
							if c.repeated {
								pass(time.Minute)
							}
							return nil
						}
						return react(ctx, msg)
					}
					spec := beating("c", c.kind, on)
					spec.Heartbeat, spec.Shutdown, spec.Count = 0, limit, count
					if c.hook > 0 {
						spec.Start = withHooks(hooked{on: on, stop: deaf(c.hook)})
					}
					r := rigOf(t, spec)
					r.left = true
					ref := r.sup.Child("c")
					if count > 0 {
						ref = r.sup.Group("c").Member(0)
					}
					if err := ref.Tell(context.Background(), "hang"); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					began := time.Now()
					exit := func() {
						if err := ref.Exit(context.Background(), errBoom); err != nil && !errors.Is(err, bastion.ErrNoProcess) {
							t.Error(err)
						}
					}
					exit()
					for range 4 {
						if pass(4 * time.Second); c.repeated {
							exit()
						}
					}
					e := r.await(bastion.EventFailed, ref.Path())
					if took := e.Time.Sub(began); took < limit || took > limit+time.Second {
						t.Errorf("over after %v, shutdown time %v", took, limit)
					}
					pass(2 * time.Minute)
				})
			})
		}
	}
}

// What is being killed already does not fail because of what it meets on its way: a signal, or a goroutine of its own.
func TestS10_TheKilledIsNotStruck(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		for what, act := range map[string]func(ctx *bastion.Context) error{
			"signal": func(ctx *bastion.Context) error { return ctx.Self().Exit(ctx, errBoom) },
			"kill":   func(ctx *bastion.Context) error { return ctx.Self().Exit(ctx, bastion.ErrKilled) },
			"goroutine": func(ctx *bastion.Context) error {
				done := make(chan struct{})
				defer func() { <-done }()
				return ctx.Go(func(*bastion.Context) error { defer close(done); return errBoom })
			},
		} {
			t.Run(kind+"/"+what, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					acted := false
					on := func(ctx *bastion.Context, msg any) error {
						if msg != "wait" {
							return react(ctx, msg)
						}
						if what == "goroutine" {
							if err := ctx.Go(func(ctx *bastion.Context) error { <-ctx.Done(); acted = true; return errBoom }); err != nil {
								return err
							}
							<-ctx.Done()
							whileOthersRest()
							return ctx.Err()
						}
						<-ctx.Done()
						if err := act(ctx); err != nil {
							t.Error(err)
						}
						acted = true
						whileOthersRest()
						return ctx.Err()
					}
					spec := beating("c", kind, on)
					spec.Heartbeat = 0
					r := rigOf(t, spec)
					r.tell("c", "wait")
					synctest.Wait()
					if err := r.child("c").Kill(context.Background()); err != nil {
						t.Error(err)
					}
					for {
						e := <-r.events.C()
						if e.Kind == bastion.EventFailed {
							t.Errorf("a failure: %v (%s)", e.Reason, e.Report.Decision)
						}
						if e.Kind == bastion.EventStopped {
							if brief(e.Reason) != "killed" {
								t.Error(e.Reason)
							}
							break
						}
					}
					if !acted {
						t.Error("nothing was tried")
					}
				})
			})
		}
	}
}

// whileOthersRest lets everything else come to rest, within the moment that what was killed has.
func whileOthersRest() { pass(time.Millisecond) }

// A start that gives up because a signal has cancelled its Context has failed for the reason of the signal.
func TestS10_StruckWhileItStarts(t *testing.T) {
	for _, reason := range []error{errBoom, bastion.ErrKilled} {
		synctest.Test(t, func(t *testing.T) {
			r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: withHooks(hooked{
				start: func(ctx *bastion.Context) error {
					if err := ctx.Self().Exit(ctx, reason); err != nil {
						t.Error(err)
					}
					<-ctx.Done()
					return ctx.Err()
				},
			})}}})
			r.left = true
			err := r.sys.Start(context.Background())
			var failed *bastion.StartError
			if !errors.As(err, &failed) || !errors.Is(err, reason) {
				t.Errorf("Start: %v", err)
			}
		})
	}
}
