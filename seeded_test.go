package bastion_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A seededRig is a system with one supervisor inside a seeded run.
type seededRig struct {
	*executor.Seeded
	t   *testing.T
	sys *bastion.System
	sup *bastion.Supervisor
	log bytes.Buffer
}

// seeded runs main as the driver of a seeded run, starts the system before and stops it after, and checks the books.
// It returns the trace and what the system logged.
func seeded(t *testing.T, cfg executor.SeededConfig, spec bastion.SupervisorSpec, main func(r *seededRig)) string {
	t.Helper()
	var trace bytes.Buffer
	cfg.Trace = func(s executor.Step) { fmt.Fprintln(&trace, s) }
	run, err := executor.NewSeeded(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := &seededRig{Seeded: run, t: t}
	err = run.Run(func() {
		r.start(spec)
		main(r)
		if err := r.sys.Stop(context.Background()); err != nil {
			t.Errorf("seed %d: Stop: %v", cfg.Seed, err)
		}
		if b := r.sys.Inspector().Books(); !b.Balanced() || b.Live || b.InHand > 0 || b.Mailboxes > 0 {
			t.Errorf("seed %d: books at rest: %v", cfg.Seed, b)
		}
	})
	if err != nil {
		t.Fatalf("seed %d: %v", cfg.Seed, err)
	}
	return trace.String() + r.log.String()
}

func (r *seededRig) start(spec bastion.SupervisorSpec) {
	untimed := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey { // package log/slog takes the real one
			return slog.Attr{}
		}
		return a
	}
	var err error
	r.sys, err = bastion.New(bastion.Config{
		Name: "sys", Seeded: r.Seeded,
		Logger: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{ReplaceAttr: untimed})),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	if spec.Name == "" {
		spec.Name = "sup"
	}
	if r.sup, err = r.sys.Supervise(spec); err != nil {
		r.t.Fatal(err)
	}
	if err := r.sys.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
}

// until waits for what holds, in virtual time.
func (r *seededRig) until(what string, holds func() bool) { r.Wait(what, nil, holds) }

func (r *seededRig) tell(name string, msg any) {
	if err := r.sup.Child(name).Tell(context.Background(), msg); err != nil {
		r.t.Errorf("tell %s: %v", name, err)
	}
}

func both(restart bastion.Backoff) bastion.SupervisorSpec {
	return bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "handler", Start: actor(), Backoff: restart},
		{Name: "loop", Start: looper(), Backoff: restart},
	}}
}

func TestE7_BadConfigNamesTheField(t *testing.T) {
	run, err := executor.NewSeeded(executor.SeededConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var bad *bastion.SpecError
	if _, err := bastion.New(bastion.Config{Seeded: run, Clock: executor.Real}); !errors.As(err, &bad) || !strings.Contains(err.Error(), "Clock") {
		t.Errorf("Clock: %v", err)
	}
	if err := bastion.Run(context.Background(), bastion.Config{Seeded: run}); !errors.As(err, &bad) || !strings.Contains(err.Error(), "Seeded") {
		t.Errorf("Run: %v", err)
	}
}

func TestE7_RestartsInVirtualTime(t *testing.T) {
	for seed := range uint64(50) {
		seeded(t, executor.SeededConfig{Seed: seed}, both(bastion.Constant{Delay: time.Hour, Jitter: 0.5}), func(r *seededRig) {
			began := r.Clock().Now()
			for _, name := range []string{"handler", "loop"} {
				for range 3 {
					r.tell(name, fail{})
				}
				inc, err := bastion.Ask(context.Background(), r.sup.Child(name), barrier{})
				if inc != 4 || err != nil {
					t.Errorf("seed %d, %s: %d, %v", seed, name, inc, err)
				}
			}
			if took := r.Clock().Now().Sub(began); took < 90*time.Minute || took > 6*time.Hour {
				t.Errorf("seed %d: six restarts after half an hour to an hour each took %v", seed, took)
			}
		})
	}
}

func TestE7_DeadlinesOnTheSystemsClock(t *testing.T) {
	seeded(t, executor.SeededConfig{}, both(nil), func(r *seededRig) {
		r.tell("handler", do(func(ctx *bastion.Context) error { return ctx.Sleep(time.Hour) }))
		ctx, cancel := r.sys.Timeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := bastion.Ask(ctx, r.sup.Child("handler"), barrier{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ask: %v", err)
		}
		if _, err := bastion.Ask(context.Background(), r.sup.Child("handler"), barrier{}); err != nil {
			t.Errorf("Ask: %v", err)
		}
	})
}

func TestE7_GoroutinesAndEventsTakePart(t *testing.T) {
	for seed := range uint64(50) {
		seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
			events := r.sys.Events(0)
			told := 0
			for _, name := range []string{"handler", "loop"} {
				r.tell(name, do(func(ctx *bastion.Context) error {
					_ = ctx.Go(func(ctx *bastion.Context) error {
						defer func() { told++ }()
						return ctx.Await(nil) // until the incarnation ends
					})
					return ctx.Go(func(ctx *bastion.Context) error {
						_ = ctx.Sleep(time.Minute)
						return errBoom
					})
				}))
			}
			for failed := 0; failed < 2; {
				e, err := events.Next(context.Background())
				if err != nil {
					t.Fatalf("Next: %v", err)
				}
				if e.Kind == bastion.EventFailed {
					failed++
				}
			}
			r.until("both to be told", func() bool { return told == 2 })
			events.Close()
			for {
				if _, err := events.Next(context.Background()); err != nil {
					if !errors.Is(err, bastion.ErrStopped) {
						t.Errorf("Next: %v", err)
					}
					break
				}
			}
		})
	}
}

