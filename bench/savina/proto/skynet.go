package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type grow struct {
	num, size int
	parent    *actor.PID
}

type sky struct {
	props  *actor.Props
	out    chan<- int64
	parent *actor.PID
	left   int
	sum    int64
}

func skynet(n int) int64 {
	return onStage(func(s *stage) {
		var props *actor.Props
		props = actor.PropsFromProducer(func() actor.Actor { return &sky{props: props, out: s.answer} })
		s.root.Send(s.root.Spawn(props), grow{size: n})
	})
}

func (k *sky) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case grow:
		k.parent = m.parent
		if m.size == 1 {
			k.report(ctx, int64(m.num))
			return
		}
		k.left = savina.SkynetFan
		size := m.size / savina.SkynetFan
		for i := range savina.SkynetFan {
			// Not ctx.Spawn: a child of this one would be stopped with it, which Bastion's is not.
			ctx.Send(ctx.ActorSystem().Root.Spawn(k.props), grow{num: m.num + i*size, size: size, parent: ctx.Self()})
		}
	case int64:
		k.sum += m
		if k.left--; k.left == 0 {
			k.report(ctx, k.sum)
		}
	}
}

// report tells the sum up and ends.
func (k *sky) report(ctx actor.Context, sum int64) {
	if k.parent == nil {
		k.out <- sum
	} else {
		ctx.Send(k.parent, sum)
	}
	ctx.Stop(ctx.Self())
}
