package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A hookLog notes the callbacks of trees. trouble, if it returns an error, is what one does instead of returning nil.
type hookLog struct {
	*transcript
	trouble func(ctx context.Context, hook, path string) error
}

func (l hookLog) say(ctx context.Context, hook, path, more string) error {
	l.note("%s %s%s", hook, path, more)
	if l.trouble == nil {
		return nil
	}
	return l.trouble(ctx, hook, path)
}

func (l hookLog) callbacks() bastion.TreeCallbacks {
	told := func(f bastion.Failure) string {
		return fmt.Sprintf(" %s %v #%d, %d in a row after %v", brief(f.Reason), f.Message, f.Incarnation, f.Restarts, f.Delay)
	}
	return bastion.TreeCallbacks{
		BeforeStart: func(ctx context.Context, path string) error { return l.say(ctx, "before-start", path, "") },
		AfterStart:  func(ctx context.Context, path string) error { return l.say(ctx, "after-start", path, "") },
		BeforeRestart: func(ctx context.Context, f bastion.Failure) error {
			return l.say(ctx, "before-restart", f.Path, told(f))
		},
		AfterRestart: func(ctx context.Context, f bastion.Failure) error {
			return l.say(ctx, "after-restart", f.Path, told(f))
		},
		AfterStop: func(f bastion.Failure) { _ = l.say(context.Background(), "after-stop", f.Path, told(f)) },
	}
}

// hookedTree is a subtree with callbacks, which holds a group with callbacks.
func (l hookLog) hookedTree() bastion.Behavior {
	return bastion.Subtree(bastion.SupervisorSpec{
		Callbacks: l.callbacks(), Intensity: bastion.NoRestarts,
		Children: []bastion.ChildSpec{
			{Name: "g", Count: 1, Start: notedBy(l.transcript, "m"), GroupCallbacks: l.callbacks(), Intensity: bastion.NoRestarts},
			noted(l.transcript, "c"),
		},
	})
}

func TestL4_HooksOfTheSystemSupervisorsAndGroups(t *testing.T) {
	l, again := hookLog{transcript: &transcript{t: t}}, make(chan struct{}, 1)
	l.trouble = func(_ context.Context, hook, path string) error {
		if hook == "after-restart" && path == "/sys/sup/t" {
			again <- struct{}{}
		}
		return nil
	}
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "t", Start: l.hookedTree(), Backoff: bastion.Constant{Delay: time.Millisecond}},
	}}, func(c *bastion.Config) { c.Callbacks = l.callbacks() })
	l.want("before-start /sys", "before-start /sys/sup/t", "before-start /sys/sup/t/g", "start m@1", "after-start /sys/sup/t/g",
		"start c@1", "after-start /sys/sup/t", "after-start /sys")
	check(r.sup.Supervisor("t").Group("g").Member(0).Tell(t.Context(), fail{}))
	rigRecv(t, "the restart", again)
	l.want("stop m@1 boom", "stop c@1 shutdown",
		"before-restart /sys/sup/t boom <nil> #1, 1 in a row after 1ms",
		"before-restart /sys/sup/t/g boom <nil> #1, 0 in a row after 0s",
		"start m@2", "after-restart /sys/sup/t/g boom <nil> #1, 0 in a row after 0s",
		"start c@2", "after-restart /sys/sup/t boom <nil> #1, 1 in a row after 1ms")
	check(r.sys.Stop(context.Background()))
	l.want("stop c@2 shutdown", "stop m@2 shutdown",
		"after-stop /sys/sup/t/g shutdown <nil> #2, 0 in a row after 0s",
		"after-stop /sys/sup/t shutdown <nil> #2, 1 in a row after 0s",
		"after-stop /sys nil <nil> #1, 0 in a row after 0s")
}

