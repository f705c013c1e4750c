package bastion_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

func TestL6_StopFinishesTheMessageInHandAndRefusesTheRest(t *testing.T) {
	for kind, start := range map[string]func(*transcript) bastion.Behavior{
		"handler": recorder,
		"loop": func(l *transcript) bastion.Behavior {
			return bastion.Loop(func(ctx *bastion.Context) error { defer l.note("end"); return serve(ctx) })
		},
	} {
		t.Run(kind, func(t *testing.T) {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start(&transcript{t: t})})
			letters := r.sys.DeadLetters(8)
			release := r.hold("c")
			r.tell("c", 1)
			asked := make(chan error, 1)
			go func() { _, err := bastion.Ask(context.Background(), r.child("c"), barrier{}); asked <- err }()
			r.awaitMailbox("c", 2)
			stopped := make(chan error, 1)
			go func() { stopped <- r.child("c").Stop(context.Background()) }()
			r.awaitState("c", bastion.StateStopping)
			select {
			case err := <-stopped:
				t.Fatalf("Stop did not wait for the message in hand: %v", err)
			default:
			}
			release()
			if err := rigRecv(t, "Stop", stopped); err != nil {
				t.Fatal(err)
			}
			if d := rigRecv(t, "dead letter", letters.C()); d.Message != 1 || !errors.Is(d.Reason, bastion.ErrStopped) {
				t.Errorf("dead letter %+v", d)
			}
			if err := rigRecv(t, "ask", asked); !errors.Is(err, bastion.ErrStopped) {
				t.Errorf("ask: %v", err)
			}
			if err := r.child("c").Tell(context.Background(), 2); !errors.Is(err, bastion.ErrStopped) {
				t.Errorf("tell: %v", err)
			}
			if b := r.sys.Inspector().Books(); b.Handled != 1 || b.Failed != 0 || b.Reason(bastion.DiscardStopped) != 2 {
				t.Errorf("books: %v", b)
			}
		})
	}
}

func TestL6_StopCancelsALoopAtOnceAHandlerWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var handler, stopping, loop time.Duration
		r := rigOf(t,
			bastion.ChildSpec{Name: "h", Start: actor(), Shutdown: time.Minute},
			bastion.ChildSpec{Name: "l", Start: bastion.Loop(func(ctx *bastion.Context) error {
				<-ctx.Done()
				loop = time.Since(began)
				return ctx.Err()
			}), Shutdown: time.Minute})
		r.tell("h", do(func(ctx *bastion.Context) error {
			<-ctx.Stopping()
			stopping = time.Since(began)
			<-ctx.Done()
			handler = time.Since(began)
			return nil
		}))
		synctest.Wait()
		time.Sleep(time.Hour)
		if err := r.sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if loop != time.Hour || stopping != time.Hour || handler != time.Hour+time.Minute {
			t.Errorf("loop's Context ended after %v, handler told after %v, its Context ended after %v", loop, stopping, handler)
		}
		if took := time.Since(began); took > time.Hour+time.Minute+time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestL6_ContextErrorOfAToldHandlerIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "h", Start: actor(), Shutdown: time.Minute})
		r.tell("h", do(func(ctx *bastion.Context) error { <-ctx.Done(); return ctx.Err() }))
		synctest.Wait()
		if err := r.child("h").Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if e := r.await(bastion.EventStopped, "/sys/sup/h"); !errors.Is(e.Reason, bastion.ErrShutdown) && !errors.Is(e.Reason, bastion.ErrKilled) {
			t.Errorf("reason %v", e.Reason)
		}
	})
}

func TestL6_StopHookHasTheShutdownTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hooks []error
		r := rigOf(t, bastion.ChildSpec{Name: "h", Shutdown: time.Minute, Start: withHooks(hooked{
			stop: func(ctx *bastion.Context, reason error) error {
				hooks = append(hooks, reason, ctx.Err())
				time.Sleep(59 * time.Second)
				hooks = append(hooks, ctx.Err())
				return nil
			},
		})})
		if err := r.child("h").Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if len(hooks) != 3 || !errors.Is(hooks[0], bastion.ErrShutdown) || hooks[1] != nil || hooks[2] != nil {
			t.Errorf("%v", hooks)
		}
	})
}

func TestL6_DrainHandlesWhatIsQueued(t *testing.T) {
	for kind, start := range map[string]bastion.Behavior{"handler": actor(), "loop": looper()} {
		t.Run(kind, func(t *testing.T) {
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start})
			release := r.hold("c")
			handled := make(chan int, 100)
			for i := range 100 {
				r.tell("c", do(func(*bastion.Context) error { handled <- i; return nil }))
			}
			drained := make(chan error, 1)
			go func() { drained <- r.child("c").Drain(context.Background()) }()
			r.awaitState("c", bastion.StateStopping)
			release()
			if err := rigRecv(t, "Drain", drained); err != nil {
				t.Fatal(err)
			}
			if len(handled) != 100 {
				t.Errorf("%d of 100 were handled", len(handled))
			}
			if err := r.child("c").Tell(context.Background(), 1); !errors.Is(err, bastion.ErrStopped) {
				t.Errorf("tell: %v", err)
			}
		})
	}
}

func TestL6_DrainOfTheIdle(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "h", Start: actor()}, bastion.ChildSpec{Name: "l", Start: looper()})
	for _, name := range []string{"h", "l"} {
		if err := rigIn(t, "Drain", func() error { return r.child(name).Drain(context.Background()) }); err != nil {
			t.Error(err)
		}
	}
}

func TestL6_KillDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Shutdown: time.Hour, Start: withHooks(hooked{
			stop: func(*bastion.Context, error) error { t.Error("stop hook after a kill"); return nil },
		})})
		ended := make(chan error, 1)
		r.tell("c", do(func(ctx *bastion.Context) error { <-ctx.Done(); ended <- context.Cause(ctx); return nil }))
		synctest.Wait()
		began := time.Now()
		if err := r.child("c").Kill(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, bastion.ErrKilled) {
			t.Errorf("cause %v", err)
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestL6_KillAfterStopOvertakesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Shutdown: time.Hour})
		r.tell("c", do(func(ctx *bastion.Context) error { <-ctx.Done(); return nil }))
		synctest.Wait()
		began := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- r.child("c").Stop(context.Background()) }()
		synctest.Wait()
		if err := r.child("c").Kill(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestL6_KillOfTheStoppedLeavesNoTrace(t *testing.T) {
	l := &transcript{t: t}
	r := rigOf(t, noted(l, "c"))
	ctx := context.Background()
	for _, order := range []func(context.Context) error{r.child("c").Stop, r.child("c").Kill} {
		if err := order(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.sup.Restart(ctx, "c"); err != nil {
		t.Fatal(err)
	}
	if err := r.child("c").Stop(ctx); err != nil {
		t.Fatal(err)
	}
	l.want("start c@1", "stop c@1 shutdown", "start c@2", "stop c@2 shutdown")
}

// A Context says why it is done also to those who ask only then.
func TestL6_CauseOfALateQuestion(t *testing.T) {
	for want, end := range map[error]func(bastion.Ref) error{
		bastion.ErrStopping: func(r bastion.Ref) error { return r.Stop(context.Background()) },
		bastion.ErrKilled:   func(r bastion.Ref) error { return r.Kill(context.Background()) },
	} {
		l := &transcript{t: t}
		r := rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.Loop(func(ctx *bastion.Context) error {
			_, err := ctx.Recv()
			l.note("%v", context.Cause(ctx))
			return err
		})})
		if err := rigIn(t, "the order", func() error { return end(r.child("c")) }); err != nil {
			t.Fatal(err)
		}
		l.want(want.Error())
	}
}
