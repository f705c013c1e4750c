package bastion

import "slices"

// A Receiver is the state and the code of a handler process. One goroutine at a
// time calls it, one message at a time; it may block (contract L8). An error, or
// a panic, fails the incarnation: the receiver is dropped and the factory makes
// a new one if the supervisor says so.
type Receiver interface {
	Receive(ctx *Context, msg any) error
}

// A ReceiverFunc is a Receiver without state of its own.
type ReceiverFunc func(ctx *Context, msg any) error

// Receive calls f.
func (f ReceiverFunc) Receive(ctx *Context, msg any) error { return f(ctx, msg) }

// A Starter is a Receiver with a start hook. It runs before the first message;
// the child has started when it returns nil. An error is a failed start.
type Starter interface {
	Start(ctx *Context) error
}

// A Stopper is a Receiver with a stop hook. It runs once after the last message
// of the incarnation, with the reason: ErrShutdown, or the failure. Not after a
// kill. It has the child's shutdown time. Its error, or panic, is logged and does
// not keep the incarnation from ending.
type Stopper interface {
	Stop(ctx *Context, reason error) error
}

// A Behavior says what a child is made of. Handle, HandleTyped, Loop and Subtree
// make one, and so do packages on top of them; the zero Behavior is a fault in a spec.
type Behavior struct {
	factory func() Receiver
	loop    func(ctx *Context) error
	subtree *SupervisorSpec
	takes   any // typed door: a *door[M]
	faults  []string
}

// Handle describes a handler process: no goroutine while idle, run by the
// executor. factory is called for every incarnation, and never twice at a time
// for one child; what it returns belongs to that incarnation alone.
func Handle(factory func() Receiver) Behavior { return Behavior{factory: factory} }

// Loop describes a loop process: run has a goroutine of its own, receives with
// ctx.Recv and may block on anything. Returning nil is a normal end, an error or
// a panic a failure.
func Loop(run func(ctx *Context) error) Behavior { return Behavior{loop: run} }

// Subtree describes a supervisor as a child of a supervisor. The name is the
// child's; if that is empty, the spec's.
func Subtree(spec SupervisorSpec) Behavior { return Behavior{subtree: &spec} }

// Invalid makes a Behavior that no supervisor takes: the SpecError it answers has
// these faults, each "Field: what is wrong", under the path of the child. It is for
// packages that make Behaviors from specs of their own, and have nowhere else to
// say what is wrong with one.
func Invalid(faults ...string) Behavior {
	if len(faults) == 0 {
		faults = []string{"is invalid"}
	}
	return Behavior{faults: slices.Clone(faults)}
}

func (b Behavior) zero() bool { return b.factory == nil && b.loop == nil && b.subtree == nil }
