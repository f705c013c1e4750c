package proto

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/bastion-go/bastion/bench/savina"
)

type (
	credit struct { // to the account that pays
		amount int
		to     *actor.PID
	}
	debit struct { // to the one that is paid
		amount int
		from   *actor.PID
	}
	paid    struct{}
	settled struct{}
	balance struct{ n int }
	audit   struct{}
)

type account struct {
	teller *actor.PID
	has    int
}

func (a *account) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case credit:
		a.has -= m.amount
		ctx.Send(m.to, debit{m.amount, ctx.Self()})
	case debit:
		a.has += m.amount
		ctx.Send(m.from, paid{})
	case paid:
		ctx.Send(a.teller, settled{})
	case audit:
		ctx.Send(a.teller, balance{a.has})
	}
}

type teller struct {
	random           savina.Random
	accounts         []*actor.PID
	n, done, audited int
	sum              int
	out              chan<- int64
}

func (t *teller) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case meet:
		t.accounts = m.everyone
		for range t.n {
			// As in the suite: from the first tenth, to one behind it.
			from := t.random.Next(len(t.accounts) / 10)
			to := from + 1 + t.random.Next(len(t.accounts)-from-1)
			ctx.Send(t.accounts[from], credit{t.random.Next(1000), t.accounts[to]})
		}
	case settled:
		if t.done++; t.done == t.n {
			for _, a := range t.accounts {
				ctx.Send(a, audit{})
			}
		}
	case balance:
		t.sum += m.n
		if t.audited++; t.audited == len(t.accounts) {
			if t.sum != savina.Accounts*savina.Balance {
				t.done = -1 // money was made or lost
			}
			t.out <- int64(t.done)
		}
	}
}

func bank(n int) int64 {
	return onStage(func(s *stage) {
		boss := s.actor(&teller{n: n, random: 123456, out: s.answer})
		var accounts []*actor.PID
		for range savina.Accounts {
			accounts = append(accounts, s.actor(&account{teller: boss, has: savina.Balance}))
		}
		s.root.Send(boss, meet{accounts})
	})
}
