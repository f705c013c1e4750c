package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

var errBoom = errors.New("boom")

// ask is a question that its receiver deals with as do says.
type ask struct {
	bastion.Returns[string]
	do func(ctx *bastion.Context, q ask) error
}

func answer(ctx *bastion.Context, q ask) error { return q.Reply(ctx, "fine") }

func handle(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case ask:
		return m.do(ctx, m)
	case func(ctx *bastion.Context) error:
		return m(ctx)
	}
	return nil
}

func actor(name string, ms ...bastion.Middleware) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Middleware: ms, Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(handle) })}
}

// system starts children, in a seeded run if there is one, calls main, stops them and looks at the books.
func system(t *testing.T, run *executor.Seeded, main func(sys *bastion.System, sup *bastion.Supervisor), children ...bastion.ChildSpec) {
	t.Helper()
	sys, err := bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: children})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	main(sys, sup)
	if err := sys.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if b := sys.Inspector().Books(); !b.Balanced() || b.InHand > 0 || b.Mailboxes > 0 {
		t.Errorf("books at rest: %v", b)
	}
}

// seeded is system in a seeded run.
func seeded(t *testing.T, seed uint64, main func(sys *bastion.System, sup *bastion.Supervisor), children ...bastion.ChildSpec) {
	t.Helper()
	run, err := executor.NewSeeded(executor.SeededConfig{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Run(func() { system(t, run, main, children...) }); err != nil {
		t.Fatal(fmt.Errorf("seed %d: %w", seed, err))
	}
}
