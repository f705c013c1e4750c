package bastion_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A sleepyClock is that of a machine that can stand still: what would have fired meanwhile fires when it wakes, once.
type sleepyClock struct {
	executor.Clock
	mu    sync.Mutex
	still bool
	late  []func()
}

func (c *sleepyClock) AfterFunc(d time.Duration, f func()) executor.Timer {
	return c.Clock.AfterFunc(d, func() {
		c.mu.Lock()
		still := c.still
		if still {
			c.late = append(c.late, f)
		}
		c.mu.Unlock()
		if !still {
			f()
		}
	})
}

func (c *sleepyClock) standStill(d time.Duration) {
	c.mu.Lock()
	c.still = true
	c.mu.Unlock()
	pass(d)
	c.mu.Lock()
	late := c.late
	c.still, c.late = false, nil
	c.mu.Unlock()
	for _, f := range late {
		f()
	}
}

// An hour in which the machine stood still is not an hour of silence.
func TestL12_AMachineThatStoodStillIsNoHang(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		clock := &sleepyClock{Clock: executor.Real}
		gate := make(chan struct{})
		r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{beating("c", kind, react)}}, func(c *bastion.Config) {
			c.Clock, c.Watchdog = clock, -1
		})
		r.tell("c", hang{until: gate})
		for range 3 {
			pass(beatEvery / 8)
			clock.standStill(time.Hour)
		}
		synctest.Wait()
		close(gate)
		if inc := r.sync(r.child("c")); inc != 1 {
			t.Errorf("incarnation %d", inc)
		}
		again := make(chan struct{})
		defer close(again)
		r.left = true
		r.tell("c", hang{until: again})
		pass(beatLate)
		r.await(bastion.EventSilent, "/sys/sup/c") // it still is looked after
	})
}
