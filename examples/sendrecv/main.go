// Sendrecv sends, receives, asks and answers in one process, which then panics and is restarted.
//
//	go run ./examples/sendrecv
//
// Worth a look: a process that waited for its own answer would wait for ever, so Ask refuses that. AskThen does not wait:
// the question travels through the mailbox like any other message, and the answer comes back between two messages. What
// was sent before the panic is handled after the restart, because the mailbox outlives the crash; the count does not.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"

	"github.com/bastion-go/bastion"
)

// Ping and Begin are asked; Panic is told.
type (
	Ping  struct{ bastion.Returns[string] }
	Begin struct{ bastion.Returns[string] }
	Panic struct{}
)

type player struct{ pings int }

func (p *player) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Begin:
		_, err := bastion.Ask(ctx, ctx.Self(), Ping{})
		fmt.Println("asking myself and waiting:", errors.Is(err, bastion.ErrDeadlock))
		if err := m.Hold(ctx); err != nil { // until the answer is there
			return err
		}
		return bastion.AskThen(ctx, ctx.Self(), Ping{}, func(ctx *bastion.Context, answer string, _ error) error {
			return m.Reply(ctx, "asked myself: "+answer)
		})
	case Ping:
		p.pings++
		return m.Reply(ctx, fmt.Sprintf("pong %d of life %d", p.pings, ctx.Incarnation()))
	case Panic:
		panic("as you wish")
	}
	return ctx.Unhandled()
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	sys, err := bastion.New(bastion.Config{Name: "game", Logger: slog.New(slog.DiscardHandler)}) // a crash is no news here
	if err != nil {
		return err
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "table", Children: []bastion.ChildSpec{
		{Name: "player", Start: bastion.Handle(func() bastion.Receiver { return new(player) })},
	}})
	if err != nil {
		return err
	}
	if err := sys.Start(ctx); err != nil {
		return err
	}
	defer sys.Stop(ctx)

	player := sup.Child("player")
	fmt.Println(bastion.Ask(ctx, player, Begin{}))
	fmt.Println(bastion.Ask(ctx, player, Ping{}))
	if err := player.Tell(ctx, Panic{}); err != nil {
		return err
	}
	fmt.Println(bastion.Ask(ctx, player, Ping{})) // waits while its receiver is restarted
	return nil
}
