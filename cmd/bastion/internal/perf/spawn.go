package perf

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
)

// word is the smallest user of a process: one word of state.
type word struct{ n int }

// tally is a message that is handled by many; the last one gives the signal.
type tally struct {
	left atomic.Int64
	done chan struct{}
}

func newTally(n int) *tally {
	t := &tally{done: make(chan struct{}, 1)}
	t.left.Store(int64(n))
	return t
}

func (t *tally) count() {
	if t.left.Add(-1) == 0 {
		t.done <- struct{}{}
	}
}

func (w *word) Receive(ctx *bastion.Context, msg any) error {
	t, ok := msg.(*tally)
	if !ok {
		return ctx.Unhandled()
	}
	w.n++
	t.count()
	return nil
}

// crowd is a group of so many unnamed members.
func crowd(n int, start bastion.Behavior) bastion.ChildSpec {
	return bastion.ChildSpec{
		Name: "crowd", Start: start, Group: true, Count: n, Intensity: bastion.NoRestarts,
	}
}

func words() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return new(word) })
}

// rollCall has every member handle one message, and waits until all have.
func (g *rig) rollCall(ctx context.Context, group *bastion.Group, n int) error {
	call := newTally(n)
	took, err := group.Broadcast(ctx, call)
	if err != nil {
		return err
	}
	if err := counted("members that took the roll call", took, n); err != nil {
		return err
	}
	g.handled += n
	return g.await(ctx, call.done)
}

// spawnGroup starts and stops a group of r.Crowd members until r.Ops members
// have lived. The first group is the warm-up: it answers a roll call too.
func spawnGroup(ctx context.Context, r *Run) (float64, error) {
	return onRig(ctx, nil, func(g *rig) (float64, error) {
		if err := g.oneGroup(ctx, r.Crowd, true); err != nil {
			return 0, err
		}
		total, err := r.wall(func() error {
			return batches(r.Ops, r.Crowd, func(n int) error { return g.oneGroup(ctx, n, false) })
		})
		return total / float64(r.Ops), err
	})
}

func (g *rig) oneGroup(ctx context.Context, n int, call bool) error {
	group, err := g.sup.AddGroup(ctx, crowd(n, words()))
	if err != nil {
		return err
	}
	if err := counted("members", group.Len(), n); err != nil {
		return err
	}
	if call {
		if err := g.rollCall(ctx, group, n); err != nil {
			return err
		}
	}
	return g.sup.Remove(ctx, "crowd")
}

// spawnOne adds a member to a group and stops it, from an outside goroutine
// that waits for both.
func spawnOne(ctx context.Context, r *Run) (float64, error) {
	return onRig(ctx, []bastion.ChildSpec{crowd(0, words())}, func(g *rig) (float64, error) {
		group := g.sup.Group("crowd")
		return r.laps(func(n int) error {
			var last bastion.Ref
			for range n {
				var err error
				if last, err = group.Spawn(ctx); err != nil {
					return err
				}
				if err := last.Stop(ctx); err != nil {
					return err
				}
			}
			if err := last.Tell(ctx, newTally(1)); !errors.Is(err, bastion.ErrStopped) {
				return fmt.Errorf("a stopped member answered a send with %v", err)
			}
			return counted("members left", group.Len(), 0)
		})
	})
}

// millionCPU is the CPU time to start r.Crowd members, in seconds for a
// million of them.
func millionCPU(ctx context.Context, r *Run) (float64, error) {
	return onRig(ctx, nil, func(g *rig) (float64, error) {
		var group *bastion.Group
		took, err := r.cpu(func() (err error) {
			group, err = g.sup.AddGroup(ctx, crowd(r.Crowd, words()))
			return err
		})
		if err != nil {
			return 0, err
		}
		if err := g.rollCall(ctx, group, r.Crowd); err != nil {
			return 0, err
		}
		return took / float64(time.Second) * 1e6 / float64(r.Crowd), nil
	})
}
