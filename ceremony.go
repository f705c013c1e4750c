package bastion

import (
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A ceremony is what the agenda of a supervisor or group knows of the callbacks of
// its present life. Nothing else goes on while one of them is under way: the start
// waits, and so does the end.
type ceremony struct {
	failure *Failure // why this life is a restart; nil: it is not
	rite    *rite    // under way; nil: none
	open    bool     // the children may start
}

// hold has a callback run, and reports whether there is one; when it is over,
// eventHook is posted.
func (b *base) hold(c *ceremony, h *callback, patience time.Duration) bool {
	if h == nil {
		return false
	}
	c.rite = b.sys.perform(b.path, *h, patience, func(err error) { b.post(event{kind: eventHook, reason: err}) })
	return true
}

// callOff ends the start that a callback belongs to: it may notice by its context,
// and a kill does not wait for it.
func (c *ceremony) callOff(how halt) {
	if c.rite == nil {
		return
	}
	c.rite.cancel()
	if how == haltKill {
		c.rite.abandon()
	}
}

// last returns what the n children of something that is down for good, and it
// itself, have to call: the last of them has its AfterStop callback run, so that
// it comes after theirs, and then makes the end known.
func (b *base) last(end passing, hook func(Failure), begun bool, inc uint64, n int) func() {
	left := new(atomic.Int64) // written by whoever calls; the one that makes it zero goes on
	left.Store(int64(n) + 1)
	return func() {
		switch {
		case left.Add(-1) > 0:
		case hook == nil || !begun:
			end.tell()
		default:
			b.sys.afterStop(hook, end.failure(b.path, Ref{}, inc), end.told)
		}
	}
}

// patience is how long a callback of a subtree or group may take.
func (c *ChildSpec) patience() time.Duration {
	if d := c.shutdown(); d > 0 {
		return d
	}
	return defaultShutdown
}

// patience is that of the child which the supervisor is.
func (s *supervisor) patience() time.Duration {
	if s.plan == nil {
		return defaultShutdown
	}
	return s.plan.terms().patience()
}

// open starts the children.
func (s *supervisor) open() {
	s.life.open = true
	s.step(supervise.Event{Kind: supervise.EvBoot}, nil)
}

// arrived tells the parent that all is up.
func (s *supervisor) arrived() {
	s.life.failure = nil
	s.mu.Lock()
	s.up = true
	s.mu.Unlock()
	s.report(event{kind: eventStarted})
}

// hooked goes on when a callback is over.
func (s *supervisor) hooked(failed error) {
	s.life.rite = nil
	switch {
	case s.machine.Ended():
		s.ended()
	case s.machine.Ending(): // the last child will tell
	case failed != nil:
		s.why = failed
		s.step(supervise.Event{Kind: supervise.EvShutdown}, nil)
	case !s.life.open:
		s.open()
	default:
		s.arrived()
	}
}

func (g *group) arrived(w *executor.Worker) {
	g.life.failure = nil
	g.mu.Lock()
	g.up = true
	g.mu.Unlock()
	g.report(event{kind: eventStarted, w: w})
}

// hooked goes on when a callback is over.
func (g *group) hooked(failed error) {
	g.life.rite = nil
	switch {
	case g.phase == groupEnding:
		g.endIfDown()
	case failed != nil:
		g.giveUp(failed, 0)
	case !g.life.open:
		g.life.open = true
		g.startNext(nil)
	default:
		g.arrived(nil)
	}
}
