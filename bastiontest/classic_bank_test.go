package bastiontest

import (
	"errors"
	"time"

	"github.com/bastion-go/bastion"
)

// A teller takes money from one account and puts it into another, and fails in between. What an account holds is kept
// outside of its process, as in a database. The mended teller writes down what it is about to do, and does it again after
// a restart; an account does nothing twice.

type move struct {
	bastion.Returns[int]
	id, amount int
}

type payment struct{ id, from, to, amount int }

func transfer(s *Sim, mended bool) {
	balance := [2]int{100, 0}
	done := [2]map[int]bool{{}, {}}
	account := func(i int) bastion.ChildSpec {
		return bastion.ChildSpec{Name: []string{"giro", "savings"}[i], Start: handle(func(ctx *bastion.Context, msg any) error {
			m, ok := msg.(move)
			if !ok {
				return ctx.Unhandled()
			}
			if !mended || !done[i][m.id] {
				balance[i] += m.amount
				done[i][m.id] = true
			}
			return m.Reply(ctx, balance[i])
		})}
	}
	var pending []payment // written down
	tree(s, "bank", account(0), account(1), bastion.ChildSpec{Name: "teller", Start: bastion.Handle(func() bastion.Receiver {
		return &teller{s: s, mended: mended, pending: &pending}
	})})
	_ = s.Ref("/bank/sup/teller").Tell(s.Context(), payment{1, 0, 1, 30})
	_ = s.Ref("/bank/sup/teller").Tell(s.Context(), payment{2, 0, 1, 20})
	s.Sleep(time.Hour)
	if sum := balance[0] + balance[1]; sum != 100 {
		s.Errorf("%d of 100 is gone", 100-sum)
	}
}

type teller struct {
	s       *Sim
	mended  bool
	pending *[]payment
}

func (t *teller) Start(ctx *bastion.Context) error {
	if t.mended && len(*t.pending) > 0 {
		return ctx.Self().Tell(ctx, "go on")
	}
	return nil
}

func (t *teller) Receive(ctx *bastion.Context, msg any) error {
	if p, ok := msg.(payment); ok && !t.mended {
		return t.pay(ctx, p)
	} else if ok {
		*t.pending = append(*t.pending, p)
	}
	for len(*t.pending) > 0 {
		if err := t.pay(ctx, (*t.pending)[0]); err != nil {
			return err
		}
		*t.pending = (*t.pending)[1:]
	}
	return nil
}

func (t *teller) pay(ctx *bastion.Context, p payment) error {
	_, err := bastion.Ask(ctx, t.s.Ref("/bank/sup/giro"), move{id: p.id, amount: -p.amount})
	if err != nil {
		return err
	}
	_, err = bastion.Ask(ctx, t.s.Ref("/bank/sup/savings"), move{id: p.id, amount: p.amount})
	return err
}

// A client asks a card to be charged, and asks again when it hears nothing for a second: but the first may only have been
// slow. The mended card knows the number of the order.

const clientPatience = time.Second

type charge struct {
	bastion.Returns[bool]
	order int
}

func retry(s *Sim, mended bool) {
	charged := map[int]int{}
	tree(s, "shop", bastion.ChildSpec{Name: "card", Start: handle(func(ctx *bastion.Context, msg any) error {
		c := msg.(charge)
		if !mended || charged[c.order] == 0 {
			charged[c.order]++
		}
		err := c.Reply(ctx, true)
		if errors.Is(err, bastion.ErrLate) {
			return nil
		}
		return err
	})})
	for order := range 3 {
		for range 20 {
			ctx, cancel := s.Timeout(s.Context(), clientPatience)
			_, err := bastion.Ask(ctx, s.Ref("/shop/sup/card"), charge{order: order})
			cancel()
			if err == nil {
				break
			}
		}
	}
	s.Sleep(time.Hour)
	for order, n := range charged {
		if n > 1 {
			s.Errorf("order %d was charged %d times", order, n)
		}
	}
}

// Two clients each read a counter, add one and write it back. The mended counter adds.

type (
	read  struct{ bastion.Returns[int] }
	write struct {
		bastion.Returns[int]
		n int
	}
	add struct{ bastion.Returns[int] }
)

func lostUpdate(s *Sim, mended bool) {
	tree(s, "counting", bastion.ChildSpec{Name: "counter", Start: bastion.Handle(func() bastion.Receiver {
		n := 0
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			switch m := msg.(type) {
			case read:
				return m.Reply(ctx, n)
			case write:
				n = m.n
				return m.Reply(ctx, n)
			case add:
				n++
				return m.Reply(ctx, n)
			}
			return ctx.Unhandled()
		})
	})})
	counter, left := s.Ref("/counting/sup/counter"), 2
	for _, name := range []string{"one", "two"} {
		s.Go(name, func() {
			if mended {
				must[int](s)(bastion.Ask(s.Context(), counter, add{}))
			} else {
				n := must[int](s)(bastion.Ask(s.Context(), counter, read{}))
				must[int](s)(bastion.Ask(s.Context(), counter, write{n: n + 1}))
			}
			left--
		})
	}
	s.Until("both clients", func() bool { return left == 0 })
	if n := must[int](s)(bastion.Ask(s.Context(), counter, read{})); n != 2 {
		s.Errorf("the counter is %d, want 2", n)
	}
}
