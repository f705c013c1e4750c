package bastiontest_test

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
	"github.com/bastion-go/bastion/executor"
)

// A seeded run keeps a history by itself: the trace is enough.
func ExampleHistory_Step() {
	var h bastiontest.History
	run, err := executor.NewSeeded(executor.SeededConfig{Trace: h.Step})
	if err != nil {
		return
	}
	err = run.Run(func() {
		sys, _ := bastion.New(bastion.Config{Name: "shop", Seeded: run})
		sup, _ := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
			{Name: "till", Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(*bastion.Context, any) error { return nil })
			})},
		}})
		_ = sys.Start(context.Background())
		_ = sup.Child("till").Tell(context.Background(), "two apples")
		_ = sup.Child("till").Drain(context.Background())
		_ = sys.Stop(context.Background())
	})
	for _, e := range h.Entries() {
		if e.Message != 0 {
			fmt.Println(e.Op, e.Message, e.To)
		}
	}
	fmt.Println(len(h.Check(bastiontest.Rules{})), "violations,", err)
	// Output:
	// send 1 /shop/sup/till
	// receive 1 /shop/sup/till
	// 0 violations, <nil>
}

// Order is a message that a history can follow in real concurrency.
type Order struct {
	bastiontest.Mark
	What string
}

// Price is such a question.
type Price struct {
	bastion.Returns[int]
	bastiontest.Mark
}

// In real concurrency messages carry a Mark, and the history is told what happens to them.
func ExampleHistory() {
	var h bastiontest.History
	sys, _ := bastion.New(bastion.Config{Name: "shop"})
	sup, _ := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
		{Name: "till", Start: h.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				if q, ok := msg.(Price); ok {
					return q.Reply(ctx, 3)
				}
				return nil
			})
		})},
	}})
	letters := sys.DeadLetters(0)
	_ = sys.Start(context.Background())
	ctx := bastiontest.As(context.Background(), "customer")
	_ = h.Tell(ctx, sup.Child("till"), func(m bastiontest.Mark) any { return Order{m, "two apples"} })
	price, err := bastiontest.Asked[int](ctx, &h, sup.Child("till"), func(m bastiontest.Mark) Price { return Price{Mark: m} })
	fmt.Println(price, err)
	_ = sys.Stop(context.Background())
	h.Letters(ctx, letters)
	fmt.Println(h.Check(bastiontest.Rules{}))
	// Output:
	// 3 <nil>
	// []
}

// A history that breaks a promise: it says which, and shows it.
func ExampleCheckEntries() {
	for _, v := range bastiontest.CheckEntries([]bastiontest.Entry{
		{N: 1, Op: bastiontest.OpSend, Message: 1, From: "/shop/sup/customer", To: "/shop/sup/till", Type: "shop.Order"},
		{N: 2, Op: bastiontest.OpReceive, Message: 1, From: "/shop/sup/customer", To: "/shop/sup/till", Incarnation: 1, Type: "shop.Order"},
		{N: 3, Op: bastiontest.OpReceive, Message: 1, From: "/shop/sup/customer", To: "/shop/sup/till", Incarnation: 2, Type: "shop.Order"},
	}, bastiontest.Rules{}) {
		fmt.Println(v)
	}
	// Output:
	// D1: message #1 was received 2 times
	//	     1 0s       send     #1 shop.Order /shop/sup/customer -> /shop/sup/till
	//	     2 0s       receive  #1 shop.Order /shop/sup/customer -> /shop/sup/till@1
	//	     3 0s       receive  #1 shop.Order /shop/sup/customer -> /shop/sup/till@2
}
