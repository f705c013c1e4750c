package executor

import "sync/atomic"

// ctl is what a worker and the watcher have to agree on: who has the permit. It changes only by the methods below,
// and each of them returns what came of it, so that of two that meet (a slice ends while its worker is being revoked)
// exactly one has the permit to pass on.
//
//	           grant                    revoke (watcher)
//	parked ------------> holds/yield ---------------------> revoked
//	  ^                   |   ^  |                             |
//	  | leave(parked)     |   |  | leave(waits)  leave(waits)  | leave(parked)
//	  +-------------------+   |  +-----> waits <---------------+--> parked
//	                    grant +----------  | unblock without a permit
//	                                       v
//	                                    detached --> parked, waits, holds (as from revoked)
//
// Writers: the watcher (and Close) from holds and yield only; from all other states only the worker itself, or, while
// it is parked, whoever took it off the list of parked workers. Readers: the worker before and after each slice and
// in each put, everybody for statistics. A worker's load of ctl after a put into its cell pairs with the watcher's
// look at the cell after revoke; on amd64 the put is a plain store that the load may overtake, so the watcher looks a
// second time a tick later, and the worker itself empties the cell when its slice ends.
type ctl struct{ v atomic.Uint32 }

const (
	holds    = uint32(iota) // has a permit
	yield                   // has a permit, and the slice should end
	revoked                 // its permit was taken: it stood still. Counted in Stats.Blocked
	waits                   // between Block and Unblock: gave its permit up. Counted in Stats.Waiting
	detached                // after Unblock, without a permit: finishes its slice
	parked                  // no permit and no slice: sleeping, or without a goroutine
	baton                   // for ever: of a seeded executor, which has no permits
)

func (c *ctl) state() uint32 { return c.v.Load() }

// fast reports that there is nothing to attend to: the worker has its permit and nobody wants the slice to end.
func (c *ctl) fast() bool { return c.v.Load() == holds }

// lost reports that the worker has no permit.
func (c *ctl) lost() bool { return c.v.Load() > yield }

// revoke takes the permit away (watcher). True: the caller has it now. False: the worker had given it up already.
func (c *ctl) revoke() (taken bool) {
	return c.v.CompareAndSwap(holds, revoked) || c.v.CompareAndSwap(yield, revoked)
}

// askYield asks a worker with a permit to end its slice (watcher, Close). False: it was asked before, or has none.
func (c *ctl) askYield() bool { return c.v.CompareAndSwap(holds, yield) }

// yielded takes the wish back: the slice has ended (worker). False: the permit was taken meanwhile, or no wish.
func (c *ctl) yielded() bool { return c.v.CompareAndSwap(yield, holds) }

// leave goes to a state without a permit (worker) and returns the state that was left; holds and yield mean that the
// worker had its permit until now, so that the caller has it to pass on.
func (c *ctl) leave(to uint32) (from uint32) { return c.v.Swap(to) }

// grant gives a permit (the worker itself; for a parked worker whoever took it off the list).
func (c *ctl) grant() { c.v.Store(holds) }

// hadPermit reports whether from, as returned by leave, was a state with a permit.
func hadPermit(from uint32) bool { return from <= yield }
