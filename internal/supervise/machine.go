package supervise

import (
	"slices"
	"time"
)

// Machine decides for one supervisor. It is a value to be stepped, not a thing that runs: not safe for concurrent use.
type Machine struct {
	strategy  Strategy
	intensity Intensity
	auto      AutoShutdown
	window    Window

	order []*child // start order
	byID  map[ID]*child

	phase   phase
	booting int  // children that the boot still has to bring up
	members int  // children in the plan
	healing bool // the plan (also) restarts after a failure; a boot alone does not

	// What spares a look at everybody at each step of a long boot or end, which would make those quadratic.
	turn     *child // the plan waits for its start or stop only; what it does next stands behind, or before, it. nil: not known
	stopping int    // children that are being stopped
	tail     int    // while ending: from here on all are down and were told

	// from is the first child in the order that the failures being repaired reach; while healing. nil: it was the last
	// one and has been removed.
	from *child

	due bool // an auto-shutdown is due when the boot is through
	end End

	now time.Time
	out []Action
}

type phase uint8

const (
	created phase = iota
	booting
	running
	ending
	ended
)

// child is the Machine's record of one child.
//
// Invariants: waiting only if is==down and goal==goalUp; bounce only if member and is is starting or up;
// a member that is up has bounce or a goal other than up.
type child struct {
	Child
	pos  int // index in Machine.order
	is   state
	goal goal

	waiting bool // a Delay is under way
	member  bool // moves with the plan, not on its own
	bounce  bool // the plan takes it down before anything is started
	first   bool // the boot has not brought it up yet: a failed start fails the boot
	ordered bool // someone ordered this start: a failure is reported to them, not retried
	trial   bool // declared after the boot has begun, and never up: if its start fails, it leaves the table
	again   bool // ordered up while it was being stopped by order
	closed  bool // Down has been given since the last Start

	spent  Spent // restarts for its own failures in this life, for Tries
	streak Streak
}

type state uint8

const (
	down state = iota
	starting
	up
	stopping
)

type goal uint8

const (
	goalDeclared goal = iota // down until boot or order
	goalUp
	goalFinished // down; a restart of its siblings starts it too, as in OTP
	goalStopped  // down until ordered
	goalGone     // down, then out of the table
)

// New returns a Machine without children, before its boot. It has no auto-shutdown; see Configure.
func New(s Strategy, i Intensity) *Machine {
	return &Machine{strategy: s, intensity: i, window: NewWindow(i), byID: make(map[ID]*child)}
}

// Configure gives the supervisor other rules, from the next decision on. What is under way goes on, and restarts that were
// counted stay counted.
func (m *Machine) Configure(s Strategy, i Intensity, a AutoShutdown) {
	m.strategy, m.intensity, m.auto = s, i, a
	m.window.Resize(i)
}

// Declare makes a child known at its place in the order: before the given child, or last if that is 0 or unknown. It is down
// and stays so until the boot or an order (EvStartChild). A known ID gets the new policy and keeps everything else.
func (m *Machine) Declare(c Child, before ID) {
	if old := m.byID[c.ID]; old != nil {
		old.Child = c
		return
	}
	n := &child{Child: c, trial: m.phase != created}
	m.byID[c.ID] = n
	m.insert(n, before)
}

// Step takes one event at time now and returns what to do, in order. The slice is reused by the next Step. Events about
// unknown children, or that do not fit the child's state, change nothing: they are late, not wrong.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	m.out = m.out[:0]
	if m.phase == ended {
		return nil
	}
	m.now = now
	turn := m.turn
	m.turn = nil
	stops := turn != nil && turn.is == stopping
	switch ev.Kind {
	case EvBoot:
		m.boot()
	case EvShutdown:
		m.finish(EndShutdown)
	default:
		if c := m.byID[ev.ID]; c != nil {
			m.stepChild(c, ev)
		}
	}
	if turn == nil || ev.ID != turn.ID || !m.next(turn, stops) {
		m.advance()
	}
	return m.out
}

// Ending says whether the supervisor is on its way down, or has ended.
func (m *Machine) Ending() bool { return m.phase == ending || m.phase == ended }

// Ended says whether it has.
func (m *Machine) Ended() bool { return m.phase == ended }

// Status says what a child does at present; false if it is unknown.
func (m *Machine) Status(id ID) (Status, bool) {
	c := m.byID[id]
	switch {
	case c == nil:
		return StatusDown, false
	case c.waiting:
		return StatusWaiting, true
	}
	return [...]Status{down: StatusDown, starting: StatusStarting, up: StatusUp, stopping: StatusStopping}[c.is], true
}

// Children appends the known children's IDs to buf in start order.
func (m *Machine) Children(buf []ID) []ID {
	for _, c := range m.order {
		buf = append(buf, c.ID)
	}
	return buf
}

// Restarts says how many restarts lie in the intensity's window at now.
func (m *Machine) Restarts(now time.Time) int { return m.window.Count(now) }

func (m *Machine) stepChild(c *child, ev Event) {
	switch ev.Kind {
	case EvStarted:
		m.started(c)
	case EvStartFailed, EvExited:
		m.exited(c, ev)
	case EvDue:
		c.waiting = false
		m.move(c)
	case EvMove:
		m.reorder(c, ev.Before)
	default:
		if m.phase != ending { // the end is the last order
			m.order1(c, ev.Kind)
		}
	}
}

func (m *Machine) boot() {
	if m.phase != created {
		return
	}
	m.phase = booting
	for _, c := range m.order {
		if c.goal == goalDeclared {
			c.goal, c.first = goalUp, true
			m.booting++
			m.join(c)
		}
	}
}

func (m *Machine) insert(c *child, before ID) {
	at := len(m.order)
	if b := m.byID[before]; b != nil && b != c {
		at = b.pos
	}
	m.order = slices.Insert(m.order, at, c)
	m.tail = len(m.order)
	m.renumber(at)
}

func (m *Machine) reorder(c *child, before ID) {
	if before == c.ID || before != 0 && m.byID[before] == nil {
		return
	}
	m.unlist(c)
	m.insert(c, before)
}

func (m *Machine) unlist(c *child) {
	m.order = slices.Delete(m.order, c.pos, c.pos+1)
	if c.pos < m.tail {
		m.tail--
	}
	m.renumber(c.pos)
	if m.from == c {
		m.from = nil
		if c.pos < len(m.order) {
			m.from = m.order[c.pos]
		}
	}
}

func (m *Machine) renumber(from int) {
	for i := from; i < len(m.order); i++ {
		m.order[i].pos = i
	}
}

func (m *Machine) emit(a Action) { m.out = append(m.out, a) }
