package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type grow struct {
	num, size int
	parent    bastion.Ref
}

type sky struct {
	all    *bastion.Group
	out    chan<- int64
	parent bastion.Ref
	left   int
	sum    int64
}

func skynet(n int) int64 {
	return onStage(func(s *stage) {
		var all *bastion.Group
		all = s.cast("sky", func() bastion.Receiver { return &sky{all: all, out: s.answer} })
		check(must(all.Spawn(outside)).Tell(outside, grow{size: n}))
	})
}

func (k *sky) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case grow:
		k.parent = m.parent
		if m.size == 1 {
			return k.report(ctx, int64(m.num))
		}
		k.left = savina.SkynetFan
		size := m.size / savina.SkynetFan
		for i := range savina.SkynetFan {
			child, err := k.all.Spawn(ctx)
			if err != nil {
				return err
			}
			if err := child.Tell(ctx, grow{num: m.num + i*size, size: size, parent: ctx.Self()}); err != nil {
				return err
			}
		}
	case int64:
		k.sum += m
		if k.left--; k.left == 0 {
			return k.report(ctx, k.sum)
		}
	}
	return nil
}

// report tells the sum up and ends.
func (k *sky) report(ctx *bastion.Context, sum int64) error {
	if k.parent.IsZero() {
		k.out <- sum
	} else if err := k.parent.Tell(ctx, sum); err != nil {
		return err
	}
	return ctx.Exit(bastion.ErrNormal)
}
