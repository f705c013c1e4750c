package command

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/bastion-go/bastion/internal/osproc"
)

// lastWait is how long an incarnation waits for the end of the one before it. What
// SIGKILL has not ended by then hangs in the kernel.
const lastWait = 5 * time.Second

// A lineage keeps the last run of each process of a Behavior, so that no incarnation
// begins beside what is left of the one before: that may have been killed, or
// abandoned, and had no time to wait.
type lineage struct {
	mu   sync.Mutex
	runs map[uint64]*osproc.Process // by the ID of the process; a group has several
}

func (l *lineage) enter(id uint64, p *osproc.Process) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.runs == nil {
		l.runs = map[uint64]*osproc.Process{}
	}
	l.runs[id] = p
}

// leave forgets the runs that have ended.
func (l *lineage) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.runs, func(_ uint64, p *osproc.Process) bool { return closed(p.Done()) })
}

// wait waits for the end of the last run.
func (l *lineage) wait(ctx context.Context, id uint64) error {
	l.mu.Lock()
	last := l.runs[id]
	l.mu.Unlock()
	if last == nil {
		return nil
	}
	last.Kill() // it has had its orders; this is for one whose loop was lost
	t := time.NewTimer(lastWait)
	defer t.Stop()
	select {
	case <-last.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return errLastLives
	}
}

var errLastLives = errors.New("command: the last run was killed but has not ended")
