package bastiontest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/executor"
)

var errPlanned = errors.New("planned")

// note is told; it makes its receiver do something.
type note struct {
	bastiontest.Mark
	do func(ctx *bastion.Context) error
}

// query is asked. It is answered at once, or passed on.
type query struct {
	bastion.Returns[uint64]
	bastiontest.Mark
	do func(ctx *bastion.Context, q query) error
}

// serve does what messages say.
func serve(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case note:
		if m.do != nil {
			return m.do(ctx)
		}
	case query:
		if m.do != nil {
			return m.do(ctx, m)
		}
		m.Answered()
		_ = m.Reply(ctx, m.Number())
	}
	return nil
}

func served(h *bastiontest.History) bastion.Behavior {
	return h.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(serve) })
}

func looped(h *bastiontest.History) bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			h.Received(ctx, msg)
			if err := serve(ctx, msg); err != nil {
				return err
			}
		}
	})
}

// members are processes of both kinds that fail, forward, ask each other and hold questions.
func members(h *bastiontest.History) bastion.SupervisorSpec {
	return bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "a", Start: served(h), Shutdown: time.Second},
		{Name: "b", Start: looped(h), Shutdown: time.Second, Backoff: bastion.Constant{Delay: 10 * time.Millisecond}},
		{Name: "c", Start: served(h), Shutdown: time.Second, DropMailbox: true},
	}}
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// simulate runs a system inside a seeded run, with its history, and returns that and the books at the end.
func simulate(t *testing.T, seed uint64, main func(run *executor.Seeded, sup *bastion.Supervisor)) (*bastiontest.History, bastion.Books) {
	t.Helper()
	h, unused := new(bastiontest.History), new(bastiontest.History)
	run, err := executor.NewSeeded(executor.SeededConfig{Seed: seed, Trace: h.Step})
	if err != nil {
		t.Fatal(err)
	}
	var books bastion.Books
	err = run.Run(func() {
		sys, err := bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: quiet})
		if err != nil {
			t.Error(err)
			return
		}
		sup, err := sys.Supervise(members(unused))
		if err == nil {
			err = sys.Start(context.Background())
		}
		if err != nil {
			t.Error(err)
			return
		}
		main(run, sup)
		if err := sys.Stop(context.Background()); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		books = sys.Inspector().Books()
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return h, books
}

// drawn draws what a message is to do to one of the members.
func drawn(rng *rand.Rand, sup *bastion.Supervisor) func(ctx *bastion.Context) error {
	to := sup.Child(string(rune('a' + rng.IntN(3))))
	switch rng.IntN(9) {
	case 0:
		return func(*bastion.Context) error { return errPlanned }
	case 1:
		return func(*bastion.Context) error { panic("planned") }
	case 2:
		return func(ctx *bastion.Context) error { return ctx.Sleep(time.Millisecond) }
	case 3:
		return func(ctx *bastion.Context) error { _ = to.Tell(ctx, note{}); _ = to.Tell(ctx, note{}); return nil }
	case 4:
		moved := false
		return func(ctx *bastion.Context) error {
			if !moved {
				moved = true
				_ = ctx.Forward(to)
			}
			return nil
		}
	case 5:
		return func(ctx *bastion.Context) error {
			limited, cancel := ctx.System().Timeout(ctx, time.Microsecond)
			defer cancel()
			_, _ = bastion.Ask(limited, to, query{})
			_, _ = bastion.Ask(ctx, to, query{})
			return nil
		}
	case 6:
		return func(ctx *bastion.Context) error {
			_ = bastion.AskThen(ctx, to, query{}, func(*bastion.Context, uint64, error) error { return nil })
			return nil
		}
	case 7:
		return func(ctx *bastion.Context) error {
			_, _ = ctx.Monitor(to, bastion.EachIncarnation)
			return ctx.Go(func(ctx *bastion.Context) error { return to.Tell(ctx, note{}) })
		}
	}
	return nil
}

// answerLate holds the question and answers it after a while, from a goroutine.
func answerLate(ctx *bastion.Context, q query) error {
	if err := q.Hold(ctx); err != nil {
		return nil
	}
	return ctx.Go(func(ctx *bastion.Context) error {
		_ = ctx.Sleep(time.Millisecond)
		_ = q.Reply(ctx, 0)
		return nil
	})
}

// A simulation's history needs no help of the program, agrees with the books to the message, and finds nothing wrong.
func TestHistory_OfASimulation(t *testing.T) {
	seen := make(map[bastiontest.Op]int)
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		h, books := simulate(t, seed, func(run *executor.Seeded, sup *bastion.Supervisor) {
			left := 3
			for i := range left {
				run.Go(fmt.Sprint("client ", i), func() {
					defer func() { left-- }()
					for range 12 {
						to := sup.Child(string(rune('a' + rng.IntN(3))))
						_ = to.Tell(context.Background(), note{do: drawn(rng, sup)})
						ask := query{}
						if rng.IntN(3) == 0 {
							ask.do = answerLate
						}
						_, _ = bastion.Ask(context.Background(), to, ask)
					}
				})
			}
			run.Wait("the clients", nil, func() bool { return left == 0 })
			_ = sup.Child("c").Stop(context.Background())
			_ = sup.Child("c").Tell(context.Background(), note{})
		})
		h.Verify(t, bastiontest.Rules{Books: &books})
		for _, e := range h.Entries() {
			seen[e.Op]++
		}
	}
	for _, op := range []bastiontest.Op{bastiontest.OpSend, bastiontest.OpRefuse, bastiontest.OpReceive, bastiontest.OpDiscard,
		bastiontest.OpAnswer, bastiontest.OpResolve, bastiontest.OpStart, bastiontest.OpEnd} {
		if seen[op] == 0 {
			t.Errorf("no %s in 200 histories: %v", op, seen)
		}
	}
}

// The same in real concurrency, where the messages carry marks.
func TestHistory_OfARealRun(t *testing.T) {
	h := new(bastiontest.History)
	sys, err := bastion.New(bastion.Config{Name: "sys", Logger: quiet, Watchdog: -1})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := sys.Supervise(members(h))
	if err != nil {
		t.Fatal(err)
	}
	letters := sys.DeadLetters(1 << 16)
	if err := sys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			ctx := bastiontest.As(context.Background(), fmt.Sprint("client ", i))
			rng := rand.New(rand.NewPCG(uint64(i), 2))
			for range 200 {
				to := sup.Child(string(rune('a' + rng.IntN(3))))
				for range 3 {
					_ = h.Tell(ctx, to, func(m bastiontest.Mark) any { return note{Mark: m} })
				}
				if rng.IntN(20) == 0 {
					_ = h.Tell(ctx, to, func(m bastiontest.Mark) any {
						return note{Mark: m, do: func(*bastion.Context) error { return errPlanned }}
					})
				}
				_, _ = bastiontest.Asked[uint64](ctx, h, to, func(m bastiontest.Mark) query { return query{Mark: m} })
			}
		})
	}
	clients.Wait()
	if err := sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.Letters(t.Context(), letters)
	h.Verify(t, bastiontest.Rules{})
	if n := len(h.Entries()); n < 4*200*6 {
		t.Errorf("only %d entries", n)
	}
}
