package distributor_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
)

var (
	outside = context.Background()
	errBoom = errors.New("boom")
)

// who is a question: which process are you?
type who struct{ bastion.Returns[bastion.Ref] }

// job is a message that is noted by who handles it.
type job int

// fail fails its handler.
type fail struct{}

// hold keeps its handler busy until it is closed.
type hold chan struct{}

// A notebook is what has been handled, by whom.
type notebook struct {
	mu      sync.Mutex
	handled map[job][]bastion.Ref
}

func (n *notebook) note(j job, by bastion.Ref) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.handled == nil {
		n.handled = make(map[job][]bastion.Ref)
	}
	n.handled[j] = append(n.handled[j], by)
}

func (n *notebook) by(j job) []bastion.Ref {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.handled[j]
}

func (n *notebook) len() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.handled)
}

// worker handles what is above.
func (n *notebook) worker() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			switch m := msg.(type) {
			case job:
				n.note(m, ctx.Self())
			case who:
				return m.Reply(ctx, ctx.Self())
			case fail:
				return errBoom
			case hold:
				return ctx.Await(m)
			}
			return nil
		})
	})
}

// workers is a group of them.
func (n *notebook) workers(count int) bastion.ChildSpec {
	return bastion.ChildSpec{Name: "workers", Group: true, Count: count, Start: n.worker(), Intensity: bastion.Unlimited}
}

// up starts a system with these children, and stops it at the end of the test, when its books must balance.
func up(t testing.TB, children ...bastion.ChildSpec) (*bastion.System, *bastion.Supervisor) {
	t.Helper()
	sys, err := bastion.New(bastion.Config{Name: "sys", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sup := supervise(t, sys, children...)
	t.Cleanup(func() { down(t, sys) })
	return sys, sup
}

func supervise(t testing.TB, sys *bastion.System, children ...bastion.ChildSpec) *bastion.Supervisor {
	t.Helper()
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: children})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(outside); err != nil {
		t.Fatal(err)
	}
	return sup
}

func down(t testing.TB, sys *bastion.System) {
	t.Helper()
	if err := sys.Stop(outside); err != nil {
		t.Error(err)
	}
	if b := sys.Inspector().Books(); !b.Balanced() || b.InHand+b.Mailboxes > 0 {
		t.Errorf("books at rest: %v", b)
	}
}

// seeded is up in a seeded run, around main.
func seeded(t testing.TB, seed uint64, main func(run *executor.Seeded, sys *bastion.System, sup *bastion.Supervisor), children ...bastion.ChildSpec) {
	t.Helper()
	run, err := executor.NewSeeded(executor.SeededConfig{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	err = run.Run(func() {
		sys, err := bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		main(run, sys, supervise(t, sys, children...))
		down(t, sys)
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// over is a distributor over the group.
func over(sys *bastion.System, sup *bastion.Supervisor, s distributor.Strategy) *distributor.Distributor {
	return must(distributor.New(sys, distributor.Spec{Name: "work", Strategy: s, Groups: []*bastion.Group{sup.Group("workers")}}))
}

// flush waits until each member has handled what it was sent.
func flush(t testing.TB, d *distributor.Distributor) {
	t.Helper()
	answers, err := distributor.AskEveryone[bastion.Ref](outside, d, who{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		if a.Err != nil || a.Value != a.From {
			t.Fatalf("%+v", a)
		}
	}
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
