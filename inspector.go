package bastion

import (
	"math"
	"strings"
	"time"

	"github.com/bastion-go/bastion/executor"
)

// An Inspector is the window into a system, for people and their tools: it only
// reads, never stops anything, and may be used from any goroutine, before, while
// and after the system runs. Do not build program logic on it: by the time a
// figure is read it may have changed.
type Inspector struct{ s *System }

// Inspector returns the system's inspector.
func (s *System) Inspector() *Inspector { return &Inspector{s} }

// NodeKind says what a node of the tree is.
type NodeKind uint8

const (
	// KindSupervisor: has children of its own, declared one by one.
	KindSupervisor NodeKind = iota
	// KindGroup: has alike children, known by their numbers.
	KindGroup
	// KindHandler: a process that the executor calls.
	KindHandler
	// KindLoop: a process with a goroutine of its own.
	KindLoop
)

func (k NodeKind) String() string { return pick(int(k), "supervisor", "group", "handler", "loop") }

// NodeState says what a node does.
type NodeState uint8

const (
	// StateDeclared: known, never started.
	StateDeclared NodeState = iota
	// StateStarting: its start hooks run, or its children are being started.
	StateStarting
	// StateRunning: idle or busy.
	StateRunning
	// StateStopping: it was told to stop, or is ending.
	StateStopping
	// StateWaiting: between two incarnations.
	StateWaiting
	// StateStopped: down for good, or until it is started by order.
	StateStopped
)

func (s NodeState) String() string {
	return pick(int(s), "declared", "starting", "running", "stopping", "waiting", "stopped")
}

// A Node is one node of the tree as it was read.
type Node struct {
	Path        string
	Name        string
	Kind        NodeKind
	State       NodeState
	ID          uint64
	Incarnation uint64    // of a process; 0: never started
	Restarts    uint64    // in its life
	Mailbox     int       // waiting messages
	Bytes       int       // of those; 0 in a mailbox that is not bounded in bytes
	Bound       int       // of its mailbox, in messages; 0: none
	BoundBytes  int       // likewise, in bytes
	Senders     int       // that wait for room in its mailbox
	Handled     uint64    // messages, over all incarnations
	Failed      uint64    // likewise
	InHand      bool      // a message is being handled
	Links       []string  // paths of linked processes, a hundred at most
	LinkCount   int       // how many processes it is linked with
	Monitors    int       // how many its present incarnation has made
	MonitoredBy int       // how many are on it
	Timers      int       // how many its present incarnation, or the process itself, has set that will send
	Since       time.Time // start of the incarnation; zero for supervisors and groups
	Strategy    string    // of a supervisor
	Children    []Node    // in start order
	Omitted     int       // members of a group that Children leaves out
}

// maxMembers is how many members of one group a tree shows.
const maxMembers = 1000

// Books reads the account of all messages; see Books.
func (i *Inspector) Books() Books {
	const tries = 3
	var b Books
	for range tries {
		before := i.s.tally()
		b = before
		b.InHand, b.Mailboxes = 0, 0
		i.s.root.each(func(p *process) {
			waiting, inHand := p.load()
			b.Mailboxes += uint64(waiting)
			if inHand {
				b.InHand++
			}
		})
		b.Live = i.s.tally() != before
		if !b.Live && b.Balanced() {
			return b
		}
	}
	b.Live = b.Live || i.s.moving()
	return b
}

// moving reports whether a worker has work, so that figures may be half-way.
func (s *System) moving() bool {
	st := s.exec.Stats()
	return s.stage.Load() != stageStopped && (st.Idle < st.Permits || st.Blocked+st.Waiting+st.Detached > 0)
}

// load is how many messages wait and whether one is in hand.
func (p *process) load() (waiting int, inHand bool) { return p.loadUpTo(math.MaxInt) }

// loadUpTo is load for whoever does not care how many more than most there are.
func (p *process) loadUpTo(most int) (waiting int, inHand bool) {
	waiting = p.waits(most)
	c := p.ctx.Load()
	if c == nil || c.ended() {
		return waiting, false
	}
	switch c.hand.load() {
	case handQueued:
		return waiting, true
	case handFolded:
		return max(waiting-1, 0), true
	}
	return waiting, false
}

