package bastion_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion"
)

// An Order has a customer and an amount.
type Order struct {
	Customer string
	Amount   int
}

// held is a handler that has its first message in hand until open is closed, and prints the orders it gets.
func held(in, open chan struct{}) bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(_ *bastion.Context, msg any) error {
			if msg == "wait" {
				close(in)
				<-open
				return nil
			}
			fmt.Println("handled:", msg)
			return nil
		})
	})
}

// shop starts a desk with that mailbox, whose owner is busy until open is called.
func shop(m bastion.Mailbox) (desk bastion.Ref, open func()) {
	sys, _ := bastion.New(bastion.Config{})
	in, opened := make(chan struct{}), make(chan struct{})
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "shop", Children: []bastion.ChildSpec{
		{Name: "desk", Start: held(in, opened), Mailbox: m},
	}})
	if err != nil {
		panic(err)
	}
	_ = sys.Start(context.Background())
	desk = sup.Child("desk")
	_ = desk.Tell(context.Background(), "wait")
	<-in
	return desk, func() {
		close(opened)
		_ = desk.Drain(context.Background())
		_ = sys.Stop(context.Background())
	}
}

// A bounded mailbox refuses what it has no room for, so that the sender knows at once.
func ExampleMailbox() {
	desk, open := shop(bastion.Mailbox{Bound: 2})
	for amount := range 3 {
		err := desk.Tell(context.Background(), Order{"ada", amount})
		fmt.Println(err, errors.Is(err, bastion.ErrFull))
	}
	open()
	// Output:
	// <nil> false
	// <nil> false
	// bastion: mailbox is full true
	// handled: {ada 0}
	// handled: {ada 1}
}

// With WaitForRoom a producer is as fast as its consumer; its context says how long it waits.
func ExampleMailbox_waitForRoom() {
	desk, open := shop(bastion.Mailbox{Bound: 1, Full: bastion.WaitForRoom})
	fmt.Println(desk.Tell(context.Background(), Order{"ada", 1}))
	impatient, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(desk.Tell(impatient, Order{"ada", 2}))
	open()
	// Output:
	// <nil>
	// context canceled
	// handled: {ada 1}
}

// What is worth most goes first, and what is no longer of interest is not kept: only the latest order of each customer.
func ExampleMailbox_priority() {
	desk, open := shop(bastion.Mailbox{
		Priority: func(msg any) int {
			if o, ok := msg.(Order); ok && o.Amount >= 100 {
				return 1
			}
			return 0
		},
		Key: func(msg any) any {
			if o, ok := msg.(Order); ok {
				return o.Customer
			}
			return nil
		},
	})
	for _, o := range []Order{{"ada", 5}, {"bob", 7}, {"cleo", 500}, {"ada", 6}} {
		_ = desk.Tell(context.Background(), o)
	}
	open()
	// Output:
	// handled: {cleo 500}
	// handled: {ada 6}
	// handled: {bob 7}
}

// A newestFirst is an order of the program's own. The mailbox calls it one call at a time, so it needs no lock.
type newestFirst struct{ letters []bastion.Letter }

func (q *newestFirst) Push(l bastion.Letter) { q.letters = append(q.letters, l) }

func (q *newestFirst) Pop() (bastion.Letter, bool) {
	last := len(q.letters) - 1
	if last < 0 {
		return bastion.Letter{}, false
	}
	l := q.letters[last]
	q.letters = q.letters[:last]
	return l, true
}

// A Queue decides on the order alone; the bound is still the mailbox's. mailboxtest.RunQueue tests it.
func ExampleQueue() {
	desk, open := shop(bastion.Mailbox{Bound: 2, Queue: func() bastion.Queue { return new(newestFirst) }})
	for amount := range 3 {
		_ = desk.Tell(context.Background(), Order{"ada", amount})
	}
	open()
	// Output:
	// handled: {ada 1}
	// handled: {ada 0}
}
