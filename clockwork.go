package bastion

import (
	"cmp"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/wheel"
)

// A clockwork keeps timers and sends their messages. A system has some, so that
// processes that set timers at the same time seldom meet; all timers of one owner
// are in the same, which sends them in the order of their time.
//
// It has one timer of the system's clock, set for the first of its own, and a task
// of the executor, which does the sending: package time would begin a goroutine
// for each, of a million due at the same instant a million.
type clockwork struct {
	sys  *System
	base time.Time        // its zero
	wall func() time.Time // the clock on the wall, without a monotonic reading
	task executor.Task

	mu      sync.Mutex
	wheel   wheel.Wheel[*timer]
	alarm   executor.Timer // of the system's clock; nil: never set
	alarmAt int64          // when it rings; never: it is not set
	active  bool           // the task is submitted, or runs
	closed  bool

	batch [clockBatch]*timer // the task's
}

const (
	never = math.MaxInt64
	// clockBatch is how many are taken out at a time.
	clockBatch = 64
	// maxClockworks is how many clockworks a system has at most.
	maxClockworks = 16
)

// newClockworks makes a power of two of them, about one for each worker.
func newClockworks(s *System, cfg Config) []*clockwork {
	workers := cmp.Or(cfg.Workers, runtime.GOMAXPROCS(0))
	n := 1
	for n < workers && n < maxClockworks && s.seeded == nil {
		n *= 2
	}
	all := make([]*clockwork, n)
	for i := range all {
		c := &clockwork{sys: s, base: s.clock.Now(), alarmAt: never}
		c.wall = func() time.Time { return s.clock.Now().Round(0) }
		c.wheel.Dead = (*timer).off
		c.task.Init(c)
		all[i] = c
	}
	return all
}

// clockworkOf is the one for a process's timers.
func (s *System) clockworkOf(p *process) *clockwork {
	return s.clockworks[p.id&uint64(len(s.clockworks)-1)]
}

func (c *clockwork) now() int64 { return int64(c.sys.clock.Now().Sub(c.base)) }

// later is d after at, or as late as there is.
func later(at int64, d time.Duration) int64 {
	if at += int64(max(d, 0)); at < 0 {
		return never - 1
	}
	return at
}

// untilWall is when to send, or to look again, what is to be sent at a time by the
// clock on the wall.
func (c *clockwork) untilWall(at time.Time, now int64) int64 {
	d := at.Sub(c.wall())
	if c.sys.seeded == nil { // there the clock is never stepped
		d = min(d, wallLook)
	}
	return later(now, d)
}

// put queues a timer, if it is still to send, and reports whether the caller has
// to start the task. mu is held.
func (c *clockwork) put(t *timer, due, now int64) (ring bool) {
	if t.off() || c.closed {
		return false
	}
	t.due, t.queued = due, true
	t.own.pending.Add(1)
	c.wheel.Add(due, t)
	return !c.active && due < c.alarmAt && c.set(due, now)
}

// set sets the alarm; true: it is time already, and the caller has to start the
// task. mu is held.
func (c *clockwork) set(due, now int64) (ring bool) {
	if due <= now {
		c.active = true
		return true
	}
	c.alarmAt = due
	d := time.Duration(due - now)
	if r, ok := c.alarm.(interface{ Reset(time.Duration) bool }); ok {
		r.Reset(d)
		return false
	}
	if c.alarm != nil {
		c.alarm.Stop()
	}
	c.alarm = c.sys.clock.AfterFunc(d, c.ring)
	return false
}

// ring is called by the clock. One that comes late, when the alarm is set anew,
// finds nothing due and sets it again.
func (c *clockwork) ring() {
	c.mu.Lock()
	start := !c.active && !c.closed
	if start {
		c.active, c.alarmAt = true, never
	}
	c.mu.Unlock()
	c.start(start)
}

func (c *clockwork) start(ring bool) {
	if ring {
		c.sys.exec.Submit(&c.task)
	}
}

// unqueue lets the wheel know that a timer is off. mu is held.
func (c *clockwork) unqueue(t *timer) {
	if t.queued {
		t.queued = false
		t.own.pending.Add(-1)
		c.wheel.Gone(t.due)
	}
}

// Run sends what is due. It is called by the executor.
func (c *clockwork) Run(w *executor.Worker) (again bool) {
	for {
		batch, now := c.take()
		if batch == nil {
			return false
		}
		for _, t := range batch {
			if t.again == nil || t.again.wall.IsZero() || c.struck(t, now) {
				t.send(w)
			}
		}
		clear(batch)
		if w.Yield() {
			return true
		}
	}
}

// take takes out some that are due. Nil: there are none, and the alarm is set for
// the next.
func (c *clockwork) take() (batch []*timer, now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now = c.now()
	for !c.closed {
		due, ok := c.wheel.Next()
		if !ok {
			break
		}
		if due > now {
			c.active = false
			c.set(due, now)
			return nil, now
		}
		if batch = c.wheel.Pop(now, c.batch[:0]); len(batch) > 0 {
			for _, t := range batch {
				t.queued = false
				t.own.pending.Add(-1)
			}
			return batch, now
		}
	}
	c.active = false
	return nil, now
}

// struck reports whether the clock on the wall shows the timer's time; if not, it
// is looked at again.
func (c *clockwork) struck(t *timer, now int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wall().Before(t.again.wall) {
		return true
	}
	c.put(t, c.untilWall(t.again.wall, now), now) // the task is active
	return false
}

// closeTimers ends all timers. What they have sent stays in its mailbox.
func (s *System) closeTimers() {
	for _, c := range s.clockworks {
		c.mu.Lock()
		c.closed = true
		if c.alarm != nil {
			c.alarm.Stop()
		}
		c.wheel = wheel.Wheel[*timer]{Dead: (*timer).off}
		c.mu.Unlock()
	}
	s.timers.end()
}
