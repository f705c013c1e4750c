package perf

import (
	"context"

	"github.com/bastion-go/bastion"
)

// sink counts what it gets and gives a signal at the last one. The driver
// writes want and reads seen only while nothing is under way.
type sink struct {
	seen, want int
	done       chan struct{}
}

func newSink() *sink { return &sink{done: make(chan struct{}, 1)} }

func (s *sink) Receive(ctx *bastion.Context, msg any) error {
	if _, ok := msg.(*token); !ok {
		return ctx.Unhandled()
	}
	if s.seen++; s.seen == s.want {
		s.done <- struct{}{}
	}
	return nil
}

func (s *sink) child() bastion.ChildSpec {
	return bastion.ChildSpec{Name: "sink", Start: bastion.Handle(func() bastion.Receiver { return s })}
}

// lap expects n more messages, lets send start them off, and waits.
func (s *sink) lap(ctx context.Context, g *rig, n int, send func() error) error {
	s.want = s.seen + n
	if err := send(); err != nil {
		return err
	}
	if err := g.await(ctx, s.done); err != nil {
		return err
	}
	g.handled += n
	return counted("messages", s.seen, s.want)
}

// flood is one outside goroutine that sends as fast as it can.
func flood(ctx context.Context, r *Run) (float64, error) {
	s := newSink()
	return onRig(ctx, []bastion.ChildSpec{s.child()}, func(g *rig) (float64, error) {
		to, outside, t := g.sup.Child("sink"), context.Background(), new(token)
		return r.laps(func(n int) error {
			return s.lap(ctx, g, n, func() error {
				for range n {
					if err := to.Tell(outside, t); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// outsideAllocs is flood in portions of a hundred, by the number of objects. A
// flood without portions would count the mailbox's growth: a queue of a
// million messages has to lie somewhere.
func outsideAllocs(ctx context.Context, r *Run) (float64, error) {
	s := newSink()
	return onRig(ctx, []bastion.ChildSpec{s.child()}, func(g *rig) (float64, error) {
		to, outside, t := g.sup.Child("sink"), context.Background(), new(token)
		return r.warm(func(n int) error {
			return batches(n, 100, func(n int) error {
				return s.lap(ctx, g, n, func() error {
					for range n {
						if err := to.Tell(outside, t); err != nil {
							return err
						}
					}
					return nil
				})
			})
		}, r.mallocs)
	})
}

// order tells a feeder how many messages to send.
type order struct{ left int }

// portion is how many messages a feeder sends before it lets others run: a
// handler that never returns is not what the row is about.
const portion = 100

// feeder is a process that sends to the sink.
type feeder struct {
	to bastion.Ref
	t  *token
}

func (f *feeder) Receive(ctx *bastion.Context, msg any) error {
	o, ok := msg.(*order)
	if !ok {
		return ctx.Unhandled()
	}
	if f.to.IsZero() {
		f.to, f.t = ctx.Supervisor().Child("sink"), new(token)
	}
	for range min(o.left, portion) {
		if err := f.to.Tell(ctx, f.t); err != nil {
			return err
		}
	}
	if o.left -= portion; o.left <= 0 {
		return nil
	}
	return ctx.Self().Tell(ctx, o)
}

// fanIn lets so many processes send to one.
func fanIn(feeders int) Probe {
	return func(ctx context.Context, r *Run) (float64, error) {
		s := newSink()
		children := []bastion.ChildSpec{s.child(), {
			Name: "feeders", Group: true, Count: feeders, Intensity: bastion.NoRestarts,
			Start: bastion.Handle(func() bastion.Receiver { return new(feeder) }),
		}}
		return onRig(ctx, children, func(g *rig) (float64, error) {
			members := g.sup.Group("feeders").Members()
			if err := counted("feeders", len(members), feeders); err != nil {
				return 0, err
			}
			return r.laps(func(n int) error {
				return s.lap(ctx, g, n, func() error {
					for i, m := range members {
						if part := share(n, feeders, i); part > 0 {
							if err := m.Tell(context.Background(), &order{left: part}); err != nil {
								return err
							}
						}
					}
					return nil
				})
			})
		})
	}
}
