package distributor

import (
	"slices"

	"github.com/bastion-go/bastion"
)

// Follow makes the members of the groups members, now and as they come and go. A
// group that is followed already, or is nobody, changes nothing.
func (d *Distributor) Follow(groups ...*bastion.Group) {
	d.change(func() (changed bool) {
		for _, g := range groups {
			if g == nil || g.Edition() == 0 || slices.ContainsFunc(d.groups, same(g)) {
				continue
			}
			d.groups = append(d.groups, g)
			changed = true
		}
		return changed
	})
}

// Unfollow ends Follow: those whom nothing else makes members are none any more.
func (d *Distributor) Unfollow(groups ...*bastion.Group) {
	d.change(func() bool {
		was := len(d.groups)
		for _, g := range groups {
			if g != nil {
				d.groups = slices.DeleteFunc(d.groups, same(g))
			}
		}
		return len(d.groups) != was
	})
}

// same compares what two references to groups refer to.
func same(g *bastion.Group) func(*bastion.Group) bool {
	return func(o *bastion.Group) bool { return *o == *g }
}

// Add makes the process a member by hand, until Remove. False: it was one already,
// or is nobody.
func (d *Distributor) Add(ref bastion.Ref) bool { return d.add(ref, 0) }

func (d *Distributor) add(ref bastion.Ref, inc uint64) bool {
	return !ref.IsZero() && d.change(func() bool {
		e, known := d.hand[ref]
		if !known {
			d.seq++
			e.seq = d.seq
		}
		e.inc = max(e.inc, inc)
		d.hand[ref] = e
		return !known
	})
}

// Remove takes out a member that was added by Add or by Join. False: there is none
// such. A member of a followed group stays one. When it has returned, no send that
// begins later goes to the process.
func (d *Distributor) Remove(ref bastion.Ref) bool { return d.remove(ref, ^uint64(0)) }

// remove takes a member out unless a later incarnation has registered since.
func (d *Distributor) remove(ref bastion.Ref, inc uint64) bool {
	return d.change(func() bool {
		e, known := d.hand[ref]
		if known && e.inc <= inc {
			delete(d.hand, ref)
			return true
		}
		return false
	})
}

// change lets the next who sends look anew.
func (d *Distributor) change(f func() bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !f() {
		return false
	}
	d.version.Add(1)
	return true
}

// Join makes the child that the spec describes a member of its own accord, in a group
// each of its members: from each start, before its first message, until it is gone
// for good. It returns the spec with callbacks around those it had. Not for subtrees.
func (d *Distributor) Join(spec bastion.ChildSpec) bastion.ChildSpec {
	return Registered(spec, func(ctx *bastion.Context) {
		d.add(ctx.Self(), ctx.Incarnation())
	}, func(end bastion.Failure) {
		d.remove(end.Ref, end.Incarnation)
	})
}

// Registered returns the spec with callbacks that call enter in each incarnation when
// it has started, and leave when the child is gone for good. It is what Join is made of, for
// sets of another kind.
func Registered(spec bastion.ChildSpec, enter func(ctx *bastion.Context), leave func(end bastion.Failure)) bastion.ChildSpec {
	was := spec.Callbacks
	spec.Callbacks.AfterStart = func(ctx *bastion.Context) error {
		if was.AfterStart != nil {
			if err := was.AfterStart(ctx); err != nil {
				return err
			}
		}
		enter(ctx)
		return nil
	}
	spec.Callbacks.AfterRestart = func(ctx *bastion.Context, failure bastion.Failure) error {
		if was.AfterRestart != nil {
			if err := was.AfterRestart(ctx, failure); err != nil {
				return err
			}
		}
		enter(ctx)
		return nil
	}
	spec.Callbacks.AfterStop = func(end bastion.Failure) {
		defer leave(end)
		if was.AfterStop != nil {
			was.AfterStop(end)
		}
	}
	return spec
}
