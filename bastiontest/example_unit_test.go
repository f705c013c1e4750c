package bastiontest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// TB stands for the *testing.T that a test has.
type TB struct{ testing.TB }

// Helper does nothing.
func (TB) Helper() {}

// Name is that of the test.
func (TB) Name() string { return "TestTill" }

// One handler is fed messages, and tells what it did with them.
func ExampleRunUnit() {
	t := TB{} // in a test: its *testing.T
	bastiontest.RunUnit(t, func(u *bastiontest.Unit) {
		printer := u.Probe("printer")
		_ = u.Start(bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				switch m := msg.(type) {
				case string:
					return printer.Ref().Tell(ctx, "receipt for "+m)
				case Price:
					if err := ctx.Sleep(time.Minute); err != nil {
						return err
					}
					return m.Reply(ctx, 3)
				}
				return fmt.Errorf("a %T?", msg)
			})
		}))
		u.Actions()
		fmt.Println(u.Tell("two apples"), u.Actions()[0].Message)
		price, err := bastiontest.AskUnit[int](u, Price{})
		fmt.Println(price, err, u.Elapsed())
		fmt.Println(u.Tell(1.5))
		for _, a := range u.Actions() {
			fmt.Println("-", a)
		}
		fmt.Println(u.Advance(time.Hour), u.Stop(), u.Ref())
	})
	// Output:
	// <nil> receipt for two apples
	// 3 <nil> 1m0s
	// a float64?
	// - replied int
	// - failed /unit/sup/unit: a float64?
	// - started /unit/sup/unit
	// <nil> <nil> /unit/sup/unit#3
}
