package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/bastion-go/bastion"
)

// transcribed is a child that notes every hook. trouble, if it returns an error, is what the hook does instead of
// returning nil; it may as well panic.
func transcribed(l *transcript, trouble func(hook string, inc uint64) error) bastion.ChildSpec {
	say := func(ctx *bastion.Context, hook string, more ...any) error {
		l.note("%s@%d%s", hook, ctx.Incarnation(), fmt.Sprint(more...))
		if trouble == nil {
			return nil
		}
		return trouble(hook, ctx.Incarnation())
	}
	told := func(f bastion.Failure) string {
		return fmt.Sprintf(" %s %v %d", brief(f.Reason), f.Message, f.Restarts)
	}
	return bastion.ChildSpec{
		Name: "c",
		Start: withHooks(hooked{
			start: func(ctx *bastion.Context) error { return say(ctx, "start") },
			stop:  func(ctx *bastion.Context, reason error) error { return say(ctx, "stop", " "+brief(reason)) },
		}),
		Callbacks: bastion.Callbacks{
			BeforeStart: func(ctx *bastion.Context) error { return say(ctx, "before-start") },
			AfterStart:  func(ctx *bastion.Context) error { return say(ctx, "after-start") },
			BeforeRestart: func(ctx *bastion.Context, f bastion.Failure) error {
				return say(ctx, "before-restart", told(f))
			},
			AfterRestart: func(ctx *bastion.Context, f bastion.Failure) error {
				return say(ctx, "after-restart", told(f))
			},
			AfterStop: func(end bastion.Failure) {
				l.note("after-stop %s", brief(end.Reason))
				if trouble != nil {
					_ = trouble("after-stop", 0)
				}
			},
		},
	}
}

var firstStart = []string{"before-start@1", "start@1", "after-start@1"}

func TestL4_HooksOfStartFailureRestartStop(t *testing.T) {
	r := rigOf(t)
	if _, err := r.sup.Add(context.Background(), transcribed(r.transcript, nil)); err != nil {
		t.Fatal(err)
	}
	r.want(firstStart...)
	r.tell("c", fail{})
	r.sync(r.child("c"))
	r.want("stop@1 boom", "before-restart@2 boom {} 1", "start@2", "after-restart@2 boom {} 1")
	r.tell("c", do(func(*bastion.Context) error { panic("p") }))
	r.sync(r.child("c"))
	lines := r.lines
	if len(lines) != 4 || lines[0] != "stop@2 panic" || lines[2] != "start@3" {
		t.Errorf("after a panic: %q", lines)
	}
	r.lines = nil
	if err := r.sup.Restart(context.Background(), "c"); err != nil {
		t.Fatal(err)
	}
	r.sync(r.child("c"))
	if len(r.lines) != 4 || r.lines[0] != "stop@3 shutdown" || r.lines[2] != "start@4" {
		t.Errorf("restarted by order: %q", r.lines)
	}
	r.lines = nil
	if err := r.child("c").Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.want("stop@4 shutdown", "after-stop shutdown")
}

func TestL4_KillRunsNoStopHook(t *testing.T) {
	r := rigOf(t, noted(&transcript{t: t}, "other"))
	if _, err := r.sup.Add(context.Background(), transcribed(r.transcript, nil)); err != nil {
		t.Fatal(err)
	}
	r.want(firstStart...)
	if err := r.child("c").Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	r.want("after-stop killed")
}

func TestL4_AfterStopAlsoAfterANormalEnd(t *testing.T) {
	stopped := make(chan error, 2)
	r := rigOf(t, bastion.ChildSpec{
		Name: "l", Restart: bastion.Transient, Start: bastion.Loop(func(*bastion.Context) error { return nil }),
		Callbacks: bastion.Callbacks{AfterStop: func(end bastion.Failure) { stopped <- end.Reason }},
	})
	if err := rigRecv(t, "AfterStop", stopped); err != nil {
		t.Errorf("reason of a normal end: %v", err)
	}
	if err := r.child("l").Stop(context.Background()); err != nil { // it is down already
		t.Error(err)
	}
	if len(stopped) > 0 {
		t.Error("AfterStop ran twice")
	}
}