// TestE7_InterleavingsOfSenders holds that the seeds find nearly all that can happen when two processes send two messages
// each to a third.
func TestE7_InterleavingsOfSenders(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(1000) {
		order := ""
		spec := both(nil)
		spec.Children = append(spec.Children, bastion.ChildSpec{Name: "sink", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(_ *bastion.Context, msg any) error { order += msg.(string); return nil })
		})})
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			sink := r.sup.Child("sink")
			for i, name := range []string{"handler", "loop"} {
				r.tell(name, do(func(ctx *bastion.Context) error {
					_ = sink.Tell(ctx, "ab"[i:i+1])
					return sink.Tell(ctx, "AB"[i:i+1])
				}))
			}
			r.until("four messages", func() bool { return len(order) == 4 })
		})
		if strings.Index(order, "a") > strings.Index(order, "A") || strings.Index(order, "b") > strings.Index(order, "B") {
			t.Fatalf("seed %d: D2 broken: %s", seed, order)
		}
		seen[order]++
	}
	if len(seen) < 5 { // of 6, one of which needs two switches in the right places
		t.Errorf("seen only %v", seen)
	}
}

func TestE7_ADeadlockOfProcessesIsNamed(t *testing.T) {
	run, err := executor.NewSeeded(executor.SeededConfig{})
	if err != nil {
		t.Fatal(err)
	}
	r := &seededRig{Seeded: run, t: t}
	err = run.Run(func() {
		r.start(both(nil))
		r.tell("handler", do(func(ctx *bastion.Context) error { return ctx.Await(make(chan struct{})) }))
		_, _ = bastion.Ask(context.Background(), r.sup.Child("handler"), barrier{})
	})
	var fault *executor.SeededError
	if !errors.As(err, &fault) || fault.Fault != executor.FaultDeadlock {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{
		"driver waits for an answer from /sys/sup/handler", "/sys/sup/handler@1 waits for a channel", "/sys/sup/loop@1 waits for a message",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestE7_BlockingInAHandlerIsReportedWithItsStack(t *testing.T) {
	run, err := executor.NewSeeded(executor.SeededConfig{Patience: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r := &seededRig{Seeded: run, t: t}
	never := make(chan struct{})
	defer close(never)
	err = run.Run(func() {
		r.start(both(nil))
		r.tell("loop", hang{never})
		r.until("nothing", func() bool { return false })
	})
	var fault *executor.SeededError
	if !errors.As(err, &fault) || fault.Fault != executor.FaultBlocked || !strings.Contains(fault.Stack, "rig_actor_test.go") ||
		!strings.Contains(err.Error(), "/sys/sup/loop@1") {
		t.Errorf("%v", err)
	}
}
