package perf

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/bastion-go/bastion"
)

// liveBytes is the heap that is in use and the stacks, after the garbage has
// gone. Twice, because a first collection only moves sync.Pools aside.
func liveBytes() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

// spendDead parks goroutines until Go has no descriptors of dead ones left. Go
// keeps those for ever and uses them again, so that without this every round but
// the first would find a part of its goroutines for free, some 450 bytes each.
func spendDead() *parking {
	const lot, fresh = 500, 300 // bytes for each that say: a new descriptor
	p := newParking()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for {
		p.fill(lot)
		runtime.ReadMemStats(&after)
		if after.HeapAlloc > before.HeapAlloc+lot*fresh {
			return p
		}
		before = after
	}
}

// memoryOf is the bytes that one member of a crowd holds after one message.
// The system itself, with its workers, stood before the first look.
func memoryOf(start func() bastion.Behavior) Probe {
	return func(ctx context.Context, r *Run) (float64, error) {
		return onRig(ctx, nil, func(g *rig) (float64, error) {
			// A small group first, so that workers and pools exist.
			if err := g.oneGroup(ctx, 100, true); err != nil {
				return 0, err
			}
			spent := spendDead()
			defer spent.empty()
			before := liveBytes()
			r.started()
			group, err := g.sup.AddGroup(ctx, crowd(r.Crowd, start()))
			if err != nil {
				return 0, err
			}
			if err := g.rollCall(ctx, group, r.Crowd); err != nil {
				return 0, err
			}
			r.stopped()
			after := liveBytes()
			return (after - before) / float64(r.Crowd), counted("members", group.Len(), r.Crowd)
		})
	}
}

// listeners are loop processes with the same word of state.
func listeners() bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		w := new(word)
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := w.Receive(ctx, msg); err != nil {
				return err
			}
		}
	})
}

// idleOps is how many milliseconds an idle row looks at. The goal speaks of
// ten seconds; three tell the same, and five rounds of both sides end sooner.
const idleOps = 3000

// idle is the CPU that a system of r.Crowd idle members uses, in percent of
// one core.
func idle(ctx context.Context, r *Run) (float64, error) {
	return onRig(ctx, nil, func(g *rig) (float64, error) {
		group, err := g.sup.AddGroup(ctx, crowd(r.Crowd, words()))
		if err != nil {
			return 0, err
		}
		if err := g.rollCall(ctx, group, r.Crowd); err != nil {
			return 0, err
		}
		return r.idling(ctx)
	})
}

func probeIdleProgram(ctx context.Context, r *Run) (float64, error) { return r.idling(ctx) }

// idling sleeps for r.Ops milliseconds and returns the part of one core that
// the program used meanwhile. Before that it gives free memory back and lets
// the collector finish its sweep: the Go runtime would do both in the
// background and be counted. So it does not use r.cpu, which collects.
func (r *Run) idling(ctx context.Context) (float64, error) {
	debug.FreeOSMemory()
	if err := pause(ctx, settle); err != nil {
		return 0, err
	}
	r.started()
	start, cpu := time.Now(), cpuTime()
	err := pause(ctx, time.Duration(r.Ops)*time.Millisecond)
	used, wall := cpuTime()-cpu, time.Since(start)
	r.stopped()
	return 100 * float64(used) / float64(wall), err
}

const settle = 300 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
