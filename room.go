package bastion

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion/internal/backlog"
)

// A waiter is a sender who waits for room in a mailbox. It is recycled; whoever
// looks at it without a lock makes sure that it still is the one he means.
type waiter struct {
	e     envelope
	m     measured
	c     *Context // the sender's; nil: from outside
	trace *sendTrace

	to atomic.Pointer[process] // whose mailbox; set before the waiter is known to anybody
	// state changes under the store's lock only. Read by rings and conditions.
	state atomic.Uint32
	err   error         // why not, once state is waiterDone; under the store's lock
	wake  chan struct{} // one token, from whoever changes the state to waiterDone

	prev, next *waiter
}

const (
	waiterIdle   = iota // not in any line
	waiterQueued        // in line
	waiterDone          // accepted, or refused with err
)

var waiterPool = sync.Pool{New: func() any { return &waiter{wake: make(chan struct{}, 1)} }}

// A line is waiters, the first first. Under the store's lock.
type line struct{ first, last *waiter }

func (q *line) push(w *waiter) {
	if w.prev = q.last; q.last == nil {
		q.first = w
	} else {
		q.last.next = w
	}
	q.last = w
}

func (q *line) cut(w *waiter) {
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

// waitForRoom waits until the message is accepted, is refused, or ctx ends. again:
// there is room after all, and nothing was done.
func (p *process) waitForRoom(by sending, e envelope, m *measured) (again bool, err error) {
	ctx, c := someContext(by.ctx), by.c
	if !p.sys().begun() {
		return false, ErrNotStarted
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	w := waiterPool.Get().(*waiter)
	w.e, w.m, w.c, w.trace = e, *m, c, by.trace
	w.to.Store(p)
	if own := c != nil && c.kind != contextGo && c.mine(); own {
		again, err = p.enterLine(w)
		if !again && err == nil {
			if c.kind == contextHandler {
				defer c.block()()
			}
			err = p.stand(ctx, w)
		}
		c.p.more().room.Store(nil) // before it is recycled: it must not lead others astray
	} else if again = !p.store().enqueue(w); !again {
		err = p.stand(ctx, w)
	}
	w.e, w.m, w.c, w.err, w.trace = envelope{}, measured{}, nil, nil, nil
	w.state.Store(waiterIdle)
	waiterPool.Put(w)
	return again, err
}

// enterLine puts a process's own goroutine in line, unless that would close a ring
// of processes waiting for one another. As with asks, one lock makes "look, then
// wait" one step.
func (p *process) enterLine(w *waiter) (again bool, err error) {
	askMu.Lock()
	defer askMu.Unlock()
	if err := findRing(w.c.p, p); err != nil {
		return false, err
	}
	w.c.p.more().room.Store(w)
	return !p.store().enqueue(w), nil
}

// enqueue puts w in line. False: there is room, or the store is closed.
func (s *store) enqueue(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.queued.first == nil && s.log.Fits(w.m.size) {
		return false
	}
	w.state.Store(waiterQueued)
	s.queued.push(w)
	s.waiting.Add(1)
	return true
}

// stand waits in line.
func (p *process) stand(ctx context.Context, w *waiter) error {
	switch p.sys().waits("room in the mailbox of", Ref{p}, func() bool { return w.state.Load() == waiterDone }, done(ctx)) {
	case 0, 1:
	default:
		select {
		case <-w.wake:
			return w.err
		case <-ctx.Done():
		}
	}
	if p.leaveLine(w) {
		return ctx.Err()
	}
	<-w.wake // somebody came to it first, and has left a token
	return w.err
}

// leaveLine withdraws the message. False: it was accepted or refused before.
func (p *process) leaveLine(w *waiter) bool {
	left, o := p.store().withdraw(p, w)
	p.settleStore(&o)
	if left {
		p.wakeStore(nil)
	}
	return left
}

func (s *store) withdraw(p *process, w *waiter) (left bool, o outcome) {
	now := s.now(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.state.Load() != waiterQueued {
		return false, o
	}
	s.queued.cut(w)
	s.waiting.Add(-1)
	w.state.Store(waiterDone)
	s.admit(p, now, &o) // the next may be smaller
	s.finish(&o)
	return true, o
}

// admit takes in as many of those in line as there is room for. Under the lock, by
// whoever has made room.
func (s *store) admit(p *process, now int64, o *outcome) {
	for w := s.queued.first; w != nil; w = s.queued.first {
		if w.c != nil && w.c.ended() {
			s.resolve(w, ErrEnded)
			continue
		}
		it := s.log.Item()
		w.m.fill(it, w.e, now)
		verdict, gone := s.log.Offer(it, backlog.Refuse, now)
		o.collect(s, gone, 0)
		if verdict != backlog.Taken {
			s.log.Recycle(it)
			return
		}
		p.sys().books.accepted.Add(1)
		w.trace.sent()
		s.resolve(w, nil)
	}
}

// resolve ends a wait. Under the lock.
func (s *store) resolve(w *waiter, err error) {
	s.queued.cut(w)
	s.waiting.Add(-1)
	w.err = err
	w.state.Store(waiterDone)
	w.wake <- struct{}{}
}

// waitsForRoom is the process in whose mailbox p's own goroutine waits for room.
func (e *ext) waitsForRoom() *process {
	w := e.room.Load()
	if w == nil {
		return nil
	}
	to := w.to.Load()
	// As with questions: when it has been recycled, p no longer names it.
	if w.state.Load() != waiterQueued || e.room.Load() != w {
		return nil
	}
	return to
}
