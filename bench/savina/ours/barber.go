package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	enter struct{ customer bastion.Ref }
	full  struct{}
	wait  struct{}
	next  struct{}
	sleep struct{}
	start struct{}
	back  struct{ customer bastion.Ref }
	cut   struct{}
)

// The room sends customers to the barber, one after the other.
type room struct {
	barber bastion.Ref
	seats  []bastion.Ref
	sleeps bool
}

func (r *room) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case enter:
		if len(r.seats) == savina.WaitingRoom {
			return m.customer.Tell(ctx, full{})
		}
		r.seats = append(r.seats, m.customer)
		if r.sleeps {
			r.sleeps = false
			return r.call(ctx)
		}
		return m.customer.Tell(ctx, wait{})
	case next:
		return r.call(ctx)
	}
	return nil
}

// call sends the first customer in, or the barber to sleep.
func (r *room) call(ctx *bastion.Context) error {
	if len(r.seats) == 0 {
		r.sleeps = true
		return r.barber.Tell(ctx, sleep{})
	}
	first := r.seats[0]
	r.seats = r.seats[1:]
	return r.barber.Tell(ctx, enter{first})
}

type barberActor struct {
	random savina.Random
	room   bastion.Ref
	sink   int
}

func (b *barberActor) Receive(ctx *bastion.Context, msg any) error {
	m, ok := msg.(enter)
	if !ok {
		return nil // it sleeps
	}
	if err := m.customer.Tell(ctx, start{}); err != nil {
		return err
	}
	b.sink += savina.Busy(&b.random, savina.HaircutWork)
	if err := m.customer.Tell(ctx, cut{}); err != nil {
		return err
	}
	return ctx.Sender().Tell(ctx, next{})
}

type customer struct{ factory, room bastion.Ref }

func (c *customer) Receive(ctx *bastion.Context, msg any) error {
	switch msg.(type) {
	case begin:
		return c.room.Tell(ctx, enter{ctx.Self()})
	case full:
		return c.factory.Tell(ctx, back{ctx.Self()})
	case cut:
		if err := c.factory.Tell(ctx, cut{}); err != nil {
			return err
		}
		return ctx.Exit(bastion.ErrNormal)
	}
	return nil // it waits, or its haircut starts
}

type factory struct {
	random    savina.Random
	customers *bastion.Group
	n, cuts   int
	sink      int
	out       chan<- int64
}

func (f *factory) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case begin:
		for range f.n {
			c, err := f.customers.Spawn(ctx)
			if err != nil {
				return err
			}
			if err := c.Tell(ctx, begin{}); err != nil {
				return err
			}
			f.sink += savina.Busy(&f.random, savina.HaircutWork)
		}
	case back:
		return m.customer.Tell(ctx, begin{})
	case cut:
		if f.cuts++; f.cuts == f.n {
			f.out <- int64(f.cuts)
		}
	}
	return nil
}

func barber(n int) int64 {
	return onStage(func(s *stage) {
		r := &room{sleeps: true}
		waiting := s.actor("room", r)
		r.barber = s.actor("barber", &barberActor{random: 1, room: waiting}) // nobody has sent it anything yet
		f := &factory{random: 2, n: n, out: s.answer}
		boss := s.actor("factory", f)
		f.customers = s.cast("customers", func() bastion.Receiver { return &customer{boss, waiting} })
		check(boss.Tell(outside, begin{}))
	})
}
