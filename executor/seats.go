package executor

import (
	"runtime"
	"sync/atomic"
)

// seat is one permit: a place in the machine, and the worker that may run tasks there. Whoever looks for work looks at
// seats, whose number is fixed, and not at workers, of which there may be thousands that wait: a worker that leaves
// its seat takes nothing with it.
type seat struct {
	dom *domain
	cpu int   // what it was laid out on
	pin []int // the CPUs that its worker's thread is pinned to; nil: none
	// w is the worker that sits here; nil: the permit is idle. Written under Executor.mu; read by thieves and the
	// watcher, for whom an old value is as good.
	w atomic.Pointer[Worker]
	// tiers are the other seats in the order in which to rob them, in tiers of equals. Fixed by New.
	tiers []tier
}

// What follows moves permits between workers. All of it runs under e.mu, except wake's first look; what must not
// happen there (starting a worker means calling the user's NewLocal) happens after.

// freeSeat takes the idle permit nearest to a domain, for a worker that will search or will not; nil: there is none.
func (e *Executor) freeSeat(searching bool, near *domain) *seat {
	if e.closed || !e.idle.take(searching) {
		return nil
	}
	e.stir()
	for _, d := range near.order {
		if last := len(d.free) - 1; last >= 0 {
			s := d.free[last]
			d.free = d.free[:last]
			return s
		}
	}
	panic("executor: an idle permit that is nowhere")
}

// sit gives s, a free seat, to w, which has none.
func (e *Executor) sit(w *Worker, s *seat) {
	w.seat.Store(s)
	s.w.Store(w)
	w.ctl.grant()
}

// rise makes w's seat an idle permit. searching: w was counted as searching, and is not any more.
func (e *Executor) rise(w *Worker, searching bool) {
	s := w.seat.Load()
	s.w.Store(nil)
	e.release(s, searching)
}

func (e *Executor) release(s *seat, searching bool) {
	s.dom.free = append(s.dom.free, s)
	e.idle.release(searching)
}

// wake gives an idle permit to a worker that will search for work, if a permit is idle and nobody searches already: the
// permit nearest to where the work is, and to whoever slept nearest to that (E3). Whoever made work visible calls it
// afterwards; see idleWord for why nothing is missed.
func (e *Executor) wake(near *domain) {
	if e.idle.wanted() {
		e.wakeOne(near)
	}
}

// wake is Executor.wake for work that is with w.
func (w *Worker) wake() {
	if w.e.idle.wanted() {
		w.e.wakeOne(w.seat.Load().dom)
	}
}

func (e *Executor) wakeOne(near *domain) {
	e.mu.Lock()
	var s *seat
	if e.idle.wanted() {
		s = e.freeSeat(true, near)
	}
	if s == nil {
		e.mu.Unlock()
		return
	}
	w := e.sleeper(s.dom)
	if w != nil {
		w.searching = true
		e.sit(w, s)
		e.mu.Unlock()
		w.note <- struct{}{} // has room: one value for each time on the list
		return
	}
	if w = e.dormant; w != nil {
		e.dormant, w.below = w.below, nil
		e.launch(w, s)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	w = e.newWorker()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed { // Close is not waiting for this one, so it must not start
		w.below, e.dormant = e.dormant, w
		e.release(s, true)
		return
	}
	e.launch(w, s)
}

// sleeper takes the parked worker that sat nearest to d off its list; nil: none is parked.
func (e *Executor) sleeper(d *domain) *Worker {
	if e.parkedLen == 0 {
		return nil
	}
	for _, d := range d.order {
		if w := d.parked; w != nil {
			d.parked, w.below = w.below, nil
			e.parkedLen--
			return w
		}
	}
	panic("executor: a parked worker that is nowhere")
}

// launch starts a goroutine for w, which has none, on a seat that was taken for a searcher.
func (e *Executor) launch(w *Worker, s *seat) {
	w.alive = true
	w.searching = true
	e.sit(w, s)
	go w.begin()
}

// begin is the start of w's goroutine. A thread that will be pinned must not be the process's first one, whose CPUs
// others take for those of the process (topology.Local does): there the goroutine stays, until another is safe elsewhere.
func (w *Worker) begin() {
	if !w.e.ties.pinning() || !w.e.cpus.first() {
		w.main()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	elsewhere := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		w.locked = true
		close(elsewhere)
		w.main()
	}()
	<-elsewhere
}

// park gives w's permit back, or leaves the place it had without one, and sleeps until there is one again. False: the
// goroutine should end.
func (w *Worker) park() bool {
	w.ring.clear()
	w.c.parks.Add(1)
	stay := w.e.unseat(w, parked)
	// w is idle now, and looks once more: this pairs with wake, see idleWord. It may wake itself.
	if w.e.anyReady() {
		w.wake()
	}
	return stay && w.await()
}

// sleep is park for a worker that has been unseated already.
func (w *Worker) sleep() bool {
	w.e.mu.Lock()
	stay := w.e.shelve(w)
	w.e.mu.Unlock()
	return stay && w.await()
}

func (w *Worker) await() bool {
	<-w.note
	if w.ctl.state() == parked {
		return false // woken to end
	}
	w.settle()
	return true
}

// unseat takes w, whose goroutine calls, to a state without a permit, and returns the permit, if it had one, to the
// idle ones. When the state is parked it also puts w on the list of parked workers; false: there are enough.
func (e *Executor) unseat(w *Worker, to uint32) (stay bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := w.ctl.leave(to)
	e.recount(w, from, to)
	if hadPermit(from) {
		e.rise(w, w.searching)
		w.searching = false
	} else if w.searching {
		w.searching = false
		e.idle.endSearch()
	}
	if e.closed {
		e.signal()
	}
	return to == parked && e.shelve(w)
}

// reseat gives w, whose goroutine calls and which has no permit, an idle one. False: there is none, and w is in state
// otherwise.
func (e *Executor) reseat(w *Worker, otherwise uint32) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := w.ctl.state()
	if s := e.freeSeat(false, w.seat.Load().dom); s != nil {
		e.recount(w, from, holds)
		e.sit(w, s)
		return true
	}
	e.recount(w, from, otherwise)
	w.ctl.leave(otherwise)
	return false
}

