package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	begin  struct{}
	arrive struct {
		color int
		from  *actor.PID
	}
	encounter struct {
		color int
		from  *actor.PID
	}
	become struct{ color int }
	fade   struct{}
	report struct{ meetings int64 }
)

// complement is the third color, or the one that both have.
func complement(a, b int) int {
	if a == b {
		return a
	}
	return 3 - a - b
}

type creature struct {
	mall     *actor.PID
	color    int
	meetings int64
}

func (c *creature) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case begin:
	case encounter:
		c.color = complement(c.color, m.color)
		c.meetings++
		ctx.Send(m.from, become{c.color})
	case become:
		c.color = m.color
		c.meetings++
	case fade:
		ctx.Send(c.mall, report{c.meetings})
		ctx.Stop(ctx.Self())
		return
	default:
		return // the system's
	}
	ctx.Send(c.mall, arrive{c.color, ctx.Self()})
}

type mall struct {
	left, faded int
	waiting     *actor.PID
	meetings    int64
	out         chan<- int64
}

func (m *mall) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case report:
		m.meetings += msg.meetings
		if m.faded++; m.faded == savina.Creatures {
			m.out <- m.meetings
		}
	case arrive:
		switch {
		case m.left == 0:
			ctx.Send(msg.from, fade{})
		case m.waiting == nil:
			m.waiting = msg.from
		default:
			m.left--
			first := m.waiting
			m.waiting = nil
			ctx.Send(first, encounter(msg))
		}
	}
}

func chameneos(n int) int64 {
	return onStage(func(s *stage) {
		place := s.actor(&mall{left: n, out: s.answer})
		for i := range savina.Creatures {
			c := &creature{mall: place, color: i % 3}
			s.root.Send(s.root.Spawn(actor.PropsFromProducer(func() actor.Actor { return c })), begin{})
		}
	})
}
