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
	shards [16]wardShard
}

type wardShard struct {
	n     atomic.Int64 // written under mu; readers look here before they take that
	mu    sync.Mutex
	first *ailment
	spare *ailment // empty, for the next: most restarts are over at once
	_     [32]byte // a cache line each
}

// shard is where b notes what is wrong with its children.
func (w *ward) shard(b *base) *wardShard { return &w.shards[b.id%uint64(len(w.shards))] }

// drop takes a out of the list. mu is held.
func (s *wardShard) drop(a *ailment) {
	s.n.Add(-1)
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		s.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	a.next, a.prev = nil, nil
}

// An ailment is an entry: one child that is not up. The child's record has it;
// its keeper's agenda adds and removes it, everything in it is written under the
// shard's lock.
type ailment struct {
	of     placed
	by     *base // who noted it
	kind   ProblemKind
	count  int
	since  time.Time
	until  time.Time
	reason error

	next, prev *ailment
	excused    bool // not in the list any more: what it is about was made Optional
}

// placed is what has a path. It must not change.
type placed interface{ path() string }

// atPath is a path as it is.
type atPath string

func (p atPath) path() string { return string(p) }

// ail notes what is wrong with a child, and forgets what was before. Agenda only.
func (b *base) ail(at **ailment, what ailment) {
	what.since, what.by = b.sys.clock.Now(), b
	shard := b.sys.ward.shard(b)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if b.dispensable() { // asked under the lock; see excuse
		return
	}
	a := *at
	if a == nil || a.excused {
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
	shard := b.sys.ward.shard(b)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if !a.excused {
		shard.drop(a)
	}
	*a = ailment{}
	shard.spare = a
}

// excuse forgets what is wrong below top, which has just been made Optional: whoever
// notes something in there from now on sees that, and what was noted before is here.
func (w *ward) excuse(top *base) {
	for i := range w.shards {
		shard := &w.shards[i]
		shard.mu.Lock()
		for a := shard.first; a != nil; {
			next := a.next
			if a.by.within(top) {
				shard.drop(a)
				a.excused = true
			}
			a = next
		}
		shard.mu.Unlock()
	}
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