// shelve puts w on its domain's list of parked workers. False: there are enough spares, or the executor closes; w's goroutine
// should end.
func (e *Executor) shelve(w *Worker) bool {
	if e.closed || e.parkedLen >= e.permits+spareWorkers {
		return false
	}
	d := w.seat.Load().dom
	w.below, d.parked = d.parked, w
	e.parkedLen++
	return true
}

// retire is the end of w's goroutine: w keeps its permit and gets a new goroutine if the old one was ended by its
// task, or becomes dormant.
func (e *Executor) retire(w *Worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := w.ctl.state()
	if !w.finished && !e.closed {
		if hadPermit(from) {
			go w.begin()
			return
		}
		if s := e.freeSeat(false, w.seat.Load().dom); s != nil {
			e.recount(w, from, holds)
			e.sit(w, s)
			go w.begin()
			return
		}
	}
	e.recount(w, w.ctl.leave(parked), parked)
	if hadPermit(from) {
		e.rise(w, w.searching)
	}
	w.searching = false
	w.alive = false
	w.below, e.dormant = e.dormant, w
	e.signal()
}

// take revokes w's permit for the watcher. refused: the bound of MaxBlocked is reached; not taken and not refused: w
// has just given its permit up by itself.
func (e *Executor) take(w *Worker) (taken, refused bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.unseated[revoked] >= e.maxBlocked+e.relief && !e.closed {
		return false, true
	}
	if !w.ctl.revoke() {
		return false, false
	}
	w.c.revocations.Add(1)
	e.recount(w, holds, revoked)
	e.rise(w, false)
	e.signal()
	return true, false
}

// maxRelief is how far Relieve goes.
const maxRelief = 1024

// Relieve lets one more worker be blocked than [Config].MaxBlocked says, if as many are as may be, until there are
// fewer again: for a task that must run although none can, such as one that ends what is blocked. Any goroutine may
// call it, again if that was not enough.
func (e *Executor) Relieve() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.unseated[revoked] >= e.maxBlocked+e.relief && e.relief < maxRelief {
		e.relief++
	}
}

// recount keeps the books of workers without a seat, when w goes from one state to another.
func (e *Executor) recount(w *Worker, from, to uint32) {
	e.unseated[from]--
	e.unseated[to]++
	if e.unseated[revoked] < e.maxBlocked {
		e.relief = 0
	}
	was, is := from == revoked || from == detached, to == revoked || to == detached
	switch {
	case is && !was:
		w.awayAt = len(e.away)
		e.away = append(e.away, w)
	case was && !is:
		last := len(e.away) - 1
		e.away[w.awayAt] = e.away[last]
		e.away[w.awayAt].awayAt = w.awayAt
		e.away[last] = nil
		e.away = e.away[:last]
	}
}

// stir notes that a permit was taken, and wakes the watcher if it sleeps.
func (e *Executor) stir() {
	e.grants++
	if !e.watching {
		e.watching = true
		e.watcher.poke()
	}
}

// signal tells Close that workers have changed state.
func (e *Executor) signal() {
	if e.closed {
		close(e.changed)
		e.changed = make(chan struct{})
	}
}

// anyReady reports whether any queue that others may take from has a task.
func (e *Executor) anyReady() bool {
	for _, d := range e.domains {
		if d.inject.size.Load() > 0 {
			return true
		}
	}
	for _, s := range e.seats {
		if w := s.w.Load(); w != nil && w.ring.len() > 0 {
			return true
		}
	}
	return false
}
