package bastion

import (
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/internal/backoff"
	"github.com/bastion-go/bastion/internal/supervise"
)

// A plan is what a child is made by, shared by all members of a group.
type plan struct {
	sys    *System
	parent *base // of the processes: the supervisor, or the group
	name   string
	loop   bool
	// routed says that processes are not just queued where their senders are: they
	// are loops, or have a home.
	routed bool
	home   *home    // nil: none
	takes  any      // typed door: a *door[M]
	keep   *keeping // nil: the mailbox is nothing but a box

	// now is swapped by the supervisor's agenda (ChangeChild) and read by whoever
	// decides or starts something: what was begun under the old terms is ended under
	// the new ones.
	now atomic.Pointer[terms]
}

// Terms are a child's spec, checked and with defaults, as it stands at present.
// They are never written after they were published.
type terms struct {
	ChildSpec
	hooked     bool // has callbacks that run in the process
	conditions []Condition
	backoff    supervise.Backoff
	watch      *watch // nil: no Heartbeat
}

func newPlan(sys *System, parent *base, spec ChildSpec, inherited []Condition) *plan {
	pl := &plan{sys: sys, parent: parent, name: spec.Name, loop: spec.Start.loop != nil, takes: spec.Start.takes}
	pl.keep = newKeeping(spec.Mailbox)
	pl.home = sys.newHome(spec.Placement)
	pl.routed = pl.loop || pl.home != nil
	pl.agree(spec, inherited)
	return pl
}

func (pl *plan) terms() *terms { return pl.now.Load() }

// agree puts the child under the terms of a spec, from the next decision on.
func (pl *plan) agree(spec ChildSpec, inherited []Condition) {
	t := &terms{ChildSpec: spec}
	cb := &spec.Callbacks
	t.hooked = cb.BeforeStart != nil || cb.AfterStart != nil || cb.BeforeRestart != nil || cb.AfterRestart != nil
	t.conditions = append(t.conditions, spec.Conditions...)
	t.conditions = append(t.conditions, inherited...)
	t.backoff = backoff.Plan(spec.Backoff)
	if old := pl.now.Load(); old != nil && old.Heartbeat == spec.Heartbeat {
		t.watch = old.watch // the incarnation that runs is there
	} else {
		t.watch = newWatch(spec.Heartbeat, pl.sys.clock)
	}
	pl.now.Store(t)
}

// shutdown is the child's shutdown time with its default.
func (c *ChildSpec) shutdown() time.Duration {
	if c.Shutdown != 0 {
		return c.Shutdown
	}
	if c.Start.subtree != nil {
		return UnlimitedShutdown
	}
	return defaultShutdown
}
