package bastion

import (
	"context"
	"fmt"

	"github.com/bastion-go/bastion/executor"
)

// A Ref refers to a process for as long as its child exists, through every
// restart (contract L1). Refs can be compared and used as map keys. The zero Ref
// refers to nobody: sends to it answer ErrNoProcess.
type Ref struct{ p *process }

// IsZero reports whether r refers to nobody.
func (r Ref) IsZero() bool { return r.p == nil }

// ID is the number of the process, unique in its system; 0 for the zero Ref.
func (r Ref) ID() uint64 {
	if r.p == nil {
		return 0
	}
	return r.p.id
}

// Name is the last element of the path.
func (r Ref) Name() string {
	if r.p == nil {
		return ""
	}
	return r.p.name()
}

// Path is where the process stands in its system, for example
// "/bastion/counting/feeders/3"; empty for the zero Ref.
func (r Ref) Path() string {
	if r.p == nil {
		return ""
	}
	return r.p.path()
}

// String is the path and the number, or "nobody".
func (r Ref) String() string {
	if r.p == nil {
		return "nobody"
	}
	return fmt.Sprintf("%s#%d", r.p.path(), r.p.id)
}

// Tell sends msg to the process and returns nil once it is accepted: it is in
// the mailbox and will be handled at most once, after what this sender sent
// before (contracts D1 to D3). It may be called from anywhere, and before the
// system was started: the message is kept. msg is shared with the receiver; do
// not change it afterwards.
//
// It does not wait, and of ctx only the process it belongs to matters, unless the
// receiver's mailbox is full and has WaitForRoom: then it waits, under ctx, for its
// turn among those who wait, and a handler's slot goes to others meanwhile. When
// ctx ends first, the message is withdrawn and the error is that of ctx.
//
// With an error the message was not accepted: ErrNilMessage, ErrNoProcess,
// ErrStopped, or ErrEnded when ctx belongs to an incarnation that is over; and of a
// child with a Mailbox in its spec ErrFull, ErrTooLarge, ErrDeadlock when the wait
// would close a ring of processes that wait for one another, ErrNotStarted instead
// of a wait before the start, or what a function of the Mailbox has panicked with.
func (r Ref) Tell(ctx context.Context, msg any) error {
	if msg == nil {
		return ErrNilMessage
	}
	if r.p == nil {
		return ErrNoProcess
	}
	return r.p.send(ctx, envelope{msg: msg})
}

// send offers one envelope on behalf of ctx.
func (p *process) send(ctx context.Context, e envelope) error {
	var c *Context
	var l *local
	var w *executor.Worker
	if ctx != nil {
		c, l, w = origin(ctx)
	}
	if c != nil {
		if c.ended() {
			return ErrEnded
		}
		if c.sends && e.q == nil && e.hops == 0 && c.filters() {
			return c.sendThrough(ctx, p, e)
		}
		if c.names(ctx) {
			e.from = c.p
		}
	}
	if l == nil || l.sys != p.plan.sys {
		if s := p.plan.sys; s.seeded != nil {
			s.point()
			if c != nil && c.ended() {
				return ErrEnded
			}
			if s.faults != nil {
				if err := s.faults.Send(ctx, Ref{p}, plain(e.msg)); err != nil {
					return err
				}
			}
			return p.sendSeeded(ctx, c, e, false)
		}
		if p.plan.keep != nil {
			return p.deposit(sending{ctx: ctx, c: c, patient: !e.everyone}, e)
		}
		return p.sendOutside(e)
	}
	if p.plan.keep != nil {
		return p.deposit(sending{ctx: ctx, c: c, l: l, w: w, patient: !e.everyone}, e)
	}
	return p.sendInside(l, w, e)
}

// sendInside sends from a goroutine of the runtime, with what that has for itself.
func (p *process) sendInside(l *local, w *executor.Worker, e envelope) error {
	n := l.nodes.Get()
	n.Value = e
	switch p.box.Push(n) {
	case pushedClosed:
		l.nodes.Put(n)
		return ErrStopped
	case pushedFirst:
		l.accepted.Add(1)
		p.schedule(w)
	default:
		l.accepted.Add(1)
	}
	return nil
}

// sendOutside sends from a goroutine that has no cache of its own. The borrowed
// magazine's lock covers the counter of the books, too.
func (p *process) sendOutside(e envelope) error {
	sys := p.plan.sys
	m := sys.depot.Borrow(key())
	if m == nil {
		return p.sendAlone(e)
	}
	n := m.Get()
	n.Value = e
	pushed := p.box.Push(n)
	if pushed == pushedClosed {
		m.Put(n)
	} else {
		m.Count.Store(m.Count.Load() + 1)
	}
	m.Return()
	return p.pushed(pushed)
}

// sendAlone is for the case that all magazines are taken.
func (p *process) sendAlone(e envelope) error {
	n := &node{Value: e}
	pushed := p.box.Push(n)
	if pushed != pushedClosed {
		p.plan.sys.books.accepted.Add(1)
	}
	return p.pushed(pushed)
}

func (p *process) pushed(how pushed) error {
	switch how {
	case pushedClosed:
		return ErrStopped
	case pushedFirst:
		p.schedule(nil)
	}
	return nil
}
