// Supervised is a small tree that is made to crash, heals, and in the end gives up as it was told to.
//
//	go run ./examples/supervised
//
// A ledger keeps its entries outside the process, in a store, because no state survives a restart; two clerks stand
// behind it. The strategy is rest-for-one: the clerks work with the ledger, so they are restarted when it is, and it is
// not when they are. Chaos comes by message: whatever gets one, panics. More than three restarts in a minute are too
// many, and the system ends with the reason.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// Chaos makes a process panic. Life is asked which incarnation it is in; Entries, how many entries the ledger has.
type (
	Chaos   struct{ Why string }
	Entry   struct{ Cents int }
	Life    struct{ bastion.Returns[uint64] }
	Entries struct{ bastion.Returns[int] }
)

// A store stands for a disk: it outlives every incarnation. One incarnation at a time has it, so it needs no lock.
type store struct{ entries []Entry }

// A clerk does what every process here does; the ledger is a clerk that also keeps entries.
func clerk(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Chaos:
		panic(m.Why)
	case Life:
		return m.Reply(ctx, ctx.Incarnation())
	}
	return ctx.Unhandled()
}

func (s *store) ledger(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Entry:
		s.entries = append(s.entries, m)
		return nil
	case Entries:
		return m.Reply(ctx, len(s.entries))
	}
	return clerk(ctx, msg)
}

func handle(f bastion.ReceiverFunc) bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return f })
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	books := new(store)
	sys, err := bastion.New(bastion.Config{
		Name:      "bank",
		Intensity: bastion.NoRestarts,            // an office that gave up is the end of the bank
		Logger:    slog.New(slog.DiscardHandler), // these crashes are no news
	})
	if err != nil {
		return err
	}
	office, err := sys.Supervise(bastion.SupervisorSpec{
		Name:      "office",
		Strategy:  bastion.RestForOne,
		Intensity: bastion.Intensity{Max: 3, Within: time.Minute},
		Children: []bastion.ChildSpec{
			{Name: "ledger", Start: handle(books.ledger)},
			{Name: "ann", Start: handle(clerk)},
			{Name: "bob", Start: handle(clerk), Backoff: bastion.Constant{Delay: 10 * time.Millisecond}},
		},
	})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}

	tell := func(name string, msg any) { err = errors.Join(err, office.Child(name).Tell(ctx, msg)) }
	tell("ledger", Entry{100})
	tell("ledger", Chaos{"ink spilled"})
	tell("ledger", Entry{200})
	n, failed := bastion.Ask(ctx, office.Child("ledger"), Entries{})
	fmt.Println("entries after a crash between two of them:", n, failed)
	fmt.Println("lives:", lives(ctx, office))

	tell("ann", Chaos{"coffee"})
	fmt.Println("lives:", lives(ctx, office))
	tell("bob", Chaos{"tea"})
	tell("bob", Chaos{"more tea"}) // which makes four
	fmt.Println("the system gave up:", errors.Is(sys.Wait(), bastion.ErrIntensity))
	return err
}

// lives asks everyone in the office. An ask waits while its receiver is being restarted.
func lives(ctx context.Context, office *bastion.Supervisor) string {
	var all []string
	for _, name := range []string{"ledger", "ann", "bob"} {
		life, err := bastion.Ask(ctx, office.Child(name), Life{})
		if err != nil {
			return err.Error()
		}
		all = append(all, fmt.Sprint(name, " ", life))
	}
	return strings.Join(all, ", ")
}
