package distributor

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion"
)

// A Distributor sends to a set of processes. It is made by New, belongs to one
// system, and may be used by any goroutine.
type Distributor struct {
	name     string
	sys      *bastion.System
	strategy Strategy
	attempts int // 0: as many as there are members

	// current is who the members are, for those who send. refresh alone writes it,
	// under mu; senders read it, and compare its version with the next word.
	current atomic.Pointer[roster]
	// version counts changes by Add, Remove, Follow and the like. Written under mu
	// after the change; senders read it, and refresh again under mu.
	version atomic.Uint64

	mu     sync.Mutex
	groups []*bastion.Group
	hand   map[bastion.Ref]entry // those added one by one
	seq    uint64                // given to the last of them
}

// An entry is a member that was added by itself.
type entry struct {
	seq uint64
	inc uint64 // that registered last by Join; 0: by hand
}

// New makes a Distributor of the system. A *bastion.SpecError names what is wrong
// with the spec.
func New(sys *bastion.System, spec Spec) (*Distributor, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	d := &Distributor{
		name: spec.Name, sys: sys, strategy: spec.Strategy, attempts: spec.Attempts,
		hand: make(map[bastion.Ref]entry),
	}
	if d.strategy == nil {
		d.strategy = new(RoundRobin)
	}
	d.current.Store(new(roster))
	d.Follow(spec.Groups...)
	return d, nil
}

// Name is the name in the Spec.
func (d *Distributor) Name() string { return d.name }

// TellOne tells the message to one member, whom the strategy chooses, as Ref.Tell
// does: nil once that one has accepted it. What is not accepted is offered to the
// next; none gets it twice, and no two get it.
//
// Otherwise nobody has it: ErrNoMembers; a *NobodyError, which is ErrFull or
// ErrStopped of those who were tried; bastion.ErrNilMessage; bastion.ErrEnded; or
// what the strategy has returned, such as ErrNoKey. The panic of a middleware, and the
// end of ctx while the chosen one makes the sender wait, are returned at once. It waits
// only where a Tell to the chosen one would.
func (d *Distributor) TellOne(ctx context.Context, msg any) error {
	r := d.roster()
	c := Call{Members: r.members, Index: r.index, Message: msg, sys: d.sys}
	to, err := d.pick(c)
	if err != nil {
		return err
	}
	if err = to.Tell(ctx, msg); err == nil {
		return nil
	}
	return d.offer(ctx, c, Result{to, err})
}

// offer goes on after the first has not accepted the message.
func (d *Distributor) offer(ctx context.Context, c Call, last Result) error {
	for {
		if !refused(last.Err) {
			return last.Err
		}
		c.Refused = append(c.Refused, last)
		if d.exhausted(c) {
			return &NobodyError{d.name, c.Refused}
		}
		to, err := d.pick(c)
		if err != nil {
			return err
		}
		if err = to.Tell(ctx, c.Message); err == nil {
			return nil
		}
		last = Result{to, err}
	}
}

// exhausted reports whether enough members have refused.
func (d *Distributor) exhausted(c Call) bool {
	return len(c.Refused) == len(c.Members) || len(c.Refused) == d.attempts
}

// refused reports whether an error of a Tell says that this member has not accepted
// the message, and another might. What else there is is the sender's own; and after a
// panic of a middleware nobody knows whether it had passed the message on.
func refused(err error) bool {
	for _, own := range []error{bastion.ErrEnded, bastion.ErrNilMessage, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, own) {
			return false
		}
	}
	var panicked *bastion.PanicError
	return !errors.As(err, &panicked)
}

// pick asks the strategy, and passes over who has refused.
func (d *Distributor) pick(c Call) (bastion.Ref, error) {
	if len(c.Members) == 0 {
		return bastion.Ref{}, ErrNoMembers
	}
	i, err := d.strategy.Pick(c)
	switch {
	case err != nil:
		return bastion.Ref{}, err
	case i < 0 || i >= len(c.Members):
		return bastion.Ref{}, ErrNoChoice
	case c.Refused != nil:
		i = c.Next(i)
	}
	return c.Members[i], nil
}

// candidates are those to whom a question is offered, one after the other. Whoever
// ranges on has been refused by the one before. Why there are none is left in why.
func (d *Distributor) candidates(msg any, why *error) iter.Seq[bastion.Ref] {
	return func(yield func(bastion.Ref) bool) {
		r := d.roster()
		c := Call{Members: r.members, Index: r.index, Message: msg, sys: d.sys}
		for {
			to, err := d.pick(c)
			if err != nil {
				*why = err
				return
			}
			if !yield(to) {
				return
			}
			if c.Refused = append(c.Refused, Result{To: to}); d.exhausted(c) {
				return
			}
		}
	}
}

// TellEveryone tells the same message to every member and says of each, in the order
// of Members, what came of it. One that is full or dead does not rob the others.
//
// The error says that nobody was told: ErrNoMembers, bastion.ErrNilMessage or
// bastion.ErrEnded.
func (d *Distributor) TellEveryone(ctx context.Context, msg any) ([]Result, error) {
	members := d.roster().members
	if len(members) == 0 {
		return nil, ErrNoMembers
	}
	results := make([]Result, len(members))
	for i, to := range members {
		err := to.Tell(ctx, msg)
		if i == 0 && (errors.Is(err, bastion.ErrNilMessage) || errors.Is(err, bastion.ErrEnded)) {
			return nil, err
		}
		results[i] = Result{to, err}
	}
	return results, nil
}