// Tree reads the whole tree. Of a group it shows a thousand members; Omitted
// says how many more there are.
func (i *Inspector) Tree() Node { return i.s.root.look() }

// Node reads the part of the tree below path. ErrNoProcess if there is none.
func (i *Inspector) Node(path string) (Node, error) {
	at, err := i.s.find(path, strings.Trim(path, "/"))
	switch {
	case err != nil:
		return Node{}, err
	case at.super != nil:
		return at.super.look(), nil
	case at.group != nil:
		return at.group.look(), nil
	}
	return at.proc.look(), nil
}

// Workers reads the executor's counters.
func (i *Inspector) Workers() executor.Stats { return i.s.exec.Stats() }

// State is what the system does: declared, starting, running, stopping, stopped.
func (i *Inspector) State() string { return stageNames[i.s.stage.Load()] }

func (s *supervisor) look() Node {
	n := Node{Path: s.path, Name: s.name, Kind: KindSupervisor, ID: s.id, State: s.state()}
	s.mu.RLock()
	n.Restarts, n.Strategy = s.restarts, s.spec.Strategy.String()
	children := s.children.visible()
	s.mu.RUnlock()
	for _, c := range children {
		switch {
		case c.proc != nil:
			n.Children = append(n.Children, c.proc.look())
		case c.super != nil:
			n.Children = append(n.Children, c.super.look())
		default:
			n.Children = append(n.Children, c.group.look())
		}
	}
	return n
}

func (s *supervisor) state() NodeState {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return treeState(s.begun, s.machine != nil, s.up, s.machine != nil && s.closing, s.disposed)
}

func (g *group) state() NodeState {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return treeState(g.begun, g.alive, g.up, g.alive && g.closing, g.disposed)
}

// treeState is the state of a node that has children.
func treeState(begun, alive, up, closing, disposed bool) NodeState {
	switch {
	case closing:
		return StateStopping
	case up:
		return StateRunning
	case disposed:
		return StateStopped
	case !begun:
		return StateDeclared
	case alive:
		return StateStarting
	}
	return StateWaiting
}

func (g *group) look() Node {
	n := Node{Path: g.path, Name: g.name, Kind: KindGroup, ID: g.id, State: g.state()}
	g.mu.RLock()
	n.Restarts = g.restarts
	g.mu.RUnlock()
	members := (&Group{g}).Members()
	n.Omitted = max(len(members)-maxMembers, 0)
	for _, r := range members[:len(members)-n.Omitted] {
		n.Children = append(n.Children, r.p.look())
	}
	return n
}

func (p *process) look() Node {
	n := Node{Path: p.path(), Name: p.name(), Kind: p.kind(), ID: p.id, Handled: p.handled.Load()}
	w := p.state.load()
	n.Incarnation = uint64(lifeOf(w))
	n.State = p.stateOf(w)
	n.Mailbox, n.InHand = p.load()
	if s := p.store(); s != nil {
		n.Bytes, n.Senders = int(s.bytes.Load()), int(s.waiting.Load())
		n.Bound, n.BoundBytes = s.keep.Bound, s.keep.BoundBytes
	}
	if phaseOf(w) != phaseDown {
		n.Since = time.Unix(0, p.since.Load())
	}
	if e := p.ext.Load(); e != nil {
		n.Restarts, n.Failed = uint64(e.restarts.Load()), e.failed.Load()
	}
	n.Links, n.LinkCount = p.linked()
	n.Monitors, n.MonitoredBy = p.monitors()
	n.Timers = p.timersSet()
	return n
}

func (p *process) kind() NodeKind {
	if p.plan.loop {
		return KindLoop
	}
	return KindHandler
}

func (p *process) stateOf(w uint64) NodeState {
	switch {
	case phaseOf(w) == phaseDown && p.box.IsShut():
		return StateStopped
	case phaseOf(w) == phaseDown && lifeOf(w) == 0:
		return StateDeclared
	case phaseOf(w) == phaseDown:
		return StateWaiting
	case phaseOf(w) == phaseEnding || w&(orderStop|orderKill) != 0:
		return StateStopping
	case phaseOf(w) == phaseStarting:
		return StateStarting
	}
	return StateRunning
}
