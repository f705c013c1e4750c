package bastion

import (
	"context"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/goid"
	"github.com/bastion-go/bastion/internal/mailbox"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// A local is what one goroutine of the runtime has for itself: an executor's
// worker, or a loop process. It alone writes; the books read.
type local struct {
	sys      *System
	nodes    mailbox.Cache[envelope]
	accepted relaxed.Uint64
	handled  relaxed.Uint64

	questions *question // free list of a worker
	spare     int       // its length
}

// A loopLocal is the local of one incarnation of a loop process.
type loopLocal struct {
	local
	// wake takes one token from the push that found the mailbox idle.
	wake   chan struct{}
	labels context.Context // the goroutine's pprof labels, until it has set them
	// shown is the message that a selective receive asks about. Of the loop's own goroutine.
	shown *node
	// busy is set during a Recv where goroutines cannot be told apart, and only there.
	busy atomic.Bool
}

// contextKey finds the Context that a context is derived from.
type contextKey struct{}

// origin says whose call this is: the Context given or derived from, or nil for
// one from outside; and the caller's own local and worker, if the calling
// goroutine is the very one that the Context runs on. A Context that was carried
// to another goroutine is still the process's, but gets no access to what
// belongs to the process's goroutine.
func origin(ctx context.Context) (c *Context, l *local, w *executor.Worker) {
	c, ok := ctx.(*Context)
	if ok && c.nobody() {
		return nil, nil, nil
	}
	if !ok {
		c, _ = ctx.Value(contextKey{}).(*Context)
		if c == nil {
			return nil, nil, nil
		}
	}
	if w = c.w.Load(); w != nil {
		if w.Here() {
			return c, w.Local().(*local), w
		}
		return c, nil, nil
	}
	if c.kind == contextLoop && goid.Self() != 0 && c.mine() { // not where mine only trusts
		return c, &c.own.loop.local, nil
	}
	return c, nil, nil
}

// key spreads outside senders over the depot's magazines.
func key() uintptr { return goid.Self() }
