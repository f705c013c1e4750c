package ours

import "github.com/bastion-go/bastion"

type (
	increment struct{}
	retrieve  struct{ from bastion.Ref }
	produce   struct{ n int }
	total     struct{ n int64 }
)

type counter struct{ n int64 }

func (c *counter) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case increment:
		c.n++
	case retrieve:
		return m.from.Tell(ctx, total{c.n})
	}
	return nil
}

type producer struct {
	counter bastion.Ref
	out     chan<- int64
}

func (p *producer) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case produce:
		for range m.n {
			if err := p.counter.Tell(ctx, increment{}); err != nil {
				return err
			}
		}
		return p.counter.Tell(ctx, retrieve{ctx.Self()})
	case total:
		p.out <- m.n
	}
	return nil
}

func counting(n int) int64 {
	return onStage(func(s *stage) {
		c := s.actor("counter", &counter{})
		check(s.actor("producer", &producer{counter: c, out: s.answer}).Tell(outside, produce{n}))
	})
}
