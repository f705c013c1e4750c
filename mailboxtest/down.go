package mailboxtest

import (
	"context"
	"log/slog"
	"testing"

	"github.com/bastion-go/bastion"
)

// A vigil is a watcher with the mailbox under test, which monitors a subject. The subject sends more than there may be
// room for, and ends, while the watcher has its first message in hand.
type vigil struct {
	scene
	subject bastion.Ref

	monitors, messages int // the watcher's
	downs              chan int
	ready, end         chan struct{}
	sent               chan int
}

// down: the Down passes the bound, and comes behind everything of the subject that was accepted and not discarded.
func down(t *testing.T, m bastion.Mailbox, loop bool) {
	v := newVigil(t, m, loop)
	v.until("the monitor", func() bool {
		select {
		case <-v.ready:
			return true
		default:
		}
		if v.node().Mailbox == 0 { // the one before has expired, or is in hand
			v.mustTell(v.receiver, Message{Sender: -1})
		}
		return false
	})
	v.mustTell(v.subject, v.receiver)
	sent, got := 0, 0
	v.within("the subject", func() { sent = <-v.sent })
	v.until("its end", func() bool { return len(v.sup.Children()) == 1 })
	close(v.end)
	v.within("the Down", func() { got = <-v.downs })
	v.within("stop", func() {
		if err := v.sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	lost := 0
	for d := range v.letters.C() {
		if m, ok := d.Message.(Message); ok && m.Sender == 0 {
			lost++
		}
	}
	if got != sent-lost { // none, where a second attempt to hold the watcher takes the only place
		t.Errorf("the Down came behind %d messages; %d were accepted, %d of them discarded", got, sent, lost)
	}
	if b := v.sys.Inspector().Books(); !b.Balanced() {
		t.Error(b)
	}
}

func newVigil(t *testing.T, m bastion.Mailbox, loop bool) *vigil {
	t.Helper()
	v := &vigil{
		scene: scene{t: t, m: m}, downs: make(chan int, 1), sent: make(chan int, 1),
		ready: make(chan struct{}), end: make(chan struct{}),
	}
	watcher := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(v.watch) })
	if loop {
		watcher = bastion.Loop(func(ctx *bastion.Context) error { return receiveAll(ctx, v.watch) })
	}
	sys, err := bastion.New(bastion.Config{Name: "mailboxtest", Logger: slog.New(slog.DiscardHandler), Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	v.sys, v.letters = sys, sys.DeadLetters(1<<12)
	v.sup, err = sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
		{Name: "watcher", Start: watcher, Mailbox: m},
		{Name: "subject", Restart: bastion.Temporary, Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(v.talk)
		})},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	v.receiver, v.subject = v.sup.Child("watcher"), v.sup.Child("subject")
	return v
}

// watch is the watcher.
func (v *vigil) watch(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case bastion.Down:
		v.downs <- v.messages
	case Message:
		if m.Sender == 0 {
			v.messages++
			break
		}
		if v.monitors++; v.monitors > 1 {
			break
		}
		if _, err := ctx.Monitor(v.subject, bastion.ThisIncarnation); err != nil {
			v.t.Error(err)
		}
		close(v.ready)
		<-v.end
	}
	return nil
}

// talk is the subject.
func (v *vigil) talk(ctx *bastion.Context, to any) error {
	sent := 0
	for i := range 20 {
		patience, cancel := context.WithCancel(ctx)
		if v.m.Full == bastion.WaitForRoom {
			cancel() // nobody makes room before this has ended
		}
		if to.(bastion.Ref).Tell(patience, Message{0, i}) == nil {
			sent++
		}
		cancel()
	}
	v.sent <- sent
	return ctx.Exit(bastion.ErrNormal)
}

func (v *vigil) mustTell(to bastion.Ref, msg any) {
	if err := to.Tell(context.Background(), msg); err != nil {
		v.t.Error(err)
	}
}

// receiveAll is a loop that does with every message what a handler would.
func receiveAll(ctx *bastion.Context, do func(*bastion.Context, any) error) error {
	for {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		if err := do(ctx, msg); err != nil {
			return err
		}
	}
}
