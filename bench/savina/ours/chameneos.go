package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	begin  struct{}
	arrive struct {
		color int
		from  bastion.Ref
	}
	encounter struct {
		color int
		from  bastion.Ref
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
	mall     bastion.Ref
	color    int
	meetings int64
}

func (c *creature) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case begin:
		c.color = ctx.Index() % 3
	case encounter:
		c.color = complement(c.color, m.color)
		c.meetings++
		if err := m.from.Tell(ctx, become{c.color}); err != nil {
			return err
		}
	case become:
		c.color = m.color
		c.meetings++
	case fade:
		if err := c.mall.Tell(ctx, report{c.meetings}); err != nil {
			return err
		}
		return ctx.Exit(bastion.ErrNormal)
	}
	return c.mall.Tell(ctx, arrive{c.color, ctx.Self()})
}

type mall struct {
	left, faded int
	waiting     bastion.Ref
	meetings    int64
	out         chan<- int64
}

func (m *mall) Receive(ctx *bastion.Context, msg any) error {
	switch msg := msg.(type) {
	case report:
		m.meetings += msg.meetings
		if m.faded++; m.faded == savina.Creatures {
			m.out <- m.meetings
		}
	case arrive:
		switch {
		case m.left == 0:
			return msg.from.Tell(ctx, fade{})
		case m.waiting.IsZero():
			m.waiting = msg.from
		default:
			m.left--
			first := m.waiting
			m.waiting = bastion.Ref{}
			if err := first.Tell(ctx, encounter(msg)); err != nil {
				return err
			}
		}
	}
	return nil
}

func chameneos(n int) int64 {
	return onStage(func(s *stage) {
		place := s.actor("mall", &mall{left: n, out: s.answer})
		group := s.cast("creatures", func() bastion.Receiver { return &creature{mall: place} })
		for range savina.Creatures {
			check(must(group.Spawn(outside)).Tell(outside, begin{}))
		}
	})
}
