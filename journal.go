package bastion

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
)

const (
	// maxJournal is how many records wait for a logger that does not keep up.
	maxJournal = 4096
	// journalGrace is how long a stopping system waits for its last records.
	journalGrace = time.Second
)

// A journal writes to the system's logger, in order, on the executor. The logger
// is the user's: it may block, panic, end its goroutine, or call back into the
// system, and nothing that supervises may wait for it. A goroutine for each
// record instead, joined by the agenda, doubled the cost of a restart (4.6 to
// 8.4 µs) and still waited.
type journal struct {
	task executor.Task
	exec *executor.Executor
	log  *slog.Logger

	// due says that the records are left to the caller on whose worker the failure is
	// dealt with: ending.finish, or the executor's own turn on an agenda. Nobody else
	// can deal with an event that names the worker it is on: a caller works off an
	// agenda only if it found it empty. Set by write, taken back by a CAS.
	due atomic.Bool

	mu     sync.Mutex
	queue  []func()
	active bool
	lost   int           // records that found the queue full
	empty  chan struct{} // closed when the queue has run empty; nil: nobody waits
}

// write adds a record; f makes and writes it. here: the caller calls workOff soon.
func (j *journal) write(f func(), here bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) >= maxJournal {
		j.lost++
		return
	}
	j.queue = append(j.queue, f)
	if j.active {
		return
	}
	if j.active = true; here {
		j.due.Store(true)
	} else {
		j.exec.Submit(&j.task)
	}
}

// workOff writes what write left to its caller. A logger that blocks blocks a
// worker, which is replaced.
func (j *journal) workOff(w *executor.Worker) {
	if j.due.Load() && j.due.CompareAndSwap(true, false) && j.Run(w) {
		j.exec.Submit(&j.task)
	}
}

// Run is called by the executor. A record that ends the goroutine costs a worker,
// which is replaced, and the rest is left to the next slice.
func (j *journal) Run(w *executor.Worker) (again bool) {
	returned := false
	defer func() {
		if !returned {
			j.exec.Submit(&j.task)
		}
	}()
	for n := 0; ; n++ {
		f := j.next()
		if f == nil || n == budget {
			returned = true
			return f != nil
		}
		w.Step()
		j.drop()
		contain(func() error { f(); return nil }, func(error) {})
	}
}

// next is the oldest record; nil, and the journal at rest, if there is none.
func (j *journal) next() func() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) > 0 {
		return j.queue[0]
	}
	if j.lost > 0 {
		lost := j.lost
		j.lost = 0
		j.queue = append(j.queue, func() { j.log.Warn("bastion: the logger did not keep up", "records lost", lost) })
		return j.queue[0]
	}
	j.queue, j.active = nil, false
	if j.empty != nil {
		close(j.empty)
		j.empty = nil
	}
	return nil
}

func (j *journal) drop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.queue[0] = nil
	j.queue = j.queue[1:]
}

// flush waits until all is written, for a moment at most.
func (j *journal) flush(s *System) {
	j.mu.Lock()
	if !j.active {
		j.mu.Unlock()
		return
	}
	if j.empty == nil {
		j.empty = make(chan struct{})
	}
	empty, late := j.empty, make(chan struct{})
	j.mu.Unlock()
	limit := s.clock.AfterFunc(journalGrace, func() { close(late) })
	defer limit.Stop()
	if s.waits("the journal", nil, executor.Closed(empty), executor.Closed(late)) >= 0 {
		return
	}
	select {
	case <-empty:
	case <-late:
	}
}

// note writes a record to the system's logger, soon.
func (s *System) note(level slog.Level, msg string, args ...any) {
	s.journal.write(func() { s.log.Log(context.Background(), level, msg, args...) }, false)
}

// logCrash writes a crash report, with its stack, to the system's logger, soon. w
// is the worker on which the failure is dealt with, unless that is dying of it.
func (s *System) logCrash(r *CrashReport, w *executor.Worker) {
	here := w != nil && w.Here() && !errors.Is(r.Reason, ErrGoexit)
	s.journal.write(func() {
		text := "bastion: process failed"
		if r.Chain() != nil {
			text = "bastion: supervisor gave up"
		}
		s.log.LogAttrs(context.Background(), slog.LevelError, text, slog.Any("", r))
	}, here)
}
