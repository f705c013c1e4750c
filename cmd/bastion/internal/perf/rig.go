package perf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
)

// rig is a fresh system with one supervisor, for one run.
type rig struct {
	sys *bastion.System
	sup *bastion.Supervisor

	// handled is how many messages the run knows to have been handled; the
	// books may list more (answers are messages too), never fewer.
	handled int
}

// onRig opens a system with the children, runs f on it, stops it, and checks
// its books. It is the frame of every subject.
func onRig(ctx context.Context, children []bastion.ChildSpec, f func(g *rig) (float64, error)) (float64, error) {
	g, err := open(ctx, children)
	if err != nil {
		return 0, err
	}
	v, err := f(g)
	if err != nil {
		g.sys.Kill()
		return 0, err
	}
	return v, g.close(ctx)
}

func open(ctx context.Context, children []bastion.ChildSpec) (*rig, error) {
	sys, err := bastion.New(bastion.Config{
		Name:      "bench",
		Logger:    slog.New(discard{}),
		Intensity: bastion.NoRestarts,
	})
	if err != nil {
		return nil, err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name:      "crew",
		Intensity: bastion.NoRestarts,
		Children:  children,
	})
	if err != nil {
		return nil, err
	}
	if err := sys.Start(ctx); err != nil {
		return nil, err
	}
	return &rig{sys: sys, sup: sup}, nil
}

// close stops the system and looks at its books.
func (g *rig) close(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := g.sys.Stop(bounded); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	books := g.sys.Inspector().Books()
	switch {
	case !books.Balanced():
		return fmt.Errorf("the books do not balance: %v", books)
	case books.Handled+books.Failed < uint64(g.handled):
		return fmt.Errorf("the books list %d handled messages of %d: %v", books.Handled, g.handled, books)
	}
	return nil
}

var errStopped = errors.New("the system stopped before the run was done")

// await waits for done, which the subject signals with its last message. It
// returns early if the system ends: with no restarts allowed, that is how a
// failing handler shows.
func (g *rig) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-g.sys.Done():
		return errors.Join(errStopped, g.sys.Wait())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// discard is enabled at every level and throws the record away: building the
// record is part of the cost of a crash, writing it is not.
type discard struct{}

func (discard) Enabled(context.Context, slog.Level) bool  { return true }
func (discard) Handle(context.Context, slog.Record) error { return nil }
func (d discard) WithAttrs([]slog.Attr) slog.Handler      { return d }
func (d discard) WithGroup(string) slog.Handler           { return d }
