package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	ping struct{ from bastion.Ref }
	pong struct{}
	meet struct{ everyone []bastion.Ref }
)

type bigActor struct {
	random   savina.Random
	everyone []bastion.Ref
	pings, n int
	done     func(n int)
}

func (b *bigActor) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case meet:
		b.everyone, b.random = m.everyone, savina.Random(ctx.Index())
		return b.next(ctx)
	case ping:
		return m.from.Tell(ctx, pong{})
	case pong:
		if b.pings++; b.pings == b.n {
			b.done(b.n)
			return nil
		}
		return b.next(ctx)
	}
	return nil
}

func (b *bigActor) next(ctx *bastion.Context) error {
	return b.everyone[b.random.Next(len(b.everyone))].Tell(ctx, ping{ctx.Self()})
}

func big(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, savina.BigActors*int64(n))
		group := s.cast("big", func() bastion.Receiver { return &bigActor{n: n, done: done} })
		var everyone []bastion.Ref
		for range savina.BigActors {
			everyone = append(everyone, must(group.Spawn(outside)))
		}
		for _, b := range everyone {
			check(b.Tell(outside, meet{everyone}))
		}
	})
}
