package executor

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"strconv"

	"github.com/bastion-go/bastion/internal/goid"
)

// readyTask is a task that was submitted.
type readyTask struct {
	e *Executor
	t *Task
}

// submit makes t ready. Any goroutine may call it.
func (s *Seeded) submit(e *Executor, t *Task) {
	if g := goid.Self(); g != 0 && s.holder.Load() != g {
		s.stranger(g)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.Load() || e.closing.Load() {
		return
	}
	if s.tasks[t] == 0 {
		s.lastID++
		s.tasks[t] = s.lastID
	}
	s.ready = append(s.ready, readyTask{e, t})
}

func (s *Seeded) unready(t *Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.ready, func(r readyTask) bool { return r.t == t })
	s.ready = slices.Delete(s.ready, i, i+1)
}

// drop forgets the tasks of an executor that closes.
func (s *Seeded) drop(e *Executor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready = slices.DeleteFunc(s.ready, func(r readyTask) bool { return r.e == e })
}

// carrierFor returns a strand that will do c, which is a task or a timer: the caller's own if it is an idle carrier,
// else another, which may be new.
func (s *Seeded) carrierFor(c Candidate, self *strand) *strand {
	s.mu.Lock()
	st := self
	if i := slices.Index(s.idle, self); i >= 0 {
		s.idle = slices.Delete(s.idle, i, i+1)
	} else if n := len(s.idle); n > 0 {
		st = s.idle[n-1]
		s.idle = s.idle[:n-1]
	} else {
		st = nil
	}
	s.mu.Unlock()
	if st == nil {
		st = s.newStrand("")
		st.carrier = true
		go s.carry(st)
	}
	st.item, st.id = c, c.ID
	s.mu.Lock()
	s.strands = append(s.strands, st)
	s.mu.Unlock()
	return st
}

// carry is a carrier's goroutine. A task or timer may end it by Goexit.
func (s *Seeded) carry(st *strand) {
	defer close(st.gone)
	if !st.enter() {
		return
	}
	defer func() {
		s.forget(st)
		s.detach(st, false)
		s.next(nil, st.id)
	}()
	for {
		if t := st.item.timer; t != nil {
			t.f()
		} else {
			s.slice(st)
		}
		id := st.id
		st.item = Candidate{}
		s.mu.Lock()
		s.rest(st)
		s.idle = append(s.idle, st)
		s.mu.Unlock()
		s.next(st, id)
	}
}

// slice runs a task once.
func (s *Seeded) slice(st *strand) {
	e, t := st.item.task.e, st.item.task.t
	w := e.borrow()
	w.g.Store(goid.Self())
	pprof.SetGoroutineLabels(w.labels())
	w.current.Store(t)
	w.runs.Add(1)
	w.c.injected.Add(1)
	st.w, st.base = w, w.steps.Load()
	again := t.runner.Run(w)
	s.detach(st, true)
	if again {
		s.submit(e, t)
	}
}

// detach takes a carrier's worker back when its slice has ended.
func (s *Seeded) detach(st *strand, finished bool) {
	w := st.w
	if w == nil {
		return
	}
	st.w = nil
	w.current.Store(nil)
	w.g.Store(0)
	if !finished {
		w.c.goexits.Add(1)
	}
	w.e.giveBack(w)
}

// The executor's side. In the seeded mode a worker is what a slice borrows; it has no goroutine and no seat.

// enlist adds an executor to the run.
func (s *Seeded) enlist(e *Executor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.execs = append(s.execs, e)
}

// borrow takes a worker for a slice.
func (e *Executor) borrow() *Worker {
	e.mu.Lock()
	w := e.dormant
	if w != nil {
		e.dormant, w.below = w.below, nil
	}
	e.mu.Unlock()
	if w == nil {
		w = e.newWorker()
	}
	e.mu.Lock()
	e.lent++
	e.mu.Unlock()
	return w
}

// giveBack is the reverse of borrow.
func (e *Executor) giveBack(w *Worker) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.below, e.dormant = e.dormant, w
	e.lent--
}

// startSeeded makes ready what was submitted before the start.
func (e *Executor) startSeeded() {
	e.mu.Lock()
	if e.started || e.closed {
		e.mu.Unlock()
		return
	}
	e.started = true
	e.mu.Unlock()
	none := newRing(0)
	for _, d := range e.domains {
		for t := d.inject.take(&none, 0); t != nil; t = d.inject.take(&none, 0) {
			e.seeded.submit(e, t)
		}
	}
}

// submitSeeded is Submit in the seeded mode.
func (e *Executor) submitSeeded(t *Task) {
	e.mu.Lock()
	started := e.started
	e.mu.Unlock()
	if started {
		e.seeded.submit(e, t)
		return
	}
	e.domains[0].inject.put(t)
}

// closeSeeded is Close in the seeded mode. It waits until no slice is under way, for closeGrace of virtual time.
func (e *Executor) closeSeeded(ctx context.Context) error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.closing.Store(true)
	s := e.seeded
	s.drop(e)
	e.futures.close()
	mine := 0
	if st := s.self(); st != nil && st.w != nil && st.w.e == e {
		mine = 1 // a task that closes its own executor does not wait for itself
	}
	late := make(chan struct{})
	limit := s.clock.AfterFunc(closeGrace, func() { close(late) })
	defer limit.Stop()
	s.Wait("slices to end", nil, func() bool { return e.slices() <= mine }, Closed(late), Closed(ctx.Done()))
	if n := e.slices(); n > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("executor: close: %w", err)
		}
		return fmt.Errorf("executor: close: %w: %d", ErrBlocked, n)
	}
	return nil
}

// slices is how many slices are under way, in the seeded mode.
func (e *Executor) slices() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lent
}

// labels are the pprof labels of w's goroutine.
func (w *Worker) labels() context.Context {
	if w.marks == nil {
		w.marks = pprof.WithLabels(context.Background(), pprof.Labels(
			labelExecutor, w.e.label, labelWorker, strconv.Itoa(w.id)))
	}
	return w.marks
}

// handOn is what Submit does on a worker without a seat: its cell must not keep what others could run.
func (w *Worker) handOn() {
	s := w.e.seeded
	if s == nil {
		w.spill()
		w.wake()
		return
	}
	if t := w.cell.Swap(nil); t != nil {
		w.e.submitSeeded(t)
	}
}

// mustYield is Yield when there is something to attend to. A seeded slice ends after any unit of work, but not before
// the first.
func (w *Worker) mustYield() bool {
	s := w.e.seeded
	if s == nil {
		return true
	}
	st := s.self()
	if st == nil || st.w != w {
		return true
	}
	if w.steps.Load() == st.base {
		return false
	}
	s.life.Add(1)
	return s.ask(Choice{Kind: ChooseYield, N: 2, Last: st.id}) == 1
}