func TestL4_AfterStopOfEveryKindOfChild(t *testing.T) {
	l := &transcript{t: t}
	after := func(end bastion.Failure) { l.note("%s %s", end.Path, brief(end.Reason)) }
	cb := bastion.Callbacks{AfterStop: after}
	r := rigOf(t)
	ctx := context.Background()
	if _, err := r.sup.AddGroup(ctx, bastion.ChildSpec{Name: "g", Start: actor(), Count: 1, Callbacks: cb}); err != nil {
		t.Fatal(err)
	}
	if err := r.sup.Remove(ctx, "g"); err != nil {
		t.Fatal(err)
	}
	err := r.sys.Stop(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l.want("/sys/sup/g/0 shutdown")
}

// troubles are the ways in which a hook can go wrong.
var troubles = map[string]func() error{
	"error":  func() error { return errBoom },
	"panic":  func() error { panic("hook") },
	"goexit": func() error { runtime.Goexit(); return nil },
}

func TestL4_FailingHookOfAFirstStartFailsTheStart(t *testing.T) {
	for kind, trouble := range troubles {
		for i, hook := range []string{"before-start", "start", "after-start"} {
			t.Run(kind+" in "+hook, func(t *testing.T) {
				r := rigOf(t)
				_, err := r.sup.Add(context.Background(), transcribed(r.transcript, func(at string, _ uint64) error {
					if at == hook {
						return trouble()
					}
					return nil
				}))
				var failed *bastion.StartError
				if !errors.As(err, &failed) || failed.Path != "/sys/sup/c" {
					t.Errorf("Add: %v", err)
				}
				want := append([]string{}, firstStart[:i+1]...)
				r.want(append(want, "after-stop "+brief(errors.Unwrap(failed)))...)
				if !r.sup.Child("c").IsZero() {
					t.Error("the child is still there")
				}
			})
		}
	}
}

func TestL4_FailingHookOfARestartIsOneMoreFailure(t *testing.T) {
	for kind, trouble := range troubles {
		for _, hook := range []string{"before-restart", "start", "after-restart"} {
			t.Run(kind+" in "+hook, func(t *testing.T) {
				r := rigOf(t)
				_, err := r.sup.Add(context.Background(), transcribed(r.transcript, func(at string, inc uint64) error {
					if at == hook && inc == 2 {
						return trouble()
					}
					return nil
				}))
				if err != nil {
					t.Fatal(err)
				}
				r.tell("c", fail{})
				if inc := r.sync(r.child("c")); inc != 3 {
					t.Errorf("incarnation %d, want 3", inc)
				}
			})
		}
	}
}

func TestL4_FailingStopHookChangesNothing(t *testing.T) {
	for kind, trouble := range troubles {
		t.Run(kind, func(t *testing.T) {
			r := rigOf(t)
			_, err := r.sup.Add(context.Background(), transcribed(r.transcript, func(at string, _ uint64) error {
				if at == "stop" || at == "after-stop" {
					return trouble()
				}
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			r.want(firstStart...)
			r.tell("c", fail{})
			r.sync(r.child("c"))
			r.want("stop@1 boom", "before-restart@2 boom {} 1", "start@2", "after-restart@2 boom {} 1")
			if err := r.child("c").Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			r.want("stop@2 shutdown", "after-stop shutdown")
		})
	}
}

func TestL4_AfterStopOfASubtree(t *testing.T) {
	l := &transcript{t: t}
	after := func(end bastion.Failure) { l.note("%s %s", end.Path, brief(end.Reason)) }
	r := rigOf(t, bastion.ChildSpec{
		Name: "tree",
		Start: bastion.Subtree(bastion.SupervisorSpec{
			Callbacks: bastion.TreeCallbacks{AfterStop: after}, Children: []bastion.ChildSpec{{Name: "c", Start: actor()}},
		}),
	})
	if err := r.sup.Supervisor("tree").Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	l.want("/sys/sup/tree shutdown")
	if err := r.sup.Restart(context.Background(), "tree"); err != nil {
		t.Fatal(err)
	}
	r.sync(r.sup.Supervisor("tree").Child("c"))
	if err := r.sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	l.want("/sys/sup/tree shutdown")
}
