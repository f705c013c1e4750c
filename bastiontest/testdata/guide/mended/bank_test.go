package bank

import (
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// balance asks an account what it holds.
type balance struct{ bastion.Returns[int] }

// account is a process that keeps some money.
func account() bastion.Receiver {
	money := 100
	return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case balance:
			return m.Reply(ctx, money)
		case pay:
			money += m.amount
			return nil
		}
		return ctx.Unhandled()
	})
}

// pay puts money into an account, or takes it out.
type pay struct {
	account bastion.Ref
	amount  int
}

// teller does what it is told.
func teller() bastion.Receiver {
	return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		return msg.(pay).account.Tell(ctx, msg)
	})
}

// bank is an account and two tellers.
func bank() bastion.SupervisorSpec {
	return bastion.SupervisorSpec{Name: "bank", Children: []bastion.ChildSpec{
		{Name: "account", Start: bastion.Handle(account)},
		{Name: "teller", Count: 2, Start: bastion.Handle(teller)},
	}}
}

func TestBank(t *testing.T) {
	bastiontest.Run(t, func(s *bastiontest.Sim) {
		s.System(bastion.Config{}, bank())
		account := s.Ref("/bastion/bank/account")
		_ = s.Ref("/bastion/bank/teller/0").Tell(s.Context(), pay{account, 10})
		_ = s.Ref("/bastion/bank/teller/1").Tell(s.Context(), pay{account, -30})
		s.Settle()
		if money, err := bastion.Ask(s.Context(), account, balance{}); money != 80 || err != nil {
			s.Errorf("the account has %d, want 80 (%v)", money, err)
		}
	})
}
