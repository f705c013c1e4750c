package bastiontest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// A clerk is a handler with everything that a Unit can see.
type clerk struct {
	stock, log bastion.Ref
	startWith  error
}

type (
	buy    struct{ n int }
	remind struct{ after time.Duration }
	stocks struct{ bastion.Returns[int] }
	total  struct{ bastion.Returns[int] }
	hire   struct{ name string }
)

func (c *clerk) Start(ctx *bastion.Context) error {
	_ = c.log.Tell(ctx, "open")
	return c.startWith
}

func (c *clerk) Stop(ctx *bastion.Context, reason error) error {
	_ = c.log.Tell(ctx, "closed: "+reason.Error())
	return nil
}

func (c *clerk) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case buy:
		if m.n < 0 {
			return errPlanned
		}
		if m.n == 0 {
			panic("nothing")
		}
		have, err := bastion.Ask(ctx, c.stock, stocks{})
		if err != nil {
			return err
		}
		return c.log.Tell(ctx, fmt.Sprintf("sold %d of %d", m.n, have))
	case remind:
		if err := ctx.Sleep(m.after); err != nil {
			return nil
		}
		return c.log.Tell(ctx, "reminded")
	case total:
		return m.Reply(ctx, 42)
	case hire:
		_, err := ctx.Supervisor().Add(ctx, bastion.ChildSpec{Name: m.name, Restart: bastion.Temporary,
			Start: bastion.Loop(func(*bastion.Context) error { return nil })})
		return err
	}
	return ctx.Unhandled()
}

// unit is a Unit with a clerk in it; stock answers 7.
func unit(t *testing.T, main func(u *bastiontest.Unit, log *bastiontest.Probe)) {
	t.Helper()
	bastiontest.RunUnit(t, func(u *bastiontest.Unit) {
		log, stock := u.Probe("log"), u.System(bastion.Config{Name: "other"}, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
			{Name: "stock", Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error { return msg.(stocks).Reply(ctx, 7) })
			})}}}).Root().Supervisor("sup").Child("stock")
		if err := u.Start(bastion.Handle(func() bastion.Receiver { return &clerk{stock: stock, log: log.Ref()} })); err != nil {
			u.Fatal(err)
		}
		did(u, "sent string to /probes/log/probe", "started /unit/sup/unit")
		main(u, log)
	})
}

// did holds what the unit has done since the last look.
func did(u *bastiontest.Unit, want ...string) {
	u.Helper()
	var got []string
	for _, a := range u.Actions() {
		got = append(got, a.String())
	}
	if !slices.Equal(got, want) {
		u.Errorf("it did\n\t%s\nand not\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestUnit_WhatItSendsAndAsks(t *testing.T) {
	unit(t, func(u *bastiontest.Unit, _ *bastiontest.Probe) {
		if err := u.Tell(buy{3}); err != nil {
			u.Error(err)
		}
		all := u.Actions()
		if len(all) != 2 || all[0].Kind != bastiontest.ActionAsked || all[1].Message != "sold 3 of 7" {
			u.Errorf("%v", all)
		}
		if n, err := bastiontest.AskUnit[int](u, total{}); n != 42 || err != nil {
			u.Errorf("%d, %v", n, err)
		}
		if all := u.Actions(); len(all) != 1 || all[0].Kind != bastiontest.ActionReplied || all[0].Message != 42 {
			u.Errorf("%v", all)
		}
		if err := u.Tell("who knows"); err != nil {
			u.Error(err)
		}
		did(u)
		if _, err := bastiontest.AskUnit[int](u, stocks{}); !errors.Is(err, bastion.ErrUnhandled) {
			u.Errorf("%v", err)
		}
		did(u, "declined: "+bastion.ErrUnhandled.Error())
	})
}

func TestUnit_FailuresAndPanics(t *testing.T) {
	unit(t, func(u *bastiontest.Unit, _ *bastiontest.Probe) {
		if err := u.Tell(buy{-1}); !errors.Is(err, errPlanned) {
			u.Errorf("%v", err)
		}
		did(u, "sent string to /probes/log/probe", "failed /unit/sup/unit: planned", "sent string to /probes/log/probe", "started /unit/sup/unit")
		var panicked *bastion.PanicError
		if err := u.Tell(buy{0}); !errors.As(err, &panicked) || panicked.Value != "nothing" {
			u.Errorf("%v", err)
		}
		if err := u.Tell(buy{1}); err != nil {
			u.Errorf("the next one: %v", err)
		}
	})
	bastiontest.RunUnit(t, func(u *bastiontest.Unit) {
		log := u.Probe("log")
		err := u.Start(bastion.Handle(func() bastion.Receiver { return &clerk{log: log.Ref(), startWith: errPlanned} }))
		if !errors.Is(err, errPlanned) {
			u.Errorf("%v", err)
		}
	})
}

func TestUnit_TimeStopAndChildren(t *testing.T) {
	unit(t, func(u *bastiontest.Unit, _ *bastiontest.Probe) {
		if err := u.Tell(remind{time.Hour}); err != nil {
			u.Error(err)
		}
		did(u)
		if err := u.Advance(time.Hour); err != nil {
			u.Error(err)
		}
		did(u, "sent string to /probes/log/probe")
		if err := u.Tell(hire{"helper"}); err != nil {
			u.Error(err)
		}
		did(u, "started /unit/sup/helper", "stopped /unit/sup/helper")
		if err := u.Stop(); err != nil {
			u.Error(err)
		}
		did(u, "sent string to /probes/log/probe", "stopped /unit/sup/unit")
		if err := u.Tell(buy{1}); !errors.Is(err, bastion.ErrStopped) {
			u.Errorf("%v", err)
		}
	})
}

// A question to a probe waits for the test's answer.
func TestUnit_ScriptedAnswers(t *testing.T) {
	bastiontest.RunUnit(t, func(u *bastiontest.Unit) {
		log, stock := u.Probe("log"), u.Probe("stock")
		if err := u.Start(bastion.Handle(func() bastion.Receiver { return &clerk{stock: stock.Ref(), log: log.Ref()} })); err != nil {
			u.Fatal(err)
		}
		u.Actions()
		if err := u.Tell(buy{2}); err != nil {
			u.Error(err)
		}
		did(u, "asked bastiontest_test.stocks to /probes/stock/probe")
		q := bastiontest.ExpectType[stocks](stock, 0)
		if err := q.Reply(context.Background(), 9); err != nil {
			u.Error(err)
		}
		if all := u.Actions(); len(all) != 1 || all[0].Message != "sold 2 of 9" || all[0].To != log.Ref() {
			u.Errorf("%v", all)
		}
	})
}

// What a test finds wrong fails it.
func TestUnit_Fails(t *testing.T) {
	var said []string
	bastiontest.RunUnit(&witness{TB: t, said: &said}, func(u *bastiontest.Unit) { u.Errorf("wrong") })
	if len(said) != 1 || !strings.Contains(said[0], "wrong") {
		t.Errorf("%q", said)
	}
}

// witness keeps what a test is told.
type witness struct {
	testing.TB
	said *[]string
}

func (w *witness) Helper() {}
func (w *witness) Errorf(format string, args ...any) {
	*w.said = append(*w.said, fmt.Sprintf(format, args...))
}
