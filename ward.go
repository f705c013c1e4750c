package bastion

import (
	"sync"
	"sync/atomic"
	"time"
)

// A ward lists all children that should run and are not up, so that readiness can
// be asked without visiting those that are. Supervisors and groups add and remove
// their children where they change state, on their agendas. Its shards keep
// agendas that restart a lot out of each other's way; a list for each supervisor
// would have to be found by walking them all.
type ward struct {
	shards [16]struct {
		n     atomic.Int64 // written under mu; readers look here before they take that
		mu    sync.Mutex
		first *ailment
		spare *ailment // empty, for the next: most restarts are over at once
		_     [32]byte // a cache line each
	}
}

// An ailment is an entry: one child that is not up. The child's record has it;
// its keeper's agenda adds and removes it, everything in it is written under the
// shard's lock.
type ailment struct {
	of     placed
	kind   ProblemKind
	count  int
	since  time.Time
	until  time.Time
	reason error

	next, prev *ailment
}

// placed is what has a path. It must not change.
type placed interface{ path() string }

// atPath is a path as it is.
type atPath string

func (p atPath) path() string { return string(p) }

// ail notes what is wrong with a child, and forgets what was before. Agenda only.
func (b *base) ail(at **ailment, what ailment) {
	if b.dispensable() {
		return
	}
	what.since = b.sys.clock.Now()
	shard := &b.sys.ward.shards[b.id%uint64(len(b.sys.ward.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	a := *at
	if a == nil {
		if a = shard.spare; a == nil {
			a = new(ailment)
		}
		*at, shard.spare = a, nil
		shard.n.Add(1)
		if what.next = shard.first; what.next != nil {
			what.next.prev = a
		}
		shard.first = a
	} else {
		if a.kind == what.kind {
			what.since = a.since
		}
		what.next, what.prev = a.next, a.prev
	}
	*a = what
}

// heal notes that a child is up, or is not meant to be any more. Agenda only.
func (b *base) heal(at **ailment) {
	a := *at
	if a == nil {
		return
	}
	*at = nil
	shard := &b.sys.ward.shards[b.id%uint64(len(b.sys.ward.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.n.Add(-1)
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		shard.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	*a = ailment{}
	shard.spare = a
}

// unwell is ail for a child of a supervisor.
func (s *supervisor) unwell(c *child, what ailment) {
	if what.of = c; !c.plan.terms().Optional {
		s.ail(&c.ailment, what)
	}
}

// unwell is ail for a member of a group that has a file. One that starts for the
// first time has none of this: while the group boots it is the group that starts,
// and a member that is being added is not missed yet.
func (g *group) unwell(p *process, what ailment) {
	f := g.files[p]
	if what.of = p; what.kind != ProblemStarting || f.failure != nil {
		g.ail(&f.ailment, what)
	}
}

// lose counts a member that the group has given up.
func (g *group) lose() {
	n := 1
	if g.lost != nil {
		n += g.lost.count
	}
	g.ail(&g.lost, ailment{of: atPath(g.path), kind: ProblemGivenUp, count: n})
}

// dispensable reports whether b, or what it stands below, is Optional.
func (b *base) dispensable() bool {
	for ; b != nil; b = b.parent {
		if b.plan != nil && b.plan.terms().Optional {
			return true
		}
	}
	return false
}

// list adds what is in the ward to c.
func (w *ward) list(c *Check) {
	for i := range w.shards {
		shard := &w.shards[i]
		if shard.n.Load() == 0 {
			continue
		}
		shard.mu.Lock()
		n := 0
		for a := shard.first; a != nil && len(c.Problems) < maxProblems; a = a.next {
			c.add(Problem{Path: a.of.path(), Kind: a.kind, Since: a.since, Until: a.until, Count: a.count, Reason: a.reason})
			n++
		}
		c.Omitted += int(shard.n.Load()) - n
		shard.mu.Unlock()
	}
}
