package bastion

import (
	"context"
)

// A Group is a reference to a group of alike children. It stays valid through
// restarts. All methods may be called from any goroutine.
//
// A nil *Group, which is what looking up an unknown name gives, refers to nobody,
// as the zero Ref does: it has no members, and verbs answer ErrNoProcess.
type Group struct{ g *group }

// Name is the last element of the path.
func (g *Group) Name() string {
	if g.nobody() {
		return ""
	}
	return g.g.name
}

// Path is where the group stands, for example "/bastion/counting/feeders".
func (g *Group) Path() string {
	if g.nobody() {
		return ""
	}
	return g.g.path
}

func (g *Group) nobody() bool { return g == nil || g.g == nil }

// Len is how many members there are, running or not.
func (g *Group) Len() int {
	if g.nobody() {
		return 0
	}
	g.g.mu.RLock()
	defer g.g.mu.RUnlock()
	return len(g.g.members) - len(g.g.free)
}

// Members are references to all members, in the order of their numbers.
func (g *Group) Members() []Ref {
	if g.nobody() {
		return nil
	}
	g.g.mu.RLock()
	defer g.g.mu.RUnlock()
	refs := make([]Ref, 0, len(g.g.members)-len(g.g.free))
	for _, p := range g.g.members {
		if p != nil {
			refs = append(refs, Ref{p})
		}
	}
	return refs
}

// Member is the member of that number; the zero Ref if there is none.
func (g *Group) Member(i int) Ref {
	if g.nobody() {
		return Ref{}
	}
	g.g.mu.RLock()
	defer g.g.mu.RUnlock()
	if i < 0 || i >= len(g.g.members) {
		return Ref{}
	}
	return Ref{g.g.members[i]}
}

// Spawn adds a member and waits until it has started, or until ctx ends, which
// does not take the order back. If the start fails the member is gone again and
// the error is a *StartError. ErrStopped: the group is not running. A member that
// has ended for good leaves the group, and its number is given to a later one.
// What was spawned is gone with this life of the group, whatever its number.
//
// The factory of a handler is called on the caller's goroutine, which saves two
// switches of goroutines for each member; hooks run on the executor as always.
func (g *Group) Spawn(ctx context.Context) (Ref, error) {
	if g.nobody() {
		return Ref{}, ErrNoProcess
	}
	o := &order{kind: orderSpawn}
	if pl := g.g.plan; !pl.loop && !pl.terms().hooked && pl.terms().StartTimeout == 0 && pl.layers() == nil {
		if err := pl.make(o); err != nil {
			return Ref{}, &StartError{Path: g.g.path, Reason: err}
		}
	}
	if err := g.g.order(ctx, o, nil); err != nil {
		return Ref{}, err
	}
	return Ref{o.p}, nil
}

// Stop stops all members together, for good, and waits for it as Ref.Stop does.
func (g *Group) Stop(ctx context.Context) error { return g.order(ctx, &order{kind: orderHalt}) }

// Drain is Stop, but each member first handles what is queued.
func (g *Group) Drain(ctx context.Context) error {
	return g.order(ctx, &order{kind: orderHalt, halt: haltDrain})
}

// Kill kills all members, for good.
func (g *Group) Kill(ctx context.Context) error {
	return g.order(ctx, &order{kind: orderHalt, halt: haltKill})
}

// Restart stops all members together and starts those of the spec again, as
// Supervisor.Restart does with the group's name.
func (g *Group) Restart(ctx context.Context) error { return g.order(ctx, &order{kind: orderRestart}) }

// Remove stops the group and forgets its spec, as Supervisor.Remove does with its name.
func (g *Group) Remove(ctx context.Context) error { return g.order(ctx, &order{kind: orderRemove}) }

// order is for the group's supervisor.
func (g *Group) order(ctx context.Context, o *order) error {
	if g.nobody() {
		return ErrNoProcess
	}
	b := &g.g.base
	o.id = uint64(b.index)
	return b.parent.order(ctx, o, below(b))
}

// make calls the factory for an order to spawn.
func (pl *plan) make(o *order) (err error) {
	contain(func() error {
		if o.user = pl.terms().Start.factory(); o.user == nil {
			return errNoReceiver
		}
		return nil
	}, func(failed error) { err = failed })
	return err
}
