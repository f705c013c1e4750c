package match_test

import (
	"context"
	"fmt"
	"log"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/match"
)

type (
	Deposit struct{ Cents int }
	Balance struct{ bastion.Returns[int] }
	Audit   struct{}
)

// An account has a method for each message.
type account struct{ cents int }

func (a *account) deposit(_ *bastion.Context, m Deposit) error {
	a.cents += m.Cents
	return nil
}

func (a *account) balance(*bastion.Context, Balance) (int, error) { return a.cents, nil }

func (a *account) audit(ctx *bastion.Context, _ Audit) error {
	fmt.Println(ctx.Self().Name(), "has", a.cents, "cents")
	return nil
}

// newAccount is the factory: each incarnation has a state and a Matcher of its own.
func newAccount() bastion.Receiver {
	a := new(account)
	return match.New(
		match.Tell(a.deposit),
		match.Answer(a.balance), // does not compile if balance returns anything but an int
		match.Broadcast(a.audit),
		match.Fallback(func(ctx *bastion.Context, msg any) error {
			fmt.Printf("no idea what to do with a %T that was %v\n", msg, ctx.Delivery())
			return ctx.Unhandled()
		}),
	)
}

func Example() {
	ctx := context.Background()
	sys, err := bastion.New(bastion.Config{Name: "bank"})
	if err != nil {
		log.Fatal(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name:     "accounts",
		Children: []bastion.ChildSpec{{Name: "ada", Start: bastion.Handle(newAccount)}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := sys.Start(ctx); err != nil {
		log.Fatal(err)
	}
	ada := sup.Child("ada")
	_ = ada.Tell(ctx, Deposit{100})
	_ = ada.Tell(ctx, Audit{}) // only told, and there is no arm for that
	_, _ = sup.Broadcast(ctx, Audit{})
	fmt.Println(bastion.Ask(ctx, ada, Balance{}))
	_ = sys.Stop(ctx)
	// Output:
	// no idea what to do with a match_test.Audit that was told
	// ada has 100 cents
	// 100 <nil>
}
