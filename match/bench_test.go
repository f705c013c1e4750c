package match_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/match"
)

type (
	m1 struct{ n int }
	m2 struct{ n int }
	m3 struct{ n int }
	m4 struct{ n int }
	m5 struct{ n int }
	m6 struct{ n int }
	m7 struct{ n int }
	m8 struct{ n int }
)

// plain is what a Matcher stands in for.
type plain struct{ n int }

func (p *plain) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case m1:
		p.n += m.n
	case m2:
		p.n += m.n
	case m3:
		p.n += m.n
	case m4:
		p.n += m.n
	case m5:
		p.n += m.n
	case m6:
		p.n += m.n
	case m7:
		p.n += m.n
	case m8:
		p.n += m.n
	default:
		return ctx.Unhandled()
	}
	return nil
}

func matched(p *plain) *match.Matcher {
	return match.New(
		match.Tell(func(_ *bastion.Context, m m1) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m2) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m3) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m4) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m5) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m6) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m7) error { p.n += m.n; return nil }),
		match.Tell(func(_ *bastion.Context, m m8) error { p.n += m.n; return nil }),
	)
}

// BenchmarkDispatch finds what to do with a message that is in hand: by a type switch and by a Matcher of eight arms, for
// the first arm and for the last.
func BenchmarkDispatch(b *testing.B) {
	messages := map[string]any{"first": m1{1}, "last": m8{1}}
	for _, at := range []string{"first", "last"} {
		b.Run("switch/"+at, func(b *testing.B) { dispatch(b, new(plain), messages[at]) })
		b.Run("match/"+at, func(b *testing.B) { dispatch(b, matched(new(plain)), messages[at]) })
	}
}

// dispatch calls r within a process, as its own goroutine would.
func dispatch(b *testing.B, r bastion.Receiver, msg any) {
	within(b, func(ctx *bastion.Context) error {
		b.ReportAllocs()
		for b.Loop() {
			if err := r.Receive(ctx, msg); err != nil {
				return err
			}
		}
		return nil
	})
}

// within runs f in a handler that has a message in hand.
func within(tb testing.TB, f func(ctx *bastion.Context) error) {
	tb.Helper()
	sys, err := bastion.New(bastion.Config{Logger: slog.New(slog.DiscardHandler)}) // a benchmark runs for long, and is told so
	if err != nil {
		tb.Fatal(err)
	}
	defer sys.Stop(context.Background())
	done := make(chan error)
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "bench", Children: []bastion.ChildSpec{{
		Name: "c", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error { done <- f(ctx); return nil })
		}),
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	if err := sup.Child("c").Tell(context.Background(), "go"); err != nil {
		tb.Fatal(err)
	}
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
}

func TestAllocs(t *testing.T) {
	within(t, func(ctx *bastion.Context) error {
		m, first, last := matched(new(plain)), any(m1{1}), any(m8{1})
		n := testing.AllocsPerRun(1000, func() {
			if m.Receive(ctx, first) != nil || m.Receive(ctx, last) != nil || !m.Takes(ctx, last) {
				t.Error("not taken")
			}
		})
		if n > 0 {
			t.Errorf("%v objects for two messages", n)
		}
		return nil
	})
}
