package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	ping struct{ from *actor.PID }
	pong struct{}
	meet struct{ everyone []*actor.PID }
)

type bigActor struct {
	random   savina.Random
	everyone []*actor.PID
	pings, n int
	done     func(n int)
}

func (b *bigActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case meet:
		b.everyone = m.everyone
		b.next(ctx)
	case ping:
		ctx.Send(m.from, pong{})
	case pong:
		if b.pings++; b.pings == b.n {
			b.done(b.n)
			return
		}
		b.next(ctx)
	}
}

func (b *bigActor) next(ctx actor.Context) {
	ctx.Send(b.everyone[b.random.Next(len(b.everyone))], ping{ctx.Self()})
}

func big(n int) int64 {
	return onStage(func(s *stage) {
		done := tally(s, savina.BigActors*int64(n))
		var everyone []*actor.PID
		for i := range savina.BigActors {
			everyone = append(everyone, s.actor(&bigActor{random: savina.Random(i), n: n, done: done}))
		}
		for _, b := range everyone {
			s.root.Send(b, meet{everyone})
		}
	})
}
