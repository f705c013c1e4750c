package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

var (
	// ErrTaken: there is a group of that name already.
	ErrTaken = errors.New("dispatcher: name is taken")
	// ErrNoGroup: there is no group of that name, or it was closed.
	ErrNoGroup = errors.New("dispatcher: no such group")
)

// A Dispatcher holds groups of one system. It may be used by any goroutine.
type Dispatcher struct {
	sys *bastion.System

	mu     sync.RWMutex
	named  map[string]*Group
	groups []*Group // all, in the order in which they were made
}

// New makes a Dispatcher of the system, without groups.
func New(sys *bastion.System) *Dispatcher {
	return &Dispatcher{sys: sys, named: make(map[string]*Group)}
}

// Named makes a group of that name; handler nil is ToEveryone. ErrTaken: there is one,
// which stays as it is. The empty name is a *bastion.SpecError: see Anonymous.
func (d *Dispatcher) Named(name string, handler Handler) (*Group, error) {
	if name == "" {
		return nil, &bastion.SpecError{Faults: []string{"Name: must not be empty"}}
	}
	return d.add(name, handler)
}

// Anonymous makes a group without a name, of which there may be any number.
func (d *Dispatcher) Anonymous(handler Handler) *Group {
	g, _ := d.add("", handler) // no name is never taken
	return g
}

func (d *Dispatcher) add(name string, handler Handler) (*Group, error) {
	if handler == nil {
		handler = ToEveryone{}
	}
	g := &Group{of: d, name: name, handler: handler, known: make(map[bastion.Ref]registration)}
	members, err := distributor.New(d.sys, distributor.Spec{Name: name, Strategy: strategyOf(handler)})
	if err != nil {
		return nil, err
	}
	g.members = members
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.named[name] != nil {
		return nil, fmt.Errorf("%w: %q", ErrTaken, name)
	}
	if name != "" {
		d.named[name] = g
	}
	d.groups = append(d.groups, g)
	return g, nil
}

// Group is the group of that name; nil if there is none.
func (d *Dispatcher) Group(name string) *Group {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.named[name]
}

// Groups are all groups, in the order in which they were made.
func (d *Dispatcher) Groups() []*Group {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.Clone(d.groups)
}

// Broadcast hands the message to the handler of the group of that name, which decides
// who gets it; see Group.Broadcast. ErrNoGroup: there is none.
func (d *Dispatcher) Broadcast(ctx context.Context, name string, msg any) ([]distributor.Result, error) {
	g := d.Group(name)
	if g == nil {
		return nil, fmt.Errorf("%w: %q", ErrNoGroup, name)
	}
	return g.Broadcast(ctx, msg)
}

// BroadcastAll broadcasts to every group, also the anonymous ones, one after the
// other. A process that is in several gets it from each. The error joins what those
// groups have answered that could not broadcast, but for those without members;
// none keeps the message from the others.
func (d *Dispatcher) BroadcastAll(ctx context.Context, msg any) ([]distributor.Result, error) {
	var all []distributor.Result
	var failed []error
	for _, g := range d.Groups() {
		results, err := g.Broadcast(ctx, msg)
		all = append(all, results...)
		if err != nil && !errors.Is(err, distributor.ErrNoMembers) && !errors.Is(err, ErrNoGroup) {
			failed = append(failed, err)
		}
	}
	return all, errors.Join(failed...)
}

// forget takes a closed group out.
func (d *Dispatcher) forget(g *Group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.named[g.name] == g {
		delete(d.named, g.name)
	}
	d.groups = slices.DeleteFunc(d.groups, func(o *Group) bool { return o == g })
}
