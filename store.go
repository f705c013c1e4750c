package bastion

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/backlog"
	"github.com/bastion-go/bastion/internal/mailbox"
)

// A store holds what waits in a mailbox that is more than a box. The box stays the
// mechanism of ownership and wakes, and its system lane what it is; its user lane
// carries nothing but the marker of an abandoner.
//
//	sender:  lock   insert   length=n   unlock   Own: if it was idle, schedule
//	owner:   lock   take     length=n   unlock   …   Release   FENCE   read length: if not 0, Own
//
// Either the sender sees the box idle, or whoever gave it up sees the length: the
// pairing of PushSys and HasSys.
type store struct {
	keep *keeping
	own  *ownOrder // nil: no Queue

	mu     sync.Mutex // no other lock is taken under it; askMu may be held before
	log    *backlog.Backlog[envelope, *process]
	closed bool
	queued line

	// What others may see without the lock; written under it. length pairs with the
	// box's head, see above; the rest is for the inspector.
	length atomic.Int64
	// arrivals counts what came in, for a loop that sleeps on what it does not want.
	arrivals atomic.Uint64
	bytes    atomic.Int64
	waiting  atomic.Int64
}

func newStore(k *keeping) *store {
	s := &store{keep: k}
	if k.Queue == nil {
		s.log = backlog.New[envelope, *process](k.rules)
		return s
	}
	s.own = &ownOrder{make: k.Queue}
	s.log = backlog.NewOwn[envelope, *process](k.rules, s.own)
	s.own.log = s.log
	return s
}

// store is what the process's messages wait in; nil: its box.
func (p *process) store() *store {
	if p.plan.keep == nil {
		return nil
	}
	return p.ext.Load().store
}

func (s *store) now(p *process) int64 {
	if !s.keep.timed {
		return 0
	}
	return p.sys().clock.Now().UnixNano()
}

// noted publishes what changed under the lock.
func (s *store) noted() {
	s.length.Store(int64(s.log.Len()))
	s.arrivals.Store(s.log.Arrivals())
	s.bytes.Store(int64(s.log.Bytes()))
}

// An outcome is what an operation on a store leaves to be done without its lock.
type outcome struct {
	verdict backlog.Verdict
	lost    loss
	more    []loss // after lost
	broken  error
}

// A loss is one message that is to be discarded.
type loss struct {
	e    envelope
	why  DiscardReason
	real bool
}

const storeClosed backlog.Verdict = 0xff

// collect takes over the chain of what had to go.
func (o *outcome) collect(s *store, gone *item, cleared DiscardReason) {
	for gone != nil {
		l := loss{e: gone.Value, why: cleared, real: true}
		switch gone.Why {
		case backlog.Overflow:
			l.why = DiscardOverflow
		case backlog.Replaced:
			l.why = DiscardReplaced
		case backlog.Expired:
			l.why = DiscardExpired
		}
		if !o.lost.real {
			o.lost = l
		} else {
			o.more = append(o.more, l)
		}
		gone = s.log.Recycle(gone)
	}
}

// settleStore does what was left to be done.
func (p *process) settleStore(o *outcome) {
	if o.lost.real {
		p.lose(&o.lost.e, o.lost.why, o.lost.why.reason())
		for i := range o.more {
			p.lose(&o.more[i].e, o.more[i].why, o.more[i].why.reason())
		}
	}
	if o.broken != nil {
		p.sys().note(slog.LevelError, "bastion: the queue of a mailbox broke down; what waits is handled in the order in which it came",
			"path", p.path(), "error", o.broken)
	}
}

// A sending is who sends, and how. The zero sending is the runtime's.
type sending struct {
	ctx     context.Context
	c       *Context         // whose call it is; nil: from outside
	l       *local           // the caller's own, if it is on its process's goroutine
	w       *executor.Worker // likewise
	patient bool             // it waits for room if that is the policy
	trace   *sendTrace       // nil: nobody traces
}

// deposit is send for a process with a store.
func (p *process) deposit(by sending, e envelope) error {
	s := p.store()
	var m measured
	if e.kind != kindSignal {
		var err error
		if m, err = s.keep.measure(p, &e); err != nil {
			return err
		}
	}
	for {
		o := s.offer(p, e, &m, by.patient)
		p.settleStore(&o)
		switch o.verdict {
		case storeClosed:
			return ErrStopped
		case backlog.TooLarge:
			return ErrTooLarge
		case backlog.Taken:
			p.accepted(by.l)
			by.trace.sent()
			p.wakeStore(by.w)
			return nil
		case backlog.Dropped:
			p.accepted(by.l)
			by.trace.sent()
			p.lose(&e, DiscardOverflow, ErrFull)
			p.wakeStore(by.w)
			return nil
		}
		p.wakeStore(by.w)
		if s.keep.Full != WaitForRoom || !by.patient {
			return ErrFull
		}
		again, err := p.waitForRoom(by, e, &m)
		if !again {
			return err
		}
	}
}

