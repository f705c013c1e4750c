package bastion

import (
	"context"
	"errors"
	"fmt"

	"github.com/bastion-go/bastion/internal/supervise"
)

// An Exit is an exit signal as a process receives it that traps them
// (Context.TrapExits).
type Exit struct {
	From        Ref    // whose end, or who called Ref.Exit; zero: from outside
	Incarnation uint64 // of From; 0: from outside
	Reason      error  // as in Down; never nil
	Linked      bool   // a link broke; false: Ref.Exit
}

// An ExitError is why an incarnation ended that got an exit signal and did not
// trap it. Unwrap is the signal's reason. What the process is linked with is told
// that reason and not this error, as in OTP: a reason travels along a chain of
// links unchanged.
type ExitError struct {
	From   string // path; empty: from outside
	Linked bool   // a link broke; false: Ref.Exit
	Reason error  // never nil
}

func (e *ExitError) Error() string {
	from := e.From
	if from == "" {
		from = "outside"
	}
	if e.Linked {
		from = "link with " + from
	}
	return "bastion: exit signal (" + from + "): " + e.Reason.Error()
}

// Unwrap is the reason of the signal.
func (e *ExitError) Unwrap() error { return e.Reason }

// Exit makes the error with which a process ends itself on purpose: a handler,
// a loop or a goroutine of Context.Go returns it. The restart type decides what
// follows. With ErrNormal (or nil) and ErrShutdown, also wrapped, it is no failure:
// nothing is logged, the message in hand counts as handled, and only a permanent
// child is started again. Any other reason is a failure.
//
// It is an error like any other that a handler returns, except that a condition's
// Resume does not apply. If it is not returned, nothing happens.
func (c *Context) Exit(reason error) error {
	if reason = sound(reason); reason == nil {
		reason = ErrNormal
	}
	return &exiting{reason}
}

// exiting is what Context.Exit returns.
type exiting struct{ reason error }

func (e *exiting) Error() string { return "bastion: exit: " + e.reason.Error() }
func (e *exiting) Unwrap() error { return e.reason }

// intended is the reason of an end by Context.Exit, and whether it was one.
func intended(err error) (reason error, on bool) {
	if x, ok := err.(*exiting); ok {
		return x.reason, true
	}
	var x *exiting
	return err, errors.As(err, &x)
}

// Exit sends an exit signal to the present incarnation of the process. If that
// traps exits it receives an Exit message. Otherwise its Context is cancelled, it
// ends with that reason (an ExitError) after the message in hand, and the stop
// hook runs, both within its shutdown time, which counts from the first signal;
// then the restart type decides, so a transient child is started again unless the
// reason is ErrShutdown. That is the difference to Stop and Kill, which are orders
// to the supervisor. What comes first counts: one that is being killed already is
// not concerned, one that has been told to stop ends as it was told, but its Context
// is cancelled and it drains no further.
//
// ErrNormal (or nil) is ignored by a process that does not trap exits, unless it
// comes from itself: that ends it. ErrKilled itself, not wrapped, cannot be
// trapped: the Context is cancelled, no hook runs, what does not return at once is
// abandoned, and the process has failed with ErrKilled, which links and monitors
// see as any other reason.
//
// Exit does not wait. Nil: the signal has reached the incarnation, which may be
// ending for another reason. Messages sent before keep their order to a trapped
// Exit. ErrNoProcess: the zero Ref, or the process has no incarnation at this
// moment. ErrStopped: it has stopped for good. ErrEnded: ctx belongs to an
// incarnation that is over. From any goroutine.
func (r Ref) Exit(ctx context.Context, reason error) error {
	if r.p == nil {
		return ErrNoProcess
	}
	by := contextOf(ctx)
	if by != nil && by.ended() {
		return ErrEnded
	}
	if reason = sound(reason); reason == nil {
		reason = ErrNormal
	}
	exit := Exit{Reason: reason}
	if by != nil {
		exit.From, exit.Incarnation = by.Self(), by.Incarnation()
	}
	return r.p.exit(exit)
}

// exit delivers the signal of Ref.Exit.
func (p *process) exit(exit Exit) error {
	t := p.ties()
	t.mu.Lock()
	c := p.present()
	switch {
	case c == nil && p.departed():
		t.mu.Unlock()
		return ErrStopped
	case c == nil:
		t.mu.Unlock()
		return ErrNoProcess
	case exit.Reason == ErrKilled:
		t.mu.Unlock()
		p.plan.parent.post(event{kind: eventKill, id: uint64(p.index), p: p, inc: c.inc})
		return nil
	case t.trap:
		t.mu.Unlock()
		p.signal(c.inc, exit.From.p, nil, exit)
		return nil
	}
	hit := c.strike(exit)
	t.mu.Unlock()
	if hit {
		c.struck(exit.Reason)
	}
	return nil
}

// strike is an exit signal's effect on an incarnation that does not trap it: from
// here on it is bound to end. True: the caller goes on with struck, without locks.
func (c *Context) strike(exit Exit) bool {
	if classify(exit.Reason) == supervise.ClassNormal && (exit.Linked || exit.From.p != c.p) {
		return false
	}
	if c.p.state.load()&orderStop == 0 {
		c.more().fail(&ExitError{From: exit.From.Path(), Linked: exit.Linked, Reason: exit.Reason})
	}
	return c.p.state.strike(c.inc)
}

// struck makes an incarnation that is bound to end notice that, and gives it its
// shutdown time for it.
func (c *Context) struck(cause error) {
	c.cancel(cause)
	c.p.nudge()
	c.p.plan.parent.post(event{kind: eventEnding, id: uint64(c.p.index), p: c.p, inc: c.inc})
}

// slain kills an incarnation because of a signal, which is a failure. Agenda only.
func (p *process) slain(inc uint32) {
	if p.ctx.Load().inc == inc && p.state.condemn(inc, orderSlay) {
		p.kill()
	}
}

// parting is the reason of an end as links and monitors are told it.
func parting(reason error) error {
	switch e := reason.(type) {
	case nil:
		return ErrNormal
	case *ExitError:
		return e.Reason
	}
	if reason == ErrAbandoned {
		return errOutlived
	}
	return reason
}

// classify is what an exit's reason means for the restart type. The failure of
// somebody else that a reason wraps (an ask's FailedError, a StartError) does not
// speak for this process, nor does what it panicked with.
func classify(reason error) supervise.Class {
	switch e := reason.(type) {
	case nil:
		return supervise.ClassNormal
	case *FailedError, *StartError, *EscalationError, *PanicError:
		return supervise.ClassAbnormal
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return classify(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if class := classify(inner); inner != nil && class != supervise.ClassAbnormal {
				return class
			}
		}
	}
	switch reason {
	case ErrNormal:
		return supervise.ClassNormal
	case ErrShutdown:
		return supervise.ClassShutdown
	}
	return supervise.ClassAbnormal
}

// errOutlived is the end of an incarnation that was killed and did not return.
var errOutlived = fmt.Errorf("%w: %w", ErrKilled, ErrAbandoned)

// orderly reports whether an end for that reason is no failure.
func orderly(reason error) bool { return classify(reason) != supervise.ClassAbnormal }
