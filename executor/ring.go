package executor

import (
	"sync/atomic"

	"github.com/bastion-go/bastion/internal/relaxed"
)

// ring is a worker's queue: a fixed number of slots, oldest first. The owner pushes; anybody takes.
//
// Positions count up for ever (a 64-bit head cannot come round while a thief sleeps on an old value, as a 32-bit one
// could after two minutes); a position's slot is its remainder.
type ring struct {
	// head is the position of the oldest task. Everybody who takes advances it by CAS; a CAS that succeeds gives its
	// caller the tasks between the old and the new value, which it must have read before. The owner's load of head
	// in push pairs with that CAS: it does not write to a slot before its reader has finished with it.
	head atomic.Uint64
	_    [56]byte
	// tail is the position behind the newest task. Only the owner writes; thieves read. Its store publishes the slots
	// below it. It is a full sync/atomic store, not a relaxed one, because it also pairs with the load of the idle
	// word in [Executor.wake]: "I pushed, is anybody idle?" against "I am idle, did anybody push?".
	tail atomic.Uint64
	// slots: only the owner writes; thieves read them before their CAS on head, and throw away what they read when
	// the CAS fails (the owner may have written a newer task meanwhile).
	slots []relaxed.Pointer[Task]
	// cleared is the position up to which the owner has emptied slots that were taken. Only the owner uses it.
	cleared uint64
}

func newRing(capacity int) ring { return ring{slots: make([]relaxed.Pointer[Task], capacity)} }

func (r *ring) at(pos uint64) *relaxed.Pointer[Task] { return &r.slots[pos%uint64(len(r.slots))] }

// len returns how many tasks are queued: exact for the owner when nobody steals, else a recent value.
func (r *ring) len() int {
	h := r.head.Load() // before tail, so that the difference is never negative
	return int(r.tail.Load() - h)
}

// push appends t and reports whether there was room. Owner only.
func (r *ring) push(t *Task) bool {
	pos := r.tail.Load()
	if pos-r.head.Load() >= uint64(len(r.slots)) {
		return false
	}
	r.at(pos).Store(t)
	r.tail.Store(pos + 1)
	return true
}

// pop takes the oldest task; nil: there is none. Anybody.
func (r *ring) pop() *Task {
	for {
		h := r.head.Load()
		if h == r.tail.Load() {
			return nil
		}
		t := r.at(h).Load()
		if r.head.CompareAndSwap(h, h+1) {
			return t
		}
	}
}

// takeHalf takes the older half (rounded up) and appends it to l. Anybody.
//
// The links are written only after the CAS: before it the tasks are not the caller's. Between the two the owner may
// already be using their slots again, so what was read waits in buf.
func (r *ring) takeHalf(l *list) (n int) {
	var buf [ringSize]*Task
	for {
		h := r.head.Load()
		n := r.tail.Load() - h
		n -= n / 2
		if n == 0 {
			return 0
		}
		if n > uint64(len(r.slots)) {
			continue // head moved between the two loads
		}
		n = min(n, ringSize)
		for i := range n {
			buf[i] = r.at(h + i).Load()
		}
		if r.head.CompareAndSwap(h, h+n) {
			for _, t := range buf[:n] {
				l.push(t)
			}
			return int(n)
		}
	}
}

// stealFrom moves the older half (rounded up) of v behind r's own, and returns the first of them at once; nil: v had
// none. Only r's owner may call it, and r must be empty.
func (r *ring) stealFrom(v *ring) *Task {
	for {
		h := v.head.Load()
		n := v.tail.Load() - h
		n -= n / 2
		if n == 0 {
			return nil
		}
		if n > uint64(len(v.slots)) || n-1 > uint64(len(r.slots)) {
			continue
		}
		first := v.at(h).Load()
		tail := r.tail.Load()
		for i := uint64(1); i < n; i++ {
			r.at(tail + i - 1).Store(v.at(h + i).Load()) // not visible to anybody before the store to r.tail
		}
		if v.head.CompareAndSwap(h, h+n) {
			r.tail.Store(tail + n - 1)
			return first
		}
	}
}

// clear forgets the tasks that were taken, so that a parked worker keeps nothing alive. Owner only.
func (r *ring) clear() {
	h := r.head.Load()
	if n := uint64(len(r.slots)); h-r.cleared > n {
		r.cleared = h - n
	}
	for tail := r.tail.Load(); r.cleared < h; r.cleared++ {
		if tail-r.cleared <= uint64(len(r.slots)) { // else the slot holds a newer task
			r.at(r.cleared).Store(nil)
		}
	}
}
