package bastion

import (
	"context"
	"time"
)

// Callbacks are called at turning points of the life of a process, in its own
// context: one that fails, or panics, is a failed start. All are optional. They
// must not be changed after they were handed over. What blocks is bounded as
// everything of its incarnation is: a start by the start timeout, and once it was
// told to stop by the shutdown time; then it is abandoned and reported.
type Callbacks struct {
	// BeforeStart runs before the first start.
	BeforeStart func(ctx *Context) error
	// AfterStart runs after the first start, before the first message.
	AfterStart func(ctx *Context) error
	// BeforeRestart runs before every later start, in the new incarnation.
	BeforeRestart func(ctx *Context, failure Failure) error
	// AfterRestart runs after every later start.
	AfterRestart func(ctx *Context, failure Failure) error
	// AfterStop runs once when the child is down for good, also after a normal
	// end. It has five seconds. A panic in it is logged.
	AfterStop func(end Failure)
}

// TreeCallbacks are called at turning points of the life of what has children: a
// supervisor, a group as a whole, a system. They run beside the tree, on the
// executor, with the path; ctx ends when the start is called off. All are
// optional. Each has the shutdown time of the subtree or group if that is
// limited, else five seconds; then it is abandoned and reported, and counts as
// failed with ErrAbandoned.
//
// One of the first four that fails, or panics, is a failed start: the children
// that run are stopped again, and the supervisor above is told. They must not wait
// for what waits for them: before the start no child answers.
type TreeCallbacks struct {
	// BeforeStart runs before the first child is started for the first time.
	BeforeStart func(ctx context.Context, path string) error
	// AfterStart runs when all children have started.
	AfterStart func(ctx context.Context, path string) error
	// BeforeRestart runs before the first child is started at every later start.
	BeforeRestart func(ctx context.Context, failure Failure) error
	// AfterRestart runs when all have started.
	AfterRestart func(ctx context.Context, failure Failure) error
	// AfterStop runs once when it is down for good, after those of all children. A
	// panic in it is logged.
	AfterStop func(end Failure)
}

// A Failure is what is known of the end of an incarnation: what conditions, the
// callbacks around the restart that follows, and AfterStop are told.
type Failure struct {
	Path        string
	Ref         Ref           // the process; zero for a supervisor or a group
	Incarnation uint64        // the one that ended
	Reason      error         // for AfterStop nil after a normal end
	Message     any           // in hand when it failed; nil if none
	Restarts    int           // in a row, this one included
	Delay       time.Duration // before the restart; a restart that waits for siblings may take longer
}

// A callback is one of the first four, with what it is told; nil: there is none.
type callback struct {
	name string
	call func(ctx context.Context) error
}

func (t *TreeCallbacks) before(path string, failure *Failure) *callback {
	return choice("Before", t.BeforeStart, t.BeforeRestart, path, failure)
}

func (t *TreeCallbacks) after(path string, failure *Failure) *callback {
	return choice("After", t.AfterStart, t.AfterRestart, path, failure)
}

// choice is the hook for a first start or for a restart.
func choice(when string, start func(context.Context, string) error, restart func(context.Context, Failure) error, path string, failure *Failure) *callback {
	switch {
	case failure == nil && start != nil:
		return &callback{when + "Start", func(ctx context.Context) error { return start(ctx, path) }}
	case failure != nil && restart != nil:
		return &callback{when + "Restart", func(ctx context.Context) error { return restart(ctx, *failure) }}
	}
	return nil
}
