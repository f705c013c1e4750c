package proto

import "github.com/asynkron/protoactor-go/actor"

type (
	increment struct{}
	retrieve  struct{ from *actor.PID }
	produce   struct{ n int }
	total     struct{ n int64 }
)

type counter struct{ n int64 }

func (c *counter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case increment:
		c.n++
	case retrieve:
		ctx.Send(m.from, total{c.n})
	}
}

type producer struct {
	counter *actor.PID
	out     chan<- int64
}

func (p *producer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case produce:
		for range m.n {
			ctx.Send(p.counter, increment{})
		}
		ctx.Send(p.counter, retrieve{ctx.Self()})
	case total:
		p.out <- m.n
	}
}

func counting(n int) int64 {
	return onStage(func(s *stage) {
		c := s.actor(&counter{})
		s.root.Send(s.actor(&producer{counter: c, out: s.answer}), produce{n})
	})
}
