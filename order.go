package bastion

import (
	"context"
	"slices"

	"github.com/bastion-go/bastion/executor"
)

type orderKind uint8

const (
	orderAdd orderKind = iota
	orderHalt
	orderRemove
	orderRestart
	orderMove
	orderSpawn
	orderChange
	orderChangeChild
)

// An order is a call of the API on its way through an agenda.
type order struct {
	kind  orderKind
	halt  halt
	id    uint64          // of the child; 0: by name
	name  string          // of the child
	at    Position        // orderAdd, orderMove
	spec  *ChildSpec      // orderAdd, orderChangeChild
	super *SupervisorSpec // orderChange
	p     *process        // orderSpawn: a member that runs already; orderHalt: of a group
	made  *child          // orderAdd: the result
	user  Receiver        // orderSpawn: made on the caller's goroutine; nil: yet to be made
	done  chan error
}

// wantsUp and wantsDown say what an order waits for.
func wantsUp(o *order) bool {
	return o.kind == orderAdd || o.kind == orderRestart || o.kind == orderSpawn
}

func wantsDown(o *order) bool { return !wantsUp(o) }

// Waiters are the orders that wait for one child.
type waiters []*order

// answer tells those who want it, and keeps the others.
func (w *waiters) answer(wants func(*order) bool, err error) {
	left := (*w)[:0]
	for _, o := range *w {
		if wants(o) {
			o.answer(err)
		} else {
			left = append(left, o)
		}
	}
	clear((*w)[len(left):])
	if *w = left; len(left) == 0 {
		*w = nil
	}
}

// want reports whether any of them wants that.
func (w waiters) want(that func(*order) bool) bool { return slices.ContainsFunc(w, that) }

// down tells all of them that the child is down: some wanted that, to the others
// it is err.
func (w *waiters) down(err error) {
	w.answer(wantsDown, nil)
	w.answer(wantsUp, err)
}

// split parts those that want the child down from those that want it up.
func (w waiters) split() (downs, ups waiters) {
	for _, o := range w {
		if wantsUp(o) {
			ups = append(ups, o)
		} else {
			downs = append(downs, o)
		}
	}
	return downs, ups
}

// answer is called at least once for every order; only the first counts.
func (o *order) answer(err error) {
	select {
	case o.done <- err:
	default:
	}
}

// place puts an order on the agenda of b and waits until it is carried out. An
// order that would end the caller itself (ends says so) is not waited for, nor
// is one that is overtaken by an order to the caller to stop, nor a restart under
// a supervisor that waits for the caller's start: ErrPending.
func (b *base) order(ctx context.Context, o *order, ends func(*process) bool) error {
	ctx = someContext(ctx)
	o.done = make(chan error, 1)
	c := contextOf(ctx)
	if b.sys.stage.Load() == stageStopped {
		return o.afterwards()
	}
	if c == nil {
		b.post(event{kind: eventOrder, order: o})
		return o.wait(ctx, b.sys, nil)
	}
	if c.ended() {
		return ErrEnded
	}
	pending := c.p.sys() == b.sys && ends != nil && ends(c.p)
	b.post(event{kind: eventOrder, order: o})
	select {
	case err := <-o.done:
		return err
	default:
	}
	if pending || o.kind == orderRestart && c.p.starting() && c.p.plan.parent.within(b) {
		return ErrPending
	}
	defer c.block()()
	return o.wait(ctx, b.sys, c.Stopping())
}

// wait waits for the answer, for the system's end, for the caller's order to stop,
// or for ctx to end.
func (o *order) wait(ctx context.Context, sys *System, stopping <-chan struct{}) error {
	if sys.seeded != nil {
		switch sys.waits("an order to be carried out", nil,
			executor.Filled(o.done), executor.Closed(sys.done), executor.Closed(stopping), done(ctx)) {
		case 0:
			return <-o.done
		case 1:
			return o.afterwards()
		case 2:
			return ErrPending
		case 3:
			return interrupted(ctx, stopping)
		}
	}
	select {
	case err := <-o.done:
		return err
	case <-sys.done:
		return o.afterwards()
	case <-stopping:
		return ErrPending
	case <-ctx.Done():
		return interrupted(ctx, stopping)
	}
}

// interrupted is the answer when ctx ends: that of the order to stop, if it is
// that which ended it, as it does a loop's.
func interrupted(ctx context.Context, stopping <-chan struct{}) error {
	select {
	case <-stopping:
		return ErrPending
	default:
		return ctx.Err()
	}
}

// afterwards is the answer when the system has stopped, and with it all agendas.
func (o *order) afterwards() error {
	if wantsUp(o) {
		return ErrStopped
	}
	return nil
}

// below says of the processes in the subtree of top that an order ends them.
func below(top *base) func(*process) bool {
	return func(p *process) bool { return p.plan.parent.within(top) }
}

// itself says of p alone that an order ends it.
func itself(p *process) func(*process) bool {
	return func(q *process) bool { return q == p }
}

// Stop ends the process for good: the message in hand finishes, the stop hook
// runs, within the child's shutdown time; the rest of the mailbox goes to the
// dead letters and open asks fail (contract L6). It is not restarted; its
// supervisor can start it again, and a new life of the supervisor does, also if it
// was stopped while that was between two lives. Stop waits until it is down, or ctx ends, which
// does not take the order back. Stopping what has stopped is no error.
//
// ErrPending: the process stops itself, or the caller was told to stop meanwhile.
// Before the system was started the child is only marked, and will not start.
func (r Ref) Stop(ctx context.Context) error { return r.end(ctx, haltStop) }

// Drain is Stop, but what is queued is handled first. What arrives meanwhile is,
// too, until the mailbox is empty once; that closes it, and the next is refused with
// ErrStopped. So what was accepted is handled, if the shutdown time is enough.
func (r Ref) Drain(ctx context.Context) error { return r.end(ctx, haltDrain) }

// Kill ends the process for good without asking: its Context is cancelled, no
// hook runs, and a handler that does not return at once is abandoned (L7).
func (r Ref) Kill(ctx context.Context) error { return r.end(ctx, haltKill) }

func (r Ref) end(ctx context.Context, how halt) error {
	return r.order(ctx, &order{kind: orderHalt, halt: how})
}

// Restart stops the process, if it runs, and starts it again, also if it had been
// stopped or had finished, and waits until the new incarnation has started. The
// mailbox stays. It does not count against any intensity. A start
// waits for an AfterStop callback of the life before. ErrStopped: it was
// forgotten, or its supervisor does not run. ErrPending as for Supervisor.Restart.
func (r Ref) Restart(ctx context.Context) error { return r.order(ctx, &order{kind: orderRestart}) }

// Remove stops the process, if it runs, and its supervisor forgets it. A member of
// a group is stopped: it leaves the group in any case.
func (r Ref) Remove(ctx context.Context) error { return r.order(ctx, &order{kind: orderRemove}) }

func (r Ref) order(ctx context.Context, o *order) error {
	if r.p == nil {
		return ErrNoProcess
	}
	o.id, o.p = uint64(r.p.index), r.p
	return r.p.plan.parent.order(ctx, o, itself(r.p))
}
