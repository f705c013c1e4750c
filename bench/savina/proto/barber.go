package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	enter struct{ customer, room *actor.PID }
	full  struct{}
	wait  struct{}
	next  struct{}
	sleep struct{}
	start struct{}
	back  struct{ customer *actor.PID }
	cut   struct{}
)

// The room sends customers to the barber, one after the other.
type room struct {
	barber *actor.PID
	seats  []*actor.PID
	sleeps bool
}

func (r *room) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case enter:
		if len(r.seats) == savina.WaitingRoom {
			ctx.Send(m.customer, full{})
			return
		}
		r.seats = append(r.seats, m.customer)
		if r.sleeps {
			r.sleeps = false
			r.call(ctx)
			return
		}
		ctx.Send(m.customer, wait{})
	case next:
		r.call(ctx)
	}
}

// call sends the first customer in, or the barber to sleep.
func (r *room) call(ctx actor.Context) {
	if len(r.seats) == 0 {
		r.sleeps = true
		ctx.Send(r.barber, sleep{})
		return
	}
	first := r.seats[0]
	r.seats = r.seats[1:]
	ctx.Send(r.barber, enter{first, ctx.Self()})
}

type barberActor struct {
	random savina.Random
	sink   int
}

func (b *barberActor) Receive(ctx actor.Context) {
	m, ok := ctx.Message().(enter)
	if !ok {
		return // it sleeps
	}
	ctx.Send(m.customer, start{})
	b.sink += savina.Busy(&b.random, savina.HaircutWork)
	ctx.Send(m.customer, cut{})
	ctx.Send(m.room, next{})
}

type customer struct{ factory, room *actor.PID }

func (c *customer) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case begin:
		ctx.Send(c.room, enter{customer: ctx.Self()})
	case full:
		ctx.Send(c.factory, back{ctx.Self()})
	case cut:
		ctx.Send(c.factory, cut{})
		ctx.Stop(ctx.Self())
	}
}

type factory struct {
	random  savina.Random
	room    *actor.PID
	n, cuts int
	sink    int
	out     chan<- int64
}

func (f *factory) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case begin:
		props := actor.PropsFromProducer(func() actor.Actor { return &customer{ctx.Self(), f.room} })
		for range f.n {
			ctx.Send(ctx.ActorSystem().Root.Spawn(props), begin{})
			f.sink += savina.Busy(&f.random, savina.HaircutWork)
		}
	case back:
		ctx.Send(m.customer, begin{})
	case cut:
		if f.cuts++; f.cuts == f.n {
			f.out <- int64(f.cuts)
		}
	}
}

func barber(n int) int64 {
	return onStage(func(s *stage) {
		cutter := s.actor(&barberActor{random: 1})
		waiting := s.actor(&room{sleeps: true, barber: cutter})
		s.root.Send(s.actor(&factory{random: 2, n: n, room: waiting, out: s.answer}), begin{})
	})
}
