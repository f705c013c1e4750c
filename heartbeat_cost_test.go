package bastion_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A tally clock counts the timers that have neither fired nor been stopped.
type tallyClock struct {
	executor.Clock
	open atomic.Int64
}

type tallyTimer struct {
	executor.Timer
	close func()
}

func (c *tallyClock) AfterFunc(d time.Duration, f func()) executor.Timer {
	c.open.Add(1)
	over := sync.OnceFunc(func() { c.open.Add(-1) })
	return tallyTimer{c.Clock.AfterFunc(d, func() { over(); f() }), over}
}

func (t tallyTimer) Stop() bool {
	stopped := t.Timer.Stop()
	if stopped {
		t.close()
	}
	return stopped
}

// One timer for all members of a group, and none once the system has stopped.
func TestL12_OneTimerForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := &tallyClock{Clock: executor.Real}
		spec := beating("g", "handler", nil)
		spec.Count = 1000
		r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{spec}}, func(c *bastion.Config) {
			c.Clock, c.Watchdog = clock, -1
		})
		pass(beatEvery)
		if n := clock.open.Load(); n > 2 { // the watch's, and the executor's own
			t.Errorf("%d timers", n)
		}
		if err := r.sys.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := clock.open.Load(); n != 0 {
			t.Errorf("%d timers after the stop", n)
		}
	})
}

func TestAllocBeat(t *testing.T) {
	for _, every := range []time.Duration{0, time.Hour} {
		got := make(chan float64, 1)
		r := rigOf(t, bastion.ChildSpec{Name: "c", Heartbeat: every, Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error {
				got <- testing.AllocsPerRun(1000, ctx.Beat)
				return nil
			})
		})})
		r.tell("c", 1)
		if n := rigRecv(t, "beats", got); n != 0 {
			t.Errorf("with %v a beat allocates %v", every, n)
		}
	}
}