// accepted counts a message where its sender counts.
func (p *process) accepted(l *local) {
	if l != nil && l.sys == p.plan.sys {
		l.accepted.Add(1)
		return
	}
	p.sys().books.accepted.Add(1)
}

// wakeStore sees that somebody runs the process if anything waits. Not by the owner.
func (p *process) wakeStore(w *executor.Worker) {
	if p.store().length.Load() > 0 && p.box.Own() {
		p.schedule(w)
	}
}

// offer tries to take a message in.
func (s *store) offer(p *process, e envelope, m *measured, patient bool) (o outcome) {
	now := s.now(p)
	s.mu.Lock()
	defer s.mu.Unlock() // a user's queue may end the goroutine
	if s.closed {
		o.verdict = storeClosed
		return o
	}
	full := s.keep.full
	if !patient {
		full = backlog.Refuse
	}
	if s.queued.first != nil && e.kind != kindSignal {
		o.collect(s, s.log.Expire(now), 0)
		s.admit(p, now, &o)
		if s.queued.first != nil {
			o.verdict = backlog.NoRoom // nobody overtakes those who wait
			s.finish(&o)
			return o
		}
	}
	it := s.log.Item()
	m.fill(it, e, now)
	verdict, gone := s.log.Offer(it, full, now)
	if o.verdict = verdict; verdict != backlog.Taken {
		s.log.Recycle(it)
	}
	o.collect(s, gone, 0)
	s.finish(&o)
	return o
}

// finish is the end of every change under the lock.
func (s *store) finish(o *outcome) {
	s.noted()
	o.broken = s.own.broken()
}

// draw takes the message whose turn it is, or returns nil. Owner only, with empty
// hands.
func (p *process) draw(nodes *mailbox.Cache[envelope]) *node {
	s := p.store()
	if s.length.Load() == 0 && s.waiting.Load() == 0 {
		return nil
	}
	e, ok, o := s.pop(p)
	p.settleStore(&o)
	if !ok {
		return nil
	}
	n := nodes.Get()
	n.Value = e
	return n
}

func (s *store) pop(p *process) (e envelope, ok bool, o outcome) {
	now := s.now(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !ok {
		it, gone := s.log.Pop(now)
		o.collect(s, gone, 0)
		if it != nil {
			e, ok = it.Value, true
			s.log.Recycle(it)
		}
		s.admit(p, now, &o)
		if s.log.Len() == 0 {
			break
		}
	}
	s.finish(&o)
	return e, ok, o
}

// pending reports whether the owner would find a message. Owner only.
func (p *process) pending() bool { return p.box.Pending() || p.stored() }

// stored reports whether something waits in the store, if there is one.
func (p *process) stored() bool {
	return p.plan.keep != nil && p.store().length.Load() > 0
}

// waits is how many messages wait, as far as most.
func (p *process) waits(most int) int {
	n := p.box.LenUpTo(most)
	if s := p.store(); s != nil {
		n = min(n+int(s.length.Load()), most)
	}
	return n
}

// seal closes the store if nothing waits in it or for it, and reports whether it is
// closed now. Owner only.
func (s *store) seal() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.log.Len() > 0 || s.queued.first != nil {
		return false
	}
	s.closed = true
	return true
}

// emptyStore discards what waits. With closing nothing is accepted any more, and those
// who wait for room are told so. Agenda only.
func (p *process) emptyStore(why DiscardReason, closing bool) {
	s := p.store()
	if s == nil {
		return
	}
	var o outcome
	s.mu.Lock()
	s.closed = s.closed || closing
	gone := s.log.Clear()
	o.collect(s, gone, why)
	if s.own != nil {
		s.own.q, s.own.picked = nil, 0
	}
	for closing && s.queued.first != nil {
		s.resolve(s.queued.first, ErrStopped)
	}
	s.noted()
	s.mu.Unlock()
	p.settleStore(&o)
}

// reopenStore accepts messages again. Agenda only.
func (p *process) reopenStore() {
	s := p.store()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = false
}
