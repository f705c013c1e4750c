package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	candidate struct{ n int }
	finish    struct{ primes int64 }
)

// A filter keeps some primes, and passes on what none of them divides.
type filter struct {
	all    *bastion.Group
	primes []int
	next   bastion.Ref
	out    chan<- int64
}

func (f *filter) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case candidate:
		switch {
		case savina.Divides(f.primes, m.n):
		case len(f.primes) < savina.LocalPrimes:
			f.primes = append(f.primes, m.n)
		default:
			return f.pass(ctx, msg)
		}
	case finish:
		m.primes += int64(len(f.primes))
		if f.next.IsZero() {
			f.out <- m.primes
			return nil
		}
		return f.next.Tell(ctx, m)
	}
	return nil
}

func (f *filter) pass(ctx *bastion.Context, msg any) (err error) {
	if f.next.IsZero() {
		if f.next, err = f.all.Spawn(ctx); err != nil {
			return err
		}
	}
	return f.next.Tell(ctx, msg)
}

// numbers sends all odd ones.
type numbers struct{ first bastion.Ref }

func (p *numbers) Receive(ctx *bastion.Context, msg any) error {
	if err := p.first.Tell(ctx, candidate{2}); err != nil {
		return err
	}
	for n := 3; n <= msg.(produce).n; n += 2 {
		if err := p.first.Tell(ctx, candidate{n}); err != nil {
			return err
		}
	}
	return p.first.Tell(ctx, finish{})
}

func sieve(n int) int64 {
	return onStage(func(s *stage) {
		var all *bastion.Group
		all = s.cast("filters", func() bastion.Receiver { return &filter{all: all, out: s.answer} })
		check(s.actor("numbers", &numbers{must(all.Spawn(outside))}).Tell(outside, produce{n}))
	})
}
