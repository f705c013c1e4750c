package bastion

import (
	"cmp"
	"slices"
	"time"
)

// A Health is what a system says of itself at one moment: whether it is ready to
// be given work, and whether it is alive or would be better off restarted. It is
// plain data. Package health serves it to load balancers and Kubernetes.
type Health struct {
	State string // as Inspector.State
	// Ready is OK when the tree is up: the system was started, is not being stopped,
	// and all that should run does. Children that were stopped on purpose, finished,
	// or are still being added do not count, nor do those that are Optional.
	Ready Check
	// Live is OK as long as a restart of the program would not help: no supervisor is
	// in a restart storm (but for those that are Optional, or below one), nothing that was abandoned still runs, the executor is not at
	// the bound of its blocked workers, and the system has not stopped.
	Live Check
}

// A Check is one answer and what stands behind it.
type Check struct {
	OK       bool      // the answer
	Problems []Problem // by path; none if OK; at most 100
	Omitted  int       // how many more there are
}

// A Problem is one thing that is not as it should be.
type Problem struct {
	Path   string // of the process, group, supervisor or system
	Kind   ProblemKind
	Since  time.Time // zero: unknown
	Until  time.Time // ProblemWaiting: of the next start, if that is known; ProblemStorm: when it is over if nothing more fails
	Count  int       // ProblemStorm: restarts within the window; ProblemGivenUp: of a group's members; else 0
	Reason error     // why a child ended, for those that wait or were given up. It may hold what is not for everyone's eyes
}

// String is the path and the kind.
func (p Problem) String() string { return p.Path + ": " + p.Kind.String() }

// A ProblemKind says what is wrong.
type ProblemKind uint8

const (
	// ProblemNotStarted: the system was not started yet.
	ProblemNotStarted ProblemKind = iota + 1
	// ProblemStarting: it has not started yet, or not again.
	ProblemStarting
	// ProblemWaiting: it is down, and will be started again: after a delay (Until), or
	// when its siblings are down.
	ProblemWaiting
	// ProblemStopping: it was told to stop, or is ending. Of the system: also lame duck.
	ProblemStopping
	// ProblemStopped: the system has stopped.
	ProblemStopped
	// ProblemGivenUp: it failed too often (Tries, or GiveChildUp) and stays down.
	ProblemGivenUp
	// ProblemStorm: a supervisor has restarted as often as its intensity allows, or was over it.
	ProblemStorm
	// ProblemAbandoned: it did not return in time and still runs, fenced off.
	ProblemAbandoned
	// ProblemSaturated: as many handlers are blocked as may be (Config.MaxBlocked).
	ProblemSaturated
)

func (k ProblemKind) String() string {
	return pick(int(k), "unknown", "not started", "starting", "waiting to be restarted", "stopping", "stopped", "given up",
		"restart storm", "abandoned", "blocked workers at their bound")
}

// maxProblems is how many problems a Check lists.
const maxProblems = 100

// Health reads how the system is. It may be asked from any goroutine, at any
// time and as often as you like: what is not up is kept in a list of its own, so
// that of a healthy system nothing is visited, however large it is, and nobody is
// waited for, however busy.
func (s *System) Health() Health {
	h := Health{State: stageNames[s.stage.Load()]}
	s.readiness(&h.Ready)
	s.liveness(&h.Live)
	return h
}

func (s *System) readiness(c *Check) {
	stage := s.stage.Load()
	since := time.Time{}
	if ns := s.leaving.Load(); ns != 0 {
		since = time.Unix(0, ns)
	}
	switch {
	case stage == stageNew && since.IsZero():
		c.add(Problem{Path: s.root.path, Kind: ProblemNotStarted})
		return // nothing below has been tried
	case stage == stageStarting:
		c.add(Problem{Path: s.root.path, Kind: ProblemStarting})
	case stage == stageStopped:
		c.add(Problem{Path: s.root.path, Kind: ProblemStopped})
	case stage == stageStopping || !since.IsZero():
		c.add(Problem{Path: s.root.path, Kind: ProblemStopping, Since: since})
	}
	s.ward.list(c)
	c.close()
}

func (s *System) liveness(c *Check) {
	if s.stage.Load() == stageStopped {
		c.add(Problem{Path: s.root.path, Kind: ProblemStopped, Reason: s.reason()})
	}
	if s.exec.Saturated() {
		c.add(Problem{Path: s.root.path, Kind: ProblemSaturated})
	}
	s.storms.list(c, s.clock.Now())
	s.mu.Lock()
	for _, a := range s.left {
		c.add(Problem{Path: a.Path, Kind: ProblemAbandoned})
	}
	s.mu.Unlock()
	c.close()
}

// add notes a problem, if there is room.
func (c *Check) add(p Problem) {
	if len(c.Problems) == maxProblems {
		c.Omitted++
		return
	}
	c.Problems = append(c.Problems, p)
}

// close makes the answer of what was noted.
func (c *Check) close() {
	c.OK = len(c.Problems) == 0
	slices.SortFunc(c.Problems, func(a, b Problem) int { return cmp.Compare(a.Path, b.Path) })
}

// LameDuck makes Health not ready from now on, and does nothing else: for a
// program that is about to stop, so that load balancers notice and send their
// work elsewhere while it is still served. Run does this by itself. It cannot be
// taken back.
func (s *System) LameDuck() {
	s.leaving.CompareAndSwap(0, cmp.Or(s.clock.Now().UnixNano(), 1)) // 0 is for "not at all"
}
