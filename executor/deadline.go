package executor

import (
	"context"
	"sync/atomic"
	"time"
)

// Timeout is [context.WithTimeout] on a clock. With [Real] it is just that. On another clock the context itself
// ends with [context.DeadlineExceeded]; one that was derived from it reports [context.Canceled], and DeadlineExceeded
// as its cause, because package context lets nobody else set the error of what it made.
func Timeout(parent context.Context, clock Clock, d time.Duration) (context.Context, context.CancelFunc) {
	if clock == Real {
		return context.WithTimeout(parent, d)
	}
	at := clock.Now().Add(d)
	if earlier, ok := parent.Deadline(); ok && earlier.Before(at) {
		return context.WithCancel(parent)
	}
	inner, cancel := context.WithCancelCause(parent)
	c := &clockContext{Context: inner, at: at}
	timer := clock.AfterFunc(d, func() {
		c.late.Store(inner.Err() == nil)
		cancel(context.DeadlineExceeded)
	})
	return c, func() {
		timer.Stop()
		cancel(context.Canceled)
	}
}

// clockContext is a context with a deadline on a clock.
type clockContext struct {
	context.Context
	at time.Time
	// late says that the deadline ended it. Written once, before it ends; read after.
	late atomic.Bool
}

// Deadline implements context.Context.
func (c *clockContext) Deadline() (time.Time, bool) { return c.at, true }

// Err implements context.Context.
func (c *clockContext) Err() error {
	err := c.Context.Err()
	if err != nil && c.late.Load() {
		return context.DeadlineExceeded
	}
	return err
}
