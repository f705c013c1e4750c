package dispatcher

import (
	"context"
	"fmt"
	"sync"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// A Group is a set of processes with a Handler.
type Group struct {
	of      *Dispatcher
	name    string
	handler Handler
	members *distributor.Distributor

	mu     sync.Mutex
	known  map[bastion.Ref]registration
	closed bool
	news   []Notification // not told yet
	busy   bool           // somebody is telling the handler
}

// A registration is of the incarnation that registered last by Join; 0: by hand.
type registration struct{ inc uint64 }

// Name is the name of the group; empty for an anonymous one.
func (g *Group) Name() string { return g.name }

// Members are those who are registered, in the order in which they came.
func (g *Group) Members() []bastion.Ref { return g.members.Members() }

// Distributor is the set of members: for telling or asking one of them, and everyone. Its own
// Add, Remove and Follow are not for a group: the handler would not hear of it.
func (g *Group) Distributor() *distributor.Distributor { return g.members }

// Broadcast hands the message to the handler: nobody else is concerned. It returns
// what that returns; ErrNoGroup after Close.
func (g *Group) Broadcast(ctx context.Context, msg any) ([]distributor.Result, error) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed {
		return nil, g.gone()
	}
	return g.handler.Broadcast(ctx, g, msg)
}

func (g *Group) gone() error { return fmt.Errorf("%w: %q was closed", ErrNoGroup, g.name) }

// Join makes the child that the spec describes register of its own accord: from its
// first start until it is gone for good. In a group of children that goes for each
// member. It returns the spec with callbacks around those it had.
func (g *Group) Join(spec bastion.ChildSpec) bastion.ChildSpec {
	return distributor.Registered(spec, func(ctx *bastion.Context) {
		_ = g.register(ctx.Self(), ctx.Incarnation()) // a closed group is no failure of the child
	}, func(end bastion.Failure) {
		g.remove(end.Ref, end.Incarnation)
	})
}

// Register brings a process in by hand. To register again changes nothing, and nobody
// is notified. ErrNoGroup after Close; bastion.ErrNoProcess for the zero Ref.
func (g *Group) Register(ref bastion.Ref) error { return g.register(ref, 0) }

func (g *Group) register(ref bastion.Ref, inc uint64) error {
	if ref.IsZero() {
		return bastion.ErrNoProcess
	}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return g.gone()
	}
	was, known := g.known[ref]
	g.known[ref] = registration{max(was.inc, inc)}
	if !known {
		g.members.Add(ref)
		g.news = append(g.news, Notification{Registered, ref})
	}
	g.mu.Unlock()
	g.tell()
	return nil
}

// Remove takes a process out, however it came in. False: it was not registered.
func (g *Group) Remove(ref bastion.Ref) bool { return g.remove(ref, ^uint64(0)) }

// remove takes a process out unless a later incarnation has registered since.
func (g *Group) remove(ref bastion.Ref, inc uint64) bool {
	g.mu.Lock()
	r, known := g.known[ref]
	if known = known && r.inc <= inc; known {
		g.drop(ref)
	}
	g.mu.Unlock()
	g.tell()
	return known
}

// drop takes a process out. mu is held.
func (g *Group) drop(ref bastion.Ref) {
	delete(g.known, ref)
	g.members.Remove(ref)
	g.news = append(g.news, Notification{Removed, ref})
}

// Close removes everyone, with notifications, and gives the name back. Nobody can
// register any more. The processes themselves go on. A second time it does nothing.
func (g *Group) Close() {
	g.of.forget(g)
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		for _, ref := range g.members.Members() {
			g.drop(ref)
		}
	}
	g.mu.Unlock()
	g.tell()
}

// tell tells the handler what has happened. If somebody is doing that already, also
// if that is the caller further up, it is left to him: so the handler hears one thing after
// the other, in order, without a lock.
func (g *Group) tell() {
	for {
		g.mu.Lock()
		if g.busy || len(g.news) == 0 {
			g.mu.Unlock()
			return
		}
		n := g.news[0]
		g.news, g.busy = g.news[1:], true
		g.mu.Unlock()
		g.notify(n)
	}
}

func (g *Group) notify(n Notification) {
	told := false
	defer func() {
		g.mu.Lock()
		g.busy = false
		g.mu.Unlock()
		if !told {
			g.tell() // it panics: that goes to our caller, what follows does not wait
		}
	}()
	g.handler.Notify(g, n)
	told = true
}
