package fort

import "time"

// An EventKind says what has happened to a fort.
type EventKind string

// The kinds of Event.
const (
	Started  EventKind = "started"  // a ward runs
	Serving  EventKind = "serving"  // it is ready
	Stopping EventKind = "stopping" // it was told to stop
	Ended    EventKind = "ended"    // it has ended as it should
	Crashed  EventKind = "crashed"  // it has ended and should not have: see Crash, and its Delay and GaveUp
	Upgraded EventKind = "upgraded" // an upgrade is over: see Err
)

// An Event is one step in the life of a fort, as Command.Watch is told.
type Event struct {
	Kind        EventKind
	Time        time.Time
	Ward        int // which of Config.Redundancy, from 0
	Incarnation int
	PID         int    // 0: its process could not be started
	Crash       *Crash // of Crashed; not to be changed
	Err         error  // of Upgraded; nil: the new wards serve
}
