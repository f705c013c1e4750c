package decide

import (
	"time"

	"github.com/bastion-go/bastion/internal/supervise"
)

// A Policy is what the user wants, with all defaults filled in.
type Policy struct {
	Redundancy   int
	Intensity    supervise.Intensity
	Backoff      supervise.Backoff
	Always       bool // restart also what ended with status 0
	StartTimeout time.Duration
	Shutdown     time.Duration // 0: kill without asking
	DumpTime     time.Duration // 0: no dump is asked for; what hangs is stopped
	Heartbeat    time.Duration // 0: none
	Sampling     time.Duration // 0: memory is not looked at
	SoftMemory   int64         // 0: none
	HardMemory   int64         // 0: none
}

// unkillable is how long what got SIGKILL may take. It is in the kernel then.
const unkillable = 10 * time.Second

type phase uint8

const (
	starting phase = iota
	up
	stopping
	dumping
	killed
)

// role says whom a ward works for.
type role uint8

const (
	current   role = iota // its slot's ward
	successor             // is to become it
	retired               // was it, and drains; or failed to become it
)

type ward struct {
	id, slot, incarnation int
	role                  role
	phase                 phase
	readyAt               time.Time // zero: never was
	deadline              time.Time // of the phase; zero in up
	cause                 Cause     // why it is being ended
	forwarded             int       // the last signal that was passed on to it
	unanswered            int       // pings
	nextBeat, nextSample  time.Time
}

type slot struct {
	incarnation int
	due         time.Time // of the next start, while it waits
	waits       bool
	finished    bool
	crashed     bool // its last ward did
	streak      supervise.Streak
}

// A Machine decides for one guard.
type Machine struct {
	policy    Policy
	window    supervise.Window
	slots     []slot
	wards     []*ward // in the order of their start
	lastID    int
	upgrading bool
	draining  bool // after an upgrade, until the last of the old is gone
	ending    bool
	asked     time.Time // when the first signal to end came; zero: none has
	hurried   bool      // everything was killed
	over      bool
	exit      int
	out       []Action
}

// New returns the machine of a guard that has not started.
func New(p Policy) *Machine {
	return &Machine{policy: p, window: supervise.NewWindow(p.Intensity), slots: make([]slot, p.Redundancy)}
}

// Step passes one event and returns what to do.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	m.out = m.out[:0]
	if m.over {
		return nil
	}
	switch ev.Kind {
	case Boot:
		for i := range m.slots {
			m.start(now, i, current)
		}
	case Tick:
		m.tick(now)
	case Forward:
		m.forward(ev.Signal)
	case Finish:
		m.finish(now, ev.Signal)
	case Upgrade:
		m.upgrade(now)
	default:
		if w := m.find(ev.Ward); w != nil {
			m.about(now, w, ev)
		}
	}
	return m.out
}

// about takes an event of one ward.
func (m *Machine) about(now time.Time, w *ward, ev Event) {
	switch ev.Kind {
	case Ready:
		m.ready(now, w)
	case Exited:
		m.exited(now, w, ev)
	case Beat:
		w.unanswered = 0
	case Memory:
		m.memory(now, w, ev.Bytes)
	case Unhealthy:
		if w.phase == up {
			m.unwell(now, w, Sick, ForHealth)
		}
	}
}

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

func (m *Machine) find(id int) *ward {
	for _, w := range m.wards {
		if w.id == id {
			return w
		}
	}
	return nil
}

func (m *Machine) start(now time.Time, i int, as role) {
	s := &m.slots[i]
	s.waits = s.waits && as == successor
	s.incarnation++
	m.lastID++
	w := &ward{id: m.lastID, slot: i, incarnation: s.incarnation, role: as, deadline: now.Add(m.policy.StartTimeout)}
	if m.policy.Sampling > 0 {
		w.nextSample = now.Add(m.policy.Sampling)
	}
	m.wards = append(m.wards, w)
	m.do(Action{Kind: Start, Ward: w.id, Slot: i, Incarnation: w.incarnation, After: s.crashed && as == current, Anew: as == successor})
}

func (m *Machine) ready(now time.Time, w *ward) {
	if w.phase != starting {
		return
	}
	w.phase, w.readyAt, w.deadline = up, now, time.Time{}
	if m.policy.Heartbeat > 0 {
		w.nextBeat = now.Add(m.policy.Heartbeat)
	}
	if w.role == successor {
		m.takeOver(now)
	}
}

// Next is when the machine wants a Tick; zero: never.
func (m *Machine) Next() time.Time {
	var first time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for i := range m.slots {
		if m.slots[i].waits {
			sooner(m.slots[i].due)
		}
	}
	for _, w := range m.wards {
		sooner(w.deadline)
		if w.phase == up {
			sooner(w.nextBeat)
		}
		if w.phase != killed {
			sooner(w.nextSample)
		}
	}
	return first
}
