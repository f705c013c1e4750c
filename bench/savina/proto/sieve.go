package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	candidate struct{ n int }
	finish    struct{ primes int64 }
)

// A filter keeps some primes, and passes on what none of them divides.
type filter struct {
	primes []int
	next   *actor.PID
	out    chan<- int64
}

func (f *filter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case candidate:
		switch {
		case savina.Divides(f.primes, m.n):
		case len(f.primes) < savina.LocalPrimes:
			f.primes = append(f.primes, m.n)
		default:
			f.pass(ctx, m)
		}
	case finish:
		m.primes += int64(len(f.primes))
		if f.next == nil {
			f.out <- m.primes
		} else {
			ctx.Send(f.next, m)
		}
	}
}

func (f *filter) pass(ctx actor.Context, m candidate) {
	if f.next == nil {
		f.next = ctx.Spawn(actor.PropsFromProducer(func() actor.Actor { return &filter{out: f.out} }))
	}
	ctx.Send(f.next, m)
}

// numbers sends all odd ones.
type numbers struct{ first *actor.PID }

func (p *numbers) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(produce)
	if !ok {
		return
	}
	ctx.Send(p.first, candidate{2})
	for n := 3; n <= m.n; n += 2 {
		ctx.Send(p.first, candidate{n})
	}
	ctx.Send(p.first, finish{})
}

func sieve(n int) int64 {
	return onStage(func(s *stage) {
		first := s.actor(&filter{out: s.answer})
		s.root.Send(s.actor(&numbers{first}), produce{n})
	})
}
