package bastion

import (
	"context"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// System is the system that the process lives in; nil for the zero Ref.
func (r Ref) System() *System {
	if r.p == nil {
		return nil
	}
	return r.p.sys()
}

// Sleep waits for d on the system's clock, or until ctx ends, and then returns its
// error. A handler's slot goes to others meanwhile, if ctx is the process's or
// derived from it.
func (s *System) Sleep(ctx context.Context, d time.Duration) error {
	ctx = someContext(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	woken := make(chan struct{})
	t := s.clock.AfterFunc(d, func() { close(woken) })
	defer t.Stop()
	if c := contextOf(ctx); c != nil {
		defer c.block()()
	}
	switch s.waits("a time to pass", nil, executor.Closed(woken), done(ctx)) {
	case 0:
		return nil
	case 1:
		return ctx.Err()
	}
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
