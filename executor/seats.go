package executor

// This file moves permits between workers. All of it runs under e.mu, except wake's first look; what it must not do
// there (starting a worker means calling the user's NewLocal) happens after.

// wake gives an idle permit to a worker that will search for work, if a permit is idle and nobody searches already.
// Whoever made work visible calls it afterwards; see idleWord for why nothing is missed.
func (e *Executor) wake() {
	if e.idle.wanted() {
		e.wakeOne()
	}
}

func (e *Executor) wakeOne() {
	e.mu.Lock()
	if e.closed || !e.idle.wanted() || !e.idle.take(true) {
		e.mu.Unlock()
		return
	}
	e.stir()
	w := e.parkedTop
	if w != nil {
		e.parkedTop, w.below = w.below, nil
		e.parkedLen--
		w.searching = true
		w.ctl.grant()
		e.mu.Unlock()
		w.note <- struct{}{} // has room: one value for each time on the list
		return
	}
	if w = e.dormant; w != nil {
		e.dormant, w.below = w.below, nil
		e.launch(w)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	w = e.newWorker()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed { // Close is not waiting for this one, so it must not start
		w.below, e.dormant = e.dormant, w
		e.idle.release(true)
		return
	}
	e.launch(w)
}

// launch starts a goroutine for w, which has none, with a permit that was taken for a searcher. Under e.mu.
func (e *Executor) launch(w *Worker) {
	w.alive = true
	w.searching = true
	w.ctl.grant()
	go w.main()
}

// park gives w's permit back, or leaves the place it had without one, and sleeps until there is one again. False: the
// goroutine should end.
func (w *Worker) park() bool {
	w.ring.clear()
	w.c.parks.Add(1)
	stay := w.e.unseat(w, parked)
	// w is idle now, and looks once more: this pairs with wake, see idleWord. It may wake itself.
	if w.e.anyReady() {
		w.e.wake()
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
	return w.ctl.state() != parked // parked: woken to end
}

// unseat takes w, whose goroutine calls, to a state without a permit, and returns the permit, if it had one, to the
// idle ones. When the state is parked it also puts w on the list of parked workers; false: there are enough.
func (e *Executor) unseat(w *Worker, to uint32) (stay bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := w.ctl.leave(to)
	e.count(from, -1)
	e.count(to, +1)
	if hadPermit(from) {
		e.idle.release(w.searching)
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
	if !e.closed && e.idle.take(false) {
		e.count(from, -1)
		w.ctl.grant()
		e.stir()
		return true
	}
	e.count(from, -1)
	e.count(otherwise, +1)
	w.ctl.leave(otherwise)
	return false
}

// shelve puts w on the list of parked workers. False: there are enough spares, or the executor closes; w's goroutine
// should end. Under e.mu.
func (e *Executor) shelve(w *Worker) bool {
	if e.closed || e.parkedLen >= e.permits+spareWorkers {
		return false
	}
	w.below, e.parkedTop = e.parkedTop, w
	e.parkedLen++
	return true
}

// retire is the end of w's goroutine: w keeps its permit and gets a new goroutine if the old one was ended by its
// task, or becomes dormant.
func (e *Executor) retire(w *Worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	from := w.ctl.state()
	if !w.finished && !e.closed && (hadPermit(from) || e.idle.take(false)) {
		e.count(from, -1)
		e.stir()
		w.ctl.grant()
		go w.main()
		return
	}
	e.count(w.ctl.leave(parked), -1)
	if hadPermit(from) {
		e.idle.release(w.searching)
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
	if e.blocked >= e.maxBlocked && !e.closed {
		return false, true
	}
	if !w.ctl.revoke() {
		return false, false
	}
	w.c.revocations.Add(1)
	e.count(revoked, +1)
	e.idle.release(false)
	e.signal()
	return true, false
}

// count keeps the numbers of workers in states without a permit. Under e.mu.
func (e *Executor) count(state uint32, by int) {
	switch state {
	case revoked:
		e.blocked += by
	case waits:
		e.waiting += by
	case detached:
		e.detached += by
	}
}

// stir notes that a permit was taken, and wakes the watcher if it sleeps. Under e.mu.
func (e *Executor) stir() {
	e.grants++
	if !e.watching {
		e.watching = true
		e.watcher.poke()
	}
}

// signal tells Close that workers have changed state. Under e.mu.
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
		for _, w := range *d.workers.Load() {
			if w.ring.len() > 0 {
				return true
			}
		}
	}
	return false
}
