package ours

import (
	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bench/savina"
)

type (
	credit struct { // to the account that pays
		amount int
		to     bastion.Ref
	}
	debit struct { // to the one that is paid
		amount int
		from   bastion.Ref
	}
	paid    struct{}
	settled struct{}
	balance struct{ n int }
	audit   struct{}
)

type account struct {
	teller bastion.Ref
	has    int
}

func (a *account) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case credit:
		a.has -= m.amount
		return m.to.Tell(ctx, debit{m.amount, ctx.Self()})
	case debit:
		a.has += m.amount
		return m.from.Tell(ctx, paid{})
	case paid:
		return a.teller.Tell(ctx, settled{})
	case audit:
		return a.teller.Tell(ctx, balance{a.has})
	}
	return nil
}

type teller struct {
	random           savina.Random
	accounts         []bastion.Ref
	n, done, audited int
	sum              int
	out              chan<- int64
}

func (t *teller) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case meet:
		t.accounts = m.everyone
		for range t.n {
			// As in the suite: from the first tenth, to one behind it.
			from := t.random.Next(len(t.accounts) / 10)
			to := from + 1 + t.random.Next(len(t.accounts)-from-1)
			if err := t.accounts[from].Tell(ctx, credit{t.random.Next(1000), t.accounts[to]}); err != nil {
				return err
			}
		}
	case settled:
		if t.done++; t.done == t.n {
			for _, a := range t.accounts {
				if err := a.Tell(ctx, audit{}); err != nil {
					return err
				}
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
	return nil
}

func bank(n int) int64 {
	return onStage(func(s *stage) {
		boss := s.actor("teller", &teller{n: n, random: 123456, out: s.answer})
		group := s.cast("accounts", func() bastion.Receiver { return &account{teller: boss, has: savina.Balance} })
		var accounts []bastion.Ref
		for range savina.Accounts {
			accounts = append(accounts, must(group.Spawn(outside)))
		}
		check(boss.Tell(outside, meet{accounts}))
	})
}
