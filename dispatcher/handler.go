package dispatcher

import (
	"context"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// A Handler is what a group does with changes and broadcasts.
type Handler interface {
	// Notify is told of a change, after it.
	Notify(g *Group, n Notification)
	// Broadcast delivers a message to whom it sees fit of the group, and says what came
	// of it. It may be called by many goroutines at once.
	Broadcast(ctx context.Context, g *Group, msg any) ([]distributor.Result, error)
}

// A Notification is a change of a group.
type Notification struct {
	Kind NotificationKind
	Ref  bastion.Ref // who was registered or removed
}

// A NotificationKind says what has happened.
type NotificationKind uint8

const (
	// Registered: a process has come in.
	Registered NotificationKind = iota + 1
	// Removed: a process has left, or is gone for good.
	Removed
)

func (k NotificationKind) String() string {
	switch k {
	case Registered:
		return "registered"
	case Removed:
		return "removed"
	}
	return "unknown"
}

// ToEveryone is the Handler that tells every member. It is what most embed in a
// Handler of their own, for the half that they leave as it is.
type ToEveryone struct{}

// Notify implements Handler: it does nothing.
func (ToEveryone) Notify(*Group, Notification) {}

// Broadcast implements Handler: everyone is told.
func (ToEveryone) Broadcast(ctx context.Context, g *Group, msg any) ([]distributor.Result, error) {
	return g.members.TellEveryone(ctx, msg)
}

// ToOne is the Handler that tells one member, whom the strategy chooses.
type ToOne struct {
	Strategy distributor.Strategy // nil: new(distributor.RoundRobin)
}

// Notify implements Handler: it does nothing.
func (ToOne) Notify(*Group, Notification) {}

// Broadcast implements Handler: one is told. There is no Result: whoever it is has
// accepted the message, or the error says why nobody has.
func (ToOne) Broadcast(ctx context.Context, g *Group, msg any) ([]distributor.Result, error) {
	return nil, g.members.TellOne(ctx, msg)
}

func strategyOf(h Handler) distributor.Strategy {
	if one, ok := h.(ToOne); ok {
		return one.Strategy
	}
	return nil
}
