package bastiontest

import (
	"time"

	"github.com/bastion-go/bastion"
)

// Two offices ask each other. Bastion refuses the ask that closes the ring. The mended one takes the answer as a message.

type (
	query struct{ bastion.Returns[int] }
	work  struct{}
)

func mutual(s *Sim, mended bool) {
	office := func(other string) bastion.Behavior {
		return handle(func(ctx *bastion.Context, msg any) error {
			to := s.Ref("/town/sup/" + other)
			switch m := msg.(type) {
			case query:
				return m.Reply(ctx, 1)
			case work:
				if mended {
					return bastion.AskThen(ctx, to, query{}, func(_ *bastion.Context, _ int, err error) error { return err })
				}
				if _, err := bastion.Ask(ctx, to, query{}); err != nil {
					s.Error(err)
				}
			}
			return nil
		})
	}
	tree(s, "town", bastion.ChildSpec{Name: "a", Start: office("b")}, bastion.ChildSpec{Name: "b", Start: office("a")})
	for _, name := range []string{"a", "b"} {
		_ = s.Ref("/town/sup/"+name).Tell(s.Context(), work{})
	}
	s.Settle()
}

// A store tells those who have subscribed of each change, and a cache lives on that. After a restart the store knows no
// subscriber. The mended cache monitors the store, and begins anew with it.

type (
	subscribe struct{ to bastion.Ref }
	changed   struct{ value int }
	put       struct{ value int }
)

func staleCache(s *Sim, mended bool) {
	stored := 0 // on disk
	store := bastion.Handle(func() bastion.Receiver {
		var subscribers []bastion.Ref
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			switch m := msg.(type) {
			case subscribe:
				subscribers = append(subscribers, m.to)
				return m.to.Tell(ctx, changed{stored})
			case put:
				stored = m.value
				for _, to := range subscribers {
					_ = to.Tell(ctx, changed{stored})
				}
			}
			return nil
		})
	})
	tree(s, "cached", bastion.ChildSpec{Name: "store", Start: store},
		bastion.ChildSpec{Name: "cache", Start: bastion.Handle(func() bastion.Receiver { return &cache{s: s, mended: mended} })})
	for i := range 6 {
		_ = s.Ref("/cached/sup/store").Tell(s.Context(), put{i + 1})
	}
	s.Sleep(time.Hour)
	if n := must[int](s)(bastion.Ask(s.Context(), s.Ref("/cached/sup/cache"), read{})); n != stored {
		s.Errorf("the cache says %d, the store has %d", n, stored)
	}
}

type cache struct {
	s      *Sim
	mended bool
	value  int
}

func (c *cache) Start(ctx *bastion.Context) error {
	store := c.s.Ref("/cached/sup/store")
	if c.mended {
		if _, err := ctx.Monitor(store, bastion.EachIncarnation); err != nil {
			return err
		}
	}
	return store.Tell(ctx, subscribe{ctx.Self()})
}

func (c *cache) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case changed:
		c.value = m.value
	case bastion.Down:
		return m.Ref.Tell(ctx, subscribe{ctx.Self()})
	case read:
		return m.Reply(ctx, c.value)
	}
	return nil
}

// An account is opened by one clerk and used by another, and nobody says which of them comes first. The mended one waits
// until it has been opened.

type (
	open struct{ bastion.Returns[bool] }
	use  struct{}
)

func twoSenders(s *Sim, mended bool) {
	opened := false
	ledger := handle(func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case open:
			opened = true
			_ = m.Reply(ctx, true) // ErrNoQuestion: it was told
		case use:
			if !opened {
				s.Error("no account")
			}
		}
		return nil
	})
	opens := handle(func(ctx *bastion.Context, msg any) error {
		m := msg.(open)
		if _, err := bastion.Ask(ctx, s.Ref("/firm/sup/ledger"), open{}); err != nil {
			return err
		}
		_ = m.Reply(ctx, true)
		return nil
	})
	uses := handle(func(ctx *bastion.Context, msg any) error { return s.Ref("/firm/sup/ledger").Tell(ctx, msg) })
	tree(s, "firm", bastion.ChildSpec{Name: "ledger", Start: ledger}, bastion.ChildSpec{Name: "opens", Start: opens},
		bastion.ChildSpec{Name: "uses", Start: uses})
	if mended {
		must[bool](s)(bastion.Ask(s.Context(), s.Ref("/firm/sup/opens"), open{}))
	} else {
		_ = s.Ref("/firm/sup/opens").Tell(s.Context(), open{})
	}
	_ = s.Ref("/firm/sup/uses").Tell(s.Context(), use{})
	s.Settle()
}

// A sensor reports ten times a second, whoever listens, and the one who does needs a little longer than that when the
// disk is slow. The mended sensor asks, and so waits.

type report struct{ bastion.Returns[bool] }

func growing(s *Sim, mended bool) {
	takes := 90 * time.Millisecond
	if s.Chance(0.1) {
		takes = 150 * time.Millisecond
	}
	sink := handle(func(ctx *bastion.Context, msg any) error {
		if err := ctx.Sleep(takes); err != nil {
			return nil
		}
		_ = msg.(report).Reply(ctx, true)
		return nil
	})
	sensor := bastion.Loop(func(ctx *bastion.Context) error {
		for {
			if err := ctx.Sleep(100 * time.Millisecond); err != nil {
				return nil
			}
			if mended {
				if _, err := bastion.Ask(ctx, s.Ref("/plant/sup/disk"), report{}); err != nil {
					return nil
				}
			} else if err := s.Ref("/plant/sup/disk").Tell(ctx, report{}); err != nil {
				return nil
			}
		}
	})
	tree(s, "plant", bastion.ChildSpec{Name: "disk", Start: sink, Shutdown: bastion.UnlimitedShutdown}, bastion.ChildSpec{Name: "sensor", Start: sensor})
	s.Sleep(10 * time.Second)
	if n := s.Ref("/plant/sup/disk").Load(0).Mailbox; n > 10 {
		s.Errorf("%d wait in the mailbox of the disk after ten seconds", n)
	}
}
