package bastion

import (
	"context"
	"log/slog"
	"sync"
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

	mu     sync.Mutex
	queue  []func()
	active bool
	lost   int           // records that found the queue full
	empty  chan struct{} // closed when the queue has run empty; nil: nobody waits
}

// write adds a record; f makes and writes it.
func (j *journal) write(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.queue) >= maxJournal {
		j.lost++
		return
	}
	j.queue = append(j.queue, f)
	if !j.active {
		j.active = true
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
func (j *journal) flush(clock executor.Clock) {
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
	limit := clock.AfterFunc(journalGrace, func() { close(late) })
	defer limit.Stop()
	select {
	case <-empty:
	case <-late:
	}
}

// note writes a record to the system's logger, soon.
func (s *System) note(level slog.Level, msg string, args ...any) {
	s.journal.write(func() { s.log.Log(context.Background(), level, msg, args...) })
}

// logCrash writes a crash report, with its stack, to the system's logger, soon.
func (s *System) logCrash(r *CrashReport) {
	s.journal.write(func() {
		s.log.LogAttrs(context.Background(), slog.LevelError, "bastion: process failed",
			slog.String("path", r.Path), slog.Uint64("id", r.ID), slog.Uint64("incarnation", r.Incarnation),
			slog.Any("reason", r.Reason), slog.Any("message", lazy(r.message)), slog.Int("mailbox", r.MailboxLen),
			slog.Duration("uptime", r.Uptime), slog.Int("restarts", r.Restarts),
			slog.String("decision", r.Decision), slog.Any("stack", lazy(r.Stack)))
	})
}
