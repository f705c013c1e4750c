package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// What somebody else's end, or a panic, wraps does not speak for who ends with it.
func TestS2_AnEndThatWrapsAnothersIsAFailure(t *testing.T) {
	for name, end := range map[string]func() error{
		"start error":      func() error { return &bastion.StartError{Path: "/x", Reason: bastion.ErrShutdown} },
		"failed, normal":   func() error { return &bastion.FailedError{Path: "/x", Reason: bastion.ErrNormal} },
		"panic":            func() error { panic(bastion.ErrShutdown) },
		"panic, wrapped":   func() error { panic(fmt.Errorf("%w: enough", bastion.ErrNormal)) },
		"escalation error": func() error { return &bastion.EscalationError{Cause: bastion.ErrShutdown, Reason: bastion.ErrShutdown} },
	} {
		t.Run(name, func(t *testing.T) {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Restart: bastion.Transient})
			r.tell("c", do(func(*bastion.Context) error { return end() }))
			if inc := r.sync(r.child("c")); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

// A subtree that gives up has failed, and so it is started again also if it is transient; in OTP it has shut down.
func TestS3_ATransientSupervisorThatGivesUpHasFailed(t *testing.T) {
	for name, start := range map[string]bastion.ChildSpec{
		"supervisor": {Start: bastion.Subtree(bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "0", Start: actor()}}})},
		"group":      {Start: actor(), Count: 1, Intensity: bastion.NoRestarts},
	} {
		t.Run(name, func(t *testing.T) {
			start.Name, start.Restart = "t", bastion.Transient
			r := rigOf(t, start)
			ref, err := r.sys.Lookup("/sys/sup/t/0")
			if err != nil {
				t.Fatal(err)
			}
			check(ref.Tell(t.Context(), fail{}))
			e := r.await(bastion.EventRestarting, "/sys/sup/t")
			if !errors.Is(e.Reason, bastion.ErrIntensity) {
				t.Errorf("restarted because of %v", e.Reason)
			}
			if inc := r.sync(ref); inc != 2 {
				t.Errorf("incarnation %d", inc)
			}
		})
	}
}

// A loop that waits to be ready and ends before has not started, however it ends.
func TestS4_ALoopThatEndsBeforeItIsReady(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(ctx *bastion.Context) error
		want error // nil: any
	}{
		"nil":         {func(*bastion.Context) error { return nil }, nil},
		"error":       {func(*bastion.Context) error { return errBoom }, errBoom},
		"never ready": {func(ctx *bastion.Context) error { return serve(ctx) }, bastion.ErrStartTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
					{Name: "c", Start: bastion.Loop(c.end), WaitReady: true, StartTimeout: time.Minute},
				}})
				err := r.sys.Start(context.Background())
				if !errors.As(err, new(*bastion.StartError)) || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("Start: %v", err)
				}
			})
		})
	}
}

// While those behind it stop, one before them fails, and while all wait one is stopped: one plan, the longest delay,
// start order. (One that is to be stopped anyway and fails before its turn changes nothing, as in OTP.)
func TestS6_AFurtherFailureAndAStopJoinThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		child := func(name string, delay, stop time.Duration) bastion.ChildSpec {
			return bastion.ChildSpec{Name: name, Backoff: bastion.Constant{Delay: delay}, Shutdown: bastion.UnlimitedShutdown, Start: withHooks(hooked{
				start: func(*bastion.Context) error { l.note("start %s", name); return nil },
				stop: func(_ *bastion.Context, why error) error {
					l.note("stop %s %s", name, brief(why))
					<-time.After(stop)
					return nil
				},
			})}
		}
		r := rigUp(t, bastion.SupervisorSpec{Strategy: bastion.RestForOne, Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			child("a", 10*time.Second, 0), child("b", time.Second, 0), child("c", 0, 3*time.Second),
		}})
		l.want("start a", "start b", "start c")
		r.tell("b", fail{})
		synctest.Wait()
		r.tell("a", fail{}) // c is still stopping
		synctest.Wait()
		l.want("stop b boom", "stop c shutdown", "stop a boom")
		failed := time.Now()
		time.Sleep(5 * time.Second)
		if err := r.child("c").Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.sync(r.child("b"))
		if took := time.Since(failed); took != 10*time.Second {
			t.Errorf("started after %v", took)
		}
		l.want("start a", "start b")
		if s := r.sup.Children()[2].State; s != bastion.StateStopped {
			t.Errorf("c is %v", s)
		}
	})
}

func TestS6_TheDelayBeginsAnewAfterAHealthyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(),
			Backoff: bastion.Exponential{First: time.Second, Factor: 2, Healthy: time.Minute}})
		for i, want := range []time.Duration{1, 2, 4, 1, 2} {
			if i == 3 {
				time.Sleep(time.Minute)
			}
			began := time.Now()
			r.tell("c", fail{})
			r.sync(r.child("c"))
			if took := time.Since(began); took != want*time.Second {
				t.Errorf("failure %d: waited %v", i, took)
			}
		}
	})
}

// Directly under the root everything is permanent.
func TestS9_UnderTheRootItIsStartedAgain(t *testing.T) {
	r := rigUp(t, bastion.SupervisorSpec{AutoShutdown: bastion.AnySignificant, Children: []bastion.ChildSpec{
		{Name: "x", Start: onceThen(nil), Restart: bastion.Temporary, Significant: true}, {Name: "y", Start: actor()},
	}})
	r.tell("x", 1)
	r.await(bastion.EventRestarting, "/sys/sup")
	r.await(bastion.EventStarted, "/sys/sup/y")
	if inc := r.sync(r.child("y")); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
}

// A handler may lock its thread for as long as it has a message in hand.
func TestL8_AHandlerMayLockItsThread(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()}, bastion.ChildSpec{Name: "d", Start: actor()})
	d := r.child("d")
	for range 100 {
		r.tell("c", do(func(ctx *bastion.Context) error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			_, err := bastion.Ask(ctx, d, barrier{})
			return err
		}))
	}
	if inc := r.sync(r.child("c")); inc != 1 {
		t.Errorf("incarnation %d", inc)
	}
}

// A stack is kept to its 256th frame, counted from the panic; a report names a hundred links.
func TestL10_DeepStacksAndManyLinksAreCut(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()}, bastion.ChildSpec{Name: "g", Start: actor(), Count: 120, Intensity: bastion.Unlimited})
	members := r.sup.Group("g").Members()
	r.tell("c", do(func(ctx *bastion.Context) error {
		for _, m := range members {
			if err := ctx.Link(m); err != nil {
				return err
			}
		}
		dig(1000)
		return nil
	}))
	e := r.await(bastion.EventFailed, "/sys/sup/c")
	stack := e.Report.Stack()
	if n := strings.Count(stack, "\n\t"); n < 250 || n > 256 || !strings.Contains(stack, "bastion_test.dig") {
		t.Errorf("%d frames", n)
	}
	if n := len(e.Report.Links); n != 100 {
		t.Errorf("%d links", n)
	}
}
