package command

import (
	"context"
	"errors"
	"math"
	"syscall"
	"time"

	"github.com/bastion-go/bastion"
)

// abortSignal makes most programs say where they are before they end.
const abortSignal = syscall.SIGABRT

// shares divides the child's shutdown time: grace is how long the command has
// between its StopSignal and SIGKILL, margin what is kept for what comes after it.
func shares(shutdown time.Duration) (grace, margin time.Duration) {
	switch shutdown {
	case bastion.BrutalKill:
		return 0, drainTime
	case bastion.UnlimitedShutdown:
		return math.MaxInt64 / 4, drainTime // seventy years
	}
	margin = min(shutdown/4, 2*drainTime)
	return shutdown - margin, margin
}

// guard is a goroutine of the incarnation that ends the command when the
// incarnation has to end, whatever the loop is doing at that time.
func (c *command) guard(ctx *bastion.Context) error {
	defer c.poke()
	select {
	case <-c.proc.Done():
		return nil
	case <-ctx.Stopping():
	case <-ctx.Done():
	}
	began := time.Now()
	if ctx.Err() == nil {
		// A drain: what waits in the mailbox is written first, for half of the time.
		t := time.NewTimer(c.grace / 2)
		defer t.Stop()
		select {
		case <-c.proc.Done():
			return nil
		case <-t.C:
		case <-c.leaving:
		case <-ctx.Done():
		}
	}
	if errors.Is(context.Cause(ctx), bastion.ErrKilled) {
		c.proc.Kill()
		close(c.killed)
		return nil
	}
	c.proc.Stop(c.grace - time.Since(began))
	return nil
}
