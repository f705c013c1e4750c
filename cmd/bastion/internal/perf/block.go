package perf

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
)

// blockers are twice as many handlers as there are workers. Each sleeps in its
// handler, again and again, as a handler does that waits for a disk or a lock.
type blockers struct{ stop atomic.Bool }

// blockFor is how long each of them blocks.
const blockFor = 10 * time.Millisecond

// doze is the message that a blocker sends itself.
type doze struct{}

func (b *blockers) child() bastion.ChildSpec {
	return bastion.ChildSpec{
		Name: "blockers", Group: true, Count: 2 * runtime.GOMAXPROCS(0), Intensity: bastion.NoRestarts,
		Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(b.receive) }),
	}
}

func (b *blockers) receive(ctx *bastion.Context, msg any) error {
	if b.stop.Load() {
		return nil
	}
	time.Sleep(blockFor)
	return ctx.Self().Tell(ctx, msg)
}

// crowded is 64 pairs of handlers at work while an outside goroutine, the
// stranger, asks another handler now and then.
type crowded struct {
	blocked bool // with blockers, or without
	latency bool // the stranger's 99th percentile, or nanoseconds for each hop
}

// askEvery is the stranger's pause between two questions.
const askEvery = 200 * time.Microsecond

func (c crowded) probe(ctx context.Context, r *Run) (float64, error) {
	rd := newRound(2*pairs, pairs, inPairs)
	b := new(blockers)
	children := append(rd.crew(rd.handler(), false), answerer())
	if c.blocked {
		children = append(children, b.child())
	}
	return onRig(ctx, children, func(g *rig) (float64, error) {
		members, err := rd.wire(g, false)
		if err != nil {
			return 0, err
		}
		heads := make([]bastion.Ref, pairs)
		for i := range heads {
			heads[i] = members[2*i]
		}
		if c.blocked {
			for _, ref := range g.sup.Group("blockers").Members() {
				if err := ref.Tell(context.Background(), &doze{}); err != nil {
					return 0, err
				}
			}
			defer b.stop.Store(true)
		}
		s := &stranger{to: g.sup.Child("answerer")}
		hops, err := r.laps(func(n int) error {
			return s.during(ctx, func() error { return rd.lap(ctx, g, heads, n, sendToken) })
		})
		if c.latency {
			return percentile(s.took, 0.99), err
		}
		return hops, err
	})
}

// stranger asks and takes the time.
type stranger struct {
	to   bastion.Ref
	took []float64
}

// during asks while f runs; what an earlier call measured is forgotten.
func (s *stranger) during(ctx context.Context, f func() error) error {
	s.took = s.took[:0]
	var asking sync.WaitGroup
	var wrong error
	over := make(chan struct{})
	asking.Go(func() { wrong = s.ask(ctx, over) })
	err := f()
	close(over)
	asking.Wait()
	return errors.Join(err, wrong)
}

func (s *stranger) ask(ctx context.Context, over <-chan struct{}) error {
	for n := 0; ; n++ {
		start := time.Now()
		answer, err := bastion.Ask(ctx, s.to, quiz{n: n})
		s.took = append(s.took, float64(time.Since(start)))
		if err := graded(answer, n, err); err != nil {
			return err
		}
		select {
		case <-over:
			return nil
		case <-time.After(askEvery):
		}
	}
}
