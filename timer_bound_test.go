package bastion_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A timer's message meets a full mailbox: the policy decides, nothing waits, all is counted, and what recurs goes on.
func TestT4_FullMailbox(t *testing.T) {
	for _, full := range []bastion.Overflow{bastion.RefuseNew, bastion.DropNew, bastion.DropOldest, bastion.WaitForRoom} {
		t.Run(full.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := rigOf(t,
					bastion.ChildSpec{Name: "a", Start: actor()},
					bastion.ChildSpec{Name: "b", Start: actor(), Mailbox: bastion.Mailbox{Bound: 1, Full: full}},
				)
				free := make(chan struct{})
				r.tell("b", hang{free})
				synctest.Wait()
				r.tell("b", "fills it")
				var timer bastion.Timer
				r.tell("a", do(func(ctx *bastion.Context) (err error) {
					timer, err = ctx.SendEvery(time.Second, r.child("b"), "tick")
					return err
				}))
				<-time.After(2500 * time.Millisecond)
				want := uint64(2)
				if full == bastion.DropOldest {
					want = 1 // the filling; the first tick waits then
				}
				if n := r.sys.Inspector().Books().Reason(bastion.DiscardOverflow); n != want {
					t.Errorf("%d overflowed, want %d", n, want)
				}
				close(free)
				<-time.After(time.Second)
				stopped(t, timer, true)
			})
		})
	}
}
