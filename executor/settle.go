package executor

import (
	"errors"
	"runtime"
	"slices"
	"syscall"
)

// settle brings together the place where w's thread runs and the seat that w has: by moving to another seat, or by
// pinning the thread. Only on w's own goroutine, with a seat, outside a slice: when it was woken or given another
// seat, and now and then.
func (w *Worker) settle() {
	t := &w.e.ties
	switch {
	case t.slack:
	case t.pinning():
		w.pin()
	case len(w.e.domains) > 1:
		w.follow()
	}
}

// follow moves w to a seat in the domain of the CPU that its thread is on: an idle one, or that of a worker whose
// thread has gone elsewhere.
func (w *Worker) follow() {
	here := w.e.ties.home[w.e.cpus.current()]
	w.at.Store(here)
	if here == nil || here == w.seat.Load().dom {
		return
	}
	if w.e.move(w, here) {
		w.c.moves.Add(1)
		if w.e.anyReady() { // where two change places, one cannot be seen for a moment by who parks; see idleWord
			w.wake()
		}
	}
}

// move gives w, whose goroutine calls, a seat in d for the one it has, if it has one and there is one to be had.
func (e *Executor) move(w *Worker, d *domain) (moved bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.ctl.lost() {
		return false // the watcher has just taken it
	}
	from := w.seat.Load()
	if last := len(d.free) - 1; last >= 0 {
		to := d.free[last]
		d.free = d.free[:last]
		from.dom.free = append(from.dom.free, from)
		w.seat.Store(to)
		to.w.Store(w) // w is at both for a moment, rather than nowhere
		from.w.Store(nil)
		return true
	}
	for _, to := range e.seats {
		if to.dom != d {
			continue
		}
		// Somebody who is astray there loses nothing, wherever its thread is: each exchange puts one more in its place.
		if other := to.w.Load(); other != nil && other.at.Load() != d {
			w.seat.Store(to)
			other.seat.Store(from)
			from.w.Store(other)
			to.w.Store(w)
			return true
		}
	}
	return false
}

// pin ties w's thread to the CPUs of its seat, again if they have changed or the operating system has moved it away,
// as it does when a CPU is taken offline.
func (w *Worker) pin() {
	s := w.seat.Load()
	if w.pinned == s && slices.Contains(s.pin, w.e.cpus.current()) {
		return
	}
	if !w.locked {
		runtime.LockOSThread() // until the goroutine ends, and the thread with it
		w.locked = true
	}
	err := w.e.cpus.pin(s.pin)
	switch {
	case err == nil:
		w.pinned = s
		w.c.moves.Add(1)
		return
	case errors.Is(err, syscall.EINVAL):
		// None of these CPUs is there any more, or they are not for this program any more: anywhere, till the next time.
		err = w.e.cpus.pin(w.e.ties.all)
	}
	if err != nil && !errors.Is(err, syscall.EINVAL) {
		w.refuse(err)
	}
}

// refuse is the end of all pinning: the operating system, or a sandbox, does not let this program do it.
func (w *Worker) refuse(err error) {
	if w.pinned == nil {
		w.locked = false
		runtime.UnlockOSThread()
	}
	w.e.ties.refusal.CompareAndSwap(nil, &err)
}
