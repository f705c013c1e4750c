package bastion_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

func TestM3_FailsOnReceive(t *testing.T) {
	for kind, behavior := range kindsOf(parroting(nil)) {
		for how, blow := range map[string]func() error{
			"error": func() error { return errBoom }, "panic": func() error { panic("boom") },
			"goexit": func() error { runtime.Goexit(); return nil },
		} {
			for when, after := range map[string]bool{"before": false, "after": true} {
				t.Run(kind+" "+how+" "+when, func(t *testing.T) {
					r := rigOf(t, bastion.ChildSpec{Name: "c", Start: behavior, Middleware: on(func(ctx *bastion.Context, msg any, next bastion.Receive) error {
						if msg != "blow" {
							return next(ctx, msg)
						}
						if after {
							if err := next(ctx, msg); err != nil {
								return err
							}
						}
						return blow()
					})})
					r.tell("c", "blow")
					e := r.await(bastion.EventFailed, "/sys/sup/c")
					if e.Report.Message != "blow" {
						t.Errorf("in hand: %v", e.Report.Message)
					}
					if inc := r.sync(r.child("c")); inc != 2 {
						t.Error(inc)
					}
					if b := r.sys.Inspector().Books(); b.Failed != 1 {
						t.Error(b)
					}
				})
			}
		}
	}
}

func TestM3_PanicsOnSend(t *testing.T) {
	for kind, behavior := range kindsOf(parroting(nil)) {
		for when, after := range map[string]bool{"before": false, "after": true} {
			t.Run(kind+" "+when, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "a", Start: behavior, Middleware: onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
					if after {
						if err := next(ctx, out); err != nil {
							return err
						}
					}
					panic("boom")
				})}, bastion.ChildSpec{Name: "b", Start: actor()})
				result := make(chan error, 2)
				r.tell("a", do(func(ctx *bastion.Context) error {
					result <- r.child("b").Tell(ctx, "x")
					_, err := bastion.Ask(ctx, r.child("b"), barrier{})
					result <- err
					return nil
				}))
				err := rigRecv(t, "Tell", result)
				var p *bastion.PanicError
				if accepted := err == nil; accepted != after || !accepted && (!errors.As(err, &p) || !strings.Contains(p.Stack(), "TestM3_PanicsOnSend")) {
					t.Error(err)
				}
				if err := rigRecv(t, "Ask", result); !errors.As(err, &p) {
					t.Error(err)
				}
				if inc := r.sync(r.child("a")); inc != 1 {
					t.Errorf("it failed: %d", inc)
				}
			})
		}
	}
}

func TestM3_NextIsForOneCall(t *testing.T) {
	apart(t)
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			var kept bastion.Receive
			seen := 0
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: kindsOf(parroting(func(*bastion.Context, any) { seen++ }))[kind],
				Middleware: on(func(ctx *bastion.Context, msg any, next bastion.Receive) error {
					if msg != "twice" {
						return next(ctx, msg)
					}
					kept = next
					elsewhere := make(chan error)
					go func() { elsewhere <- next(ctx, msg) }()
					if err := <-elsewhere; !errors.Is(err, bastion.ErrNext) {
						t.Error("elsewhere:", err)
					}
					if err := next(ctx, nil); !errors.Is(err, bastion.ErrNilMessage) {
						t.Error("nil:", err)
					}
					if err := next(ctx, msg); err != nil {
						t.Error(err)
					}
					if err := next(ctx, msg); !errors.Is(err, bastion.ErrNext) {
						t.Error("twice:", err)
					}
					return nil
				})})
			r.tell("c", "twice")
			r.sync(r.child("c"))
			if err := kept(nil, "late"); !errors.Is(err, bastion.ErrNext) {
				t.Error("late:", err)
			}
			if seen != 2 { // and the barrier
				t.Error(seen)
			}
		})
	}
}

func TestM3_NextOnSendIsForItsGoroutine(t *testing.T) {
	apart(t)
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
	var late func() error
	via := r.child("c").Via(onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
		late = func() error { return next(ctx, out) }
		elsewhere := make(chan error)
		go func() { elsewhere <- next(ctx, out) }()
		if err := <-elsewhere; !errors.Is(err, bastion.ErrNext) {
			t.Error("elsewhere:", err)
		}
		if err := next(ctx, out); err != nil {
			t.Error(err)
		}
		if err := next(ctx, out); !errors.Is(err, bastion.ErrNext) {
			t.Error("twice:", err)
		}
		return nil
	})...)
	if err := via.Tell(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if err := late(); !errors.Is(err, bastion.ErrNext) {
		t.Error("late:", err)
	}
	if b := r.sys.Inspector().Books(); b.Accepted != 1 {
		t.Error(b)
	}
}

func TestM3_FailedCompositionIsAFailedStart(t *testing.T) {
	for name, m := range map[string]bastion.Middleware{
		"nil on receive": {Receive: func(bastion.Receive) bastion.Receive { return nil }},
		"nil on send":    {Send: func(bastion.Send) bastion.Send { return nil }},
		"panic":          {Receive: func(bastion.Receive) bastion.Receive { panic("boom") }},
	} {
		for kind, behavior := range kindsOf(parroting(nil)) {
			r := rigUp(t, bastion.SupervisorSpec{})
			_, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: "c", Start: behavior, Middleware: []bastion.Middleware{m}})
			var failed *bastion.StartError
			if !errors.As(err, &failed) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
}

func TestM3_BadSpec(t *testing.T) {
	empty := []bastion.Middleware{{}}
	_, err := bastion.New(bastion.Config{Middleware: empty})
	if err == nil || !strings.Contains(err.Error(), "Middleware[0]: has neither Receive nor Send") {
		t.Error(err)
	}
	sys := must(bastion.New(bastion.Config{}))
	_, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Middleware: empty, Children: []bastion.ChildSpec{
		{Start: actor(), Middleware: empty}, {Start: bastion.Subtree(bastion.SupervisorSpec{Name: "t"}), Middleware: empty},
	}})
	for _, want := range []string{"\tMiddleware[0]: has", "Children[0].Middleware[0]: has", "Children[1].Middleware: is for processes"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

// TestM3_WhatMiddlewareSends does not pass it again, which would have no end.
func TestM3_WhatMiddlewareSends(t *testing.T) {
	calls := 0
	r := rigOf(t, bastion.ChildSpec{Name: "log", Start: actor()}, bastion.ChildSpec{Name: "a", Start: actor()})
	l := r.child("log")
	if err := r.sup.ChangeChild(t.Context(), "a", bastion.ChildSpec{Middleware: onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
		calls++
		if err := l.Tell(ctx, "something is sent"); err != nil {
			return err
		}
		if _, err := bastion.Ask(ctx, l, barrier{}); err != nil {
			return err
		}
		return next(ctx, out)
	})}); err != nil {
		t.Fatal(err)
	}
	if err := r.sup.Restart(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 2)
	r.tell("a", do(func(ctx *bastion.Context) error { result <- l.Tell(ctx, "x"); result <- l.Tell(ctx, "y"); return nil }))
	for range 2 {
		if err := rigRecv(t, "Tell", result); err != nil {
			t.Error(err)
		}
	}
	if calls != 2 {
		t.Error(calls)
	}
}
