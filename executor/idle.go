package executor

import "sync/atomic"

// idleWord packs how many permits nobody has (low half) and how many workers with a permit are searching (high half),
// so that one load answers the only question on the fast path: should I wake somebody?
//
// Writers: the idle half only under Executor.mu; the searching half anybody. Readers: anybody. All operations are
// full sync/atomic ones, because three pairs rest on their total order with the stores that make work visible
// (ring.tail, injection.size):
//
//   - a producer makes work visible, then loads the word;
//   - a worker adds its permit to the idle half, then looks at all queues (Executor.park);
//   - the last searcher leaves the searching half, then looks at all queues (Worker.found).
//
// Whichever of a producer and a worker comes second sees the first.
type idleWord struct{ v atomic.Uint64 }

const oneSearcher = 1 << 32

func (i *idleWord) permits() int   { return int(uint32(i.v.Load())) }
func (i *idleWord) searchers() int { return int(i.v.Load() >> 32) }

// wanted reports whether a permit is idle and nobody is searching already: one searcher wakes the next.
func (i *idleWord) wanted() bool {
	v := i.v.Load()
	return v>>32 == 0 && uint32(v) != 0
}

// release adds an idle permit, of a worker that was searching or was not. Under Executor.mu.
func (i *idleWord) release(searching bool) {
	d := uint64(1)
	if searching {
		d -= oneSearcher
	}
	i.v.Add(d)
}

// take removes an idle permit, for a worker that will search or will not. Under Executor.mu. False: there is none.
func (i *idleWord) take(searching bool) bool {
	if uint32(i.v.Load()) == 0 {
		return false // it can only be raised under the mutex that the caller holds
	}
	d := ^uint64(0)
	if searching {
		d += oneSearcher
	}
	i.v.Add(d)
	return true
}

// beginSearch adds a searcher, unless half of the busy workers are searching already: more would only contend.
func (i *idleWord) beginSearch(permits int) bool {
	for {
		v := i.v.Load()
		searchers, busy := int(v>>32), permits-int(uint32(v))
		if 2*searchers >= busy {
			return false
		}
		if i.v.CompareAndSwap(v, v+oneSearcher) {
			return true
		}
	}
}

// endSearch removes a searcher and reports whether it was the last.
func (i *idleWord) endSearch() (last bool) {
	return i.v.Add(^uint64(oneSearcher-1))>>32 == 0
}
