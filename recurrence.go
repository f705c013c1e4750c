package bastion

import (
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// A Schedule says when a recurring timer sends. The schedules of package
// github.com/bastion-go/bastion/cron do, and those of robfig/cron and its kin.
type Schedule interface {
	// Next is the first time after the one given, by the clock on the wall; the zero
	// Time if there is none, which ends the timer. It is called on the executor, and
	// should neither wait nor depend on anything else.
	Next(after time.Time) time.Time
}

// A recurrence is what only some timers need: those that recur, and those for a
// time on the wall's clock.
type recurrence struct {
	every    time.Duration // 0: a schedule, or only once
	schedule Schedule
	wall     time.Time     // when to send by the clock on the wall; zero: after a time. Clockwork's mu
	missed   atomic.Uint64 // written by whoever has brought the timer from sent to set; anybody reads
	task     executor.Task // asks the schedule
	t        *timer
}

// recurs reports whether the timer sends more than once.
func (t *timer) recurs() bool {
	return t.again != nil && (t.again.every > 0 || t.again.schedule != nil)
}

// wallLook is how often at least a timer for a time on the wall's clock looks at
// that clock: it may be stepped.
const wallLook = time.Minute

// maxMissed is how many missed times a schedule is asked for, one by one.
const maxMissed = 1000

// recur sets a timer, whose message has been taken, for its next one. It counts
// from when the last one was due, so that nothing drifts; what has passed
// meanwhile was missed.
func (t *timer) recur() {
	r := t.again
	if r.schedule != nil {
		if sys := t.own.clock.sys; sys.executes() {
			sys.exec.Submit(&r.task)
		}
		return
	}
	c := t.own.clock
	c.mu.Lock()
	now := c.now()
	passed := max(now-t.due, 0) / int64(r.every)
	r.missed.Add(uint64(passed))
	ring := c.put(t, later(t.due, time.Duration(passed+1)*r.every), now)
	c.mu.Unlock()
	c.start(ring)
}

var errBackwards = errors.New("bastion: the next time is not later")

// Run asks the schedule. It is called by the executor.
func (r *recurrence) Run(*executor.Worker) (again bool) {
	t, c := r.t, r.t.own.clock
	c.mu.Lock()
	last := r.wall
	c.mu.Unlock()
	now := c.wall()
	var next time.Time
	missed := uint64(0)
	contain(func() error {
		for next = r.schedule.Next(last); !next.IsZero() && !next.After(now) && next.After(last); next = r.schedule.Next(last) {
			if missed++; missed < maxMissed {
				last = next
			} else {
				last = now // too many to ask for each
			}
		}
		return nil
	}, func(err error) {
		if err == nil && (next.IsZero() || next.After(last)) {
			r.missed.Add(missed)
			t.resume(next)
			return
		}
		if err == nil {
			err = errBackwards
		}
		t.pass(timerSet, timerDone)
		c.sys.note(slog.LevelError, "bastion: a timer's schedule failed, the timer ends", "to", t.to.path(), "error", err)
	})
	return false
}

// resume sets the timer for its next time; none ends it.
func (t *timer) resume(next time.Time) {
	if next.IsZero() {
		t.pass(timerSet, timerDone)
		return
	}
	c := t.own.clock
	c.mu.Lock()
	t.again.wall = next.Round(0)
	now := c.now()
	ring := c.put(t, c.untilWall(next, now), now)
	c.mu.Unlock()
	c.start(ring)
}
