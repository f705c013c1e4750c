package bastion

import "time"

// An EventKind says what happened.
type EventKind uint8

const (
	// EventStarted: an incarnation has started.
	EventStarted EventKind = iota + 1
	// EventFailed: an incarnation ended by itself with a failure, or a supervisor or
	// group gave up; Report has the rest.
	EventFailed
	// EventRestarting: the child will be started again, after Delay.
	EventRestarting
	// EventStopped: a child is down for good; Reason is nil after a normal end.
	EventStopped
	// EventEscalated: a supervisor gives up; Reason says why.
	EventEscalated
	// EventAbandoned: something did not return in time and runs on, fenced off; Text is its stack.
	EventAbandoned
	// EventSlow: a process has run for longer than the watchdog's threshold; Text is its stack.
	EventSlow
	// EventSaturated: as many handlers are blocked as may be; ready processes wait.
	EventSaturated
	// EventSystemStarted and EventSystemStopped frame the life of a system.
	EventSystemStarted
	EventSystemStopped
	// EventSilent: a process has not reported within its Heartbeat, and fails; Delay
	// is the interval, Text its stack.
	EventSilent
	// EventFlat: the system knows less of the machine than it would use, or may use
	// less; Text says what, and Reason why if there is an error.
	EventFlat
	// EventNote: a process has something to say (Context.Note); Text says what.
	EventNote
)

func (k EventKind) String() string {
	return pick(int(k), "unknown", "started", "failed", "restarting", "stopped", "escalated", "abandoned", "slow",
		"saturated", "system started", "system stopped", "silent", "flat", "note")
}

// An Event is something that happened in the life of a system. Which fields are
// set is said at its kind; Time, Kind and Path always are.
type Event struct {
	Time        time.Time
	Kind        EventKind
	Path        string
	ID          uint64
	Incarnation uint64
	Reason      error
	Delay       time.Duration // EventRestarting: before it starts; EventSlow: how long it has run; EventSilent: its Heartbeat
	Restarts    int           // EventRestarting: in a row, this one included
	Report      *CrashReport
	Text        string // EventAbandoned, EventSlow, EventSilent: the stack; EventSaturated, EventFlat, EventNote: a sentence
}

// String is the kind, the reason and the delay.
func (e Event) String() string {
	text := e.Kind.String()
	if e.Reason != nil {
		text += ": " + e.Reason.Error()
	}
	if e.Delay > 0 {
		text += ", after " + e.Delay.String()
	}
	return text
}

// Events subscribes to the system's events. A watcher that falls more than
// buffer behind (0: 256; at most 1,048,576) misses some and is told how many.
func (s *System) Events(buffer int) *Subscription[Event] { return s.events.subscribe(buffer) }

// emit publishes e. The cost of making an event is spared when nobody watches.
func (s *System) emit(e Event) {
	e.Time = s.clock.Now()
	if s.seeded != nil {
		s.noteEvent(&e)
	}
	s.events.publish(e)
}

// emitFor publishes an event about a process.
func (p *process) emitFor(kind EventKind, inc uint32, fill func(*Event)) {
	s := p.sys()
	if !s.watched() {
		return
	}
	e := Event{Kind: kind, Path: p.path(), ID: p.id, Incarnation: uint64(inc)}
	if fill != nil {
		fill(&e)
	}
	s.emit(e)
}

// A DeadLetter is a message that was accepted, or an answer that was given, and
// reached nobody.
type DeadLetter struct {
	Time     time.Time
	Message  any // as it was sent; shared with its sender
	Sender   Ref // zero: from outside
	Receiver Ref // zero: the asker of a late answer
	Reason   error
}

// DeadLetters subscribes to the system's dead letters (contract D8). A watcher
// that falls more than buffer behind (0: 256; at most 1,048,576) misses some and
// is told how many.
func (s *System) DeadLetters(buffer int) *Subscription[DeadLetter] {
	return s.letters.subscribe(buffer)
}

func (s *System) deadLetter(d DeadLetter) {
	if s.letters.watched.Load() == 0 {
		return
	}
	d.Time = s.clock.Now()
	s.letters.publish(d)
}

// Note publishes an EventNote of the process, for whoever watches the system's
// events: something that the program has decided, for example. Nothing is made when
// nobody watches. ErrEnded: this incarnation is over.
func (c *Context) Note(text string) error {
	if c.ended() {
		return ErrEnded
	}
	c.p.emitFor(EventNote, c.inc, func(e *Event) { e.Text = text })
	return nil
}