// A callback that fails or panics is a failed start of what it belongs to: what runs is stopped again.
func TestL4_FailingTreeHookIsAFailedStart(t *testing.T) {
	for kind, trouble := range troubles {
		for _, at := range []string{"before-start /sys/sup/t", "after-start /sys/sup/t", "before-start /sys/sup/t/g", "after-start /sys/sup/t/g"} {
			t.Run(kind+" in "+at, func(t *testing.T) {
				l := hookLog{transcript: &transcript{t: t}}
				l.trouble = func(_ context.Context, hook, path string) error {
					if hook+" "+path == at {
						return trouble()
					}
					return nil
				}
				r := rigOf(t)
				_, err := r.sup.Insert(t.Context(), bastion.ChildSpec{Name: "t", Start: l.hookedTree()}, bastion.Position{})
				var failed *bastion.StartError
				if !errors.As(err, &failed) || failed.Path != "/sys/sup/t" {
					t.Fatalf("%v", err)
				}
				if kind == "error" && !errors.Is(err, errBoom) {
					t.Errorf("%v", err)
				}
				if r.sup.Supervisor("t") != nil {
					t.Error("it is still there")
				}
				starts, stops := 0, 0
				for _, line := range l.lines {
					switch line[:5] {
					case "start":
						starts++
					case "stop ":
						stops++
					}
				}
				if starts != stops {
					t.Errorf("%q", l.lines)
				}
			})
		}
	}
}

func TestL4_FailingHookOfTheSystemFailsTheStart(t *testing.T) {
	for _, at := range []string{"before-start", "after-start"} {
		l := hookLog{transcript: &transcript{t: t}, trouble: func(_ context.Context, hook, _ string) error {
			if hook == at {
				return errBoom
			}
			return nil
		}}
		r := rigOn(t, bastion.SupervisorSpec{}, func(c *bastion.Config) { c.Callbacks = l.callbacks() })
		wantErr(t, "Start", r.sys.Start(t.Context()), errBoom)
		if at == "after-start" {
			l.want("before-start /sys", "after-start /sys", "after-stop /sys boom <nil> #1, 0 in a row after 0s")
		} else {
			l.want("before-start /sys", "after-stop /sys boom <nil> #1, 0 in a row after 0s")
		}
	}
}

// A failed restart is one more failure, for the supervisor above to count.
func TestL4_FailingTreeHookOfARestartIsOneMoreFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 0
		l := hookLog{transcript: &transcript{t: t}, trouble: func(_ context.Context, hook, path string) error {
			if hook == "before-restart" && path == "/sys/sup/t" && failures < 2 {
				failures++
				return errBoom
			}
			return nil
		}}
		r := rigOf(t, bastion.ChildSpec{Name: "t", Start: l.hookedTree(), Backoff: bastion.Constant{Delay: time.Second}})
		began := time.Now()
		c := r.sup.Supervisor("t").Child("c")
		check(c.Tell(t.Context(), fail{}))
		if inc := r.sync(c); inc != 2 || time.Since(began) != 3*time.Second {
			t.Errorf("incarnation %d after %v", inc, time.Since(began))
		}
	})
}

// One that blocks has the shutdown time of the subtree, or five seconds; then it is abandoned, reported, and a failed start.
func TestL4_BlockedTreeHookIsAbandoned(t *testing.T) {
	for _, at := range []string{"before-start", "after-start"} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			l := hookLog{transcript: &transcript{t: t}, trouble: func(_ context.Context, hook, _ string) error {
				if hook == at {
					<-gate
				}
				return nil
			}}
			r := rigOf(t)
			began := time.Now()
			_, err := r.sup.Insert(t.Context(), bastion.ChildSpec{Name: "t", Shutdown: 7 * time.Second,
				Start: bastion.Subtree(bastion.SupervisorSpec{Callbacks: l.callbacks()})}, bastion.Position{})
			if !errors.Is(err, bastion.ErrAbandoned) || time.Since(began) != 7*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			r.await(bastion.EventAbandoned, map[string]string{
				"before-start": "/sys/sup/t (BeforeStart)", "after-start": "/sys/sup/t (AfterStart)",
			}[at])
			close(gate)
			synctest.Wait() // it has returned after all, and nothing is left behind
		})
	}
}

