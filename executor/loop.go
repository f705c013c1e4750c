package executor

import "runtime"

// loop runs tasks while there are any and w has a permit; it returns when the goroutine should end.
func (w *Worker) loop() {
	for {
		var t *Task
		if !w.searching { // else it was woken to search, and must leave the idle word's count by doing so
			t = w.next()
		}
		if t == nil {
			if t = w.find(); t == nil {
				return
			}
		}
		w.current.Store(t)
		w.runs.Add(1)
		if again := t.runner.Run(w); again || !w.ctl.fast() {
			if !w.sliceEnded(t, again) {
				return
			}
		}
	}
}

// sliceEnded is what follows a slice when anything but "take the next" does. False: the goroutine should end.
func (w *Worker) sliceEnded(t *Task, again bool) bool {
	if w.ctl.lost() {
		w.current.Store(nil)
		if again {
			w.inject().put(t)
		}
		w.spill()
		if w.e.reseat(w, parked) {
			w.settle()
			return true
		}
		w.wake()
		return w.sleep()
	}
	if again {
		w.enqueue(t)
		// The task will be taken here next; others are needed only if it is not alone.
		if w.ring.len() > 1 || w.cell.Load() != nil {
			w.wake()
		}
	}
	w.ctl.yielded()
	// After yielded, because Close sets closing before it asks: either its wish comes after ours was taken back and
	// stands, or this load sees closing.
	return !w.e.closing.Load()
}

// next takes a task from what is at hand; nil: the local queues are empty.
func (w *Worker) next() *Task {
	w.turn--
	if w.turn <= 0 {
		if t := w.lookUp(); t != nil {
			return t
		}
	}
	if w.cell.Load() != nil {
		if w.streak++; w.streak <= cellBudget {
			if t := w.cell.Swap(nil); t != nil {
				return t
			}
		} else if t := w.cell.Swap(nil); t != nil {
			w.enqueue(t) // E2: behind those that it and its friends kept overtaking
		}
	}
	w.streak = 0
	return w.ring.pop()
}

// lookUp is what a busy worker does every injectEvery slices: see to those who are not in its own queues.
func (w *Worker) lookUp() *Task {
	w.turn = injectEvery
	if w.goschedIn--; w.goschedIn <= 0 {
		w.goschedIn = w.e.ties.goschedEvery
		w.current.Store(nil) // not in a slice: waiting for Go's scheduler is not standing still
		runtime.Gosched()
		w.settle()
	}
	t := w.inject().take(&w.ring, 0)
	if t == nil {
		return nil
	}
	w.c.injected.Add(1)
	w.streak = 0
	return t
}

// find looks for work everywhere, and parks when there is none. nil: the goroutine should end.
func (w *Worker) find() *Task {
	w.current.Store(nil)
	for {
		if t := w.search(); t != nil {
			return t
		}
		if !w.park() {
			return nil
		}
	}
}

// search looks for work everywhere, in a few rounds.
func (w *Worker) search() *Task {
	for round := range searchRounds {
		if w.e.closing.Load() || w.ctl.lost() {
			return nil
		}
		if t := w.inject().take(&w.ring, w.share(w.seat.Load().dom)); t != nil {
			w.c.injected.Add(1)
			w.found()
			return t
		}
		if !w.searching && !w.e.idle.beginSearch(w.e.permits) {
			return nil // enough others do
		}
		w.searching = true
		if t := w.rob(round >= nearRounds); t != nil {
			w.found()
			return t
		}
		if round < searchRounds-1 && !w.locked { // a locked one would pay two switches of threads
			runtime.Gosched()
		}
	}
	return nil
}

// share is how many tasks, after the first, w may take out of d's injection queue at once: its fair part, and never
// more than half a ring.
func (w *Worker) share(d *domain) int {
	return min(int(d.inject.size.Load())/w.e.permits, len(w.ring.slots)/2)
}

// found ends a search that had success. The last one to stop searching must look whether there is more: whoever
// pushed while it searched relied on it and woke nobody.
func (w *Worker) found() {
	if w.searching {
		w.searching = false
		if !w.e.idle.endSearch() {
			return
		}
	} else if w.ring.len() == 0 {
		return
	}
	if w.e.anyReady() {
		w.wake()
	}
}
