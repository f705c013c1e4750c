package bastiontest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// Senders inside and outside wait for room in two small mailboxes whose owners fail, are restarted and send to each other. The
// bound holds at every look, each sender's messages keep their order, and everybody is told the truth in the end.
func TestSim_O1_WaitForRoom(t *testing.T) {
	prove(t, func(w *world) {
		const bound = 2
		a, b := w.child("a", false), w.child("b", true)
		for _, c := range []*bastion.ChildSpec{&a, &b} {
			c.Mailbox = bastion.Mailbox{Bound: bound, Full: bastion.WaitForRoom}
			c.Backoff = bastion.Constant{Delay: time.Second}
			c.DropMailbox = w.Chance(0.2)
		}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{a, b}})
		left := 4
		for i := range left {
			name := []string{"c0", "c1", "c2", "c3"}[i]
			w.Go(name, func() {
				defer func() { left-- }()
				for range 6 {
					to := w.sup.Child([]string{"a", "b"}[w.Choose(2)])
					other := w.sup.Child([]string{"a", "b"}[w.Choose(2)])
					fails := w.Chance(0.15)
					ctx, cancel := context.Background(), func() {}
					if w.Chance(0.2) {
						ctx, cancel = w.Timeout(ctx, time.Duration(w.Choose(3000))*time.Millisecond)
					}
					err := to.Tell(ctx, (func(ctx *bastion.Context) error {
						err := other.Tell(ctx, (func(*bastion.Context) error { return nil }))
						if err != nil && !errors.Is(err, bastion.ErrDeadlock) {
							w.Errorf("from %v to %v: %v", ctx.Self(), other, err)
						}
						if fails {
							return errPlanned
						}
						return nil
					}))
					cancel()
					if err != nil && !errors.Is(err, context.DeadlineExceeded) {
						w.Errorf("from outside to %v: %v", to, err)
					}
					for _, c := range []string{"a", "b"} {
						if n, err := w.sys.Inspector().Node("/sys/sup/" + c); err != nil || n.Mailbox > bound {
							w.Errorf("%d wait in %s where the bound is %d (%v)", n.Mailbox, c, bound, err)
						}
					}
				}
			})
		}
		w.Until("all", func() bool {
			b := w.sys.Inspector().Books()
			return left == 0 && b.Mailboxes+b.InHand == 0
		})
	})
}