// A stop while a callback runs ends its context and waits for it; a kill does not.
func TestL4_StopDuringATreeHook(t *testing.T) {
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprint("kill ", kill), func(t *testing.T) {
			entered, gate := make(chan struct{}), make(chan struct{})
			l := hookLog{transcript: &transcript{t: t}, trouble: func(ctx context.Context, hook, _ string) error {
				if hook != "before-start" {
					return nil
				}
				close(entered)
				if kill {
					<-gate
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			}}
			r := rigOf(t)
			added := make(chan error, 1)
			go func() {
				_, err := r.sup.Insert(context.Background(), bastion.ChildSpec{Name: "t", Shutdown: time.Hour,
					Start: bastion.Subtree(bastion.SupervisorSpec{Callbacks: l.callbacks(), Children: []bastion.ChildSpec{noted(l.transcript, "c")}}),
				}, bastion.Position{})
				added <- err
			}()
			<-entered
			r.left = kill
			stop := r.sup.Supervisor("t").Stop
			if kill {
				stop = r.sup.Supervisor("t").Kill
			}
			check(rigIn(t, "Stop", func() error { return stop(context.Background()) }))
			if err := rigRecv(t, "Insert", added); !errors.Is(err, bastion.ErrStopped) {
				t.Errorf("Insert: %v", err)
			}
			close(gate)
			l.mu.Lock()
			defer l.mu.Unlock()
			for _, line := range l.lines {
				if line == "start c@1" || line == "after-start /sys/sup/t" {
					t.Errorf("%q", l.lines)
				}
			}
		})
	}
}

// What AfterStop and the restart are told about a failure, for single children and members alike.
func TestL4_EveryHookIsToldWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &transcript{t: t}
		told := func(hook string, f bastion.Failure) {
			l.note("%s %s #%d %s %v, %d in a row after %v", hook, f.Path, f.Incarnation, brief(f.Reason), f.Message, f.Restarts, f.Delay)
		}
		cb := bastion.Callbacks{
			BeforeRestart: func(_ *bastion.Context, f bastion.Failure) error { told("before-restart", f); return nil },
			AfterRestart:  func(_ *bastion.Context, f bastion.Failure) error { told("after-restart", f); return nil },
			AfterStop:     func(f bastion.Failure) { told("after-stop", f) },
		}
		spec := bastion.ChildSpec{Name: "c", Start: actor(), Tries: 2, Callbacks: cb,
			Backoff: bastion.Linear{First: time.Second, Step: time.Second}}
		group := spec
		group.Name, group.Count, group.Intensity = "g", 1, bastion.Unlimited
		r := rigOf(t, spec, group)
		for _, ref := range []bastion.Ref{r.child("c"), r.sup.Group("g").Member(0)} {
			for range 3 {
				check(ref.Tell(t.Context(), fail{}))
			}
			r.await(bastion.EventStopped, ref.Path())
			synctest.Wait()
			p := ref.Path()
			l.want(
				"before-restart "+p+" #1 boom {}, 1 in a row after 1s", "after-restart "+p+" #1 boom {}, 1 in a row after 1s",
				"before-restart "+p+" #2 boom {}, 2 in a row after 2s", "after-restart "+p+" #2 boom {}, 2 in a row after 2s",
				"after-stop "+p+" #3 boom {}, 2 in a row after 0s",
			)
		}
	})
}

func TestBadSpec_CallbacksWhereTheyDoNotBelong(t *testing.T) {
	some := bastion.TreeCallbacks{AfterStop: func(bastion.Failure) {}}
	_, err := bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{
		{Start: actor(), GroupCallbacks: some},
		{Start: bastion.Subtree(bastion.SupervisorSpec{}), Callbacks: bastion.Callbacks{AfterStop: func(bastion.Failure) {}}},
		{Start: bastion.Subtree(bastion.SupervisorSpec{}), GroupCallbacks: some},
	}})
	wantFaults(t, err, "Children[0].GroupCallbacks", "Children[1].Callbacks", "Children[2].GroupCallbacks")
}
