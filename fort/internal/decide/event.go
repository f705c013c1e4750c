package decide

import "time"

// EventKind says what happened.
type EventKind uint8

const (
	Boot      EventKind = iota // once, first
	Tick                       // time has passed
	Ready                      // Ward serves
	Exited                     // Ward has ended with Status, or could not be started (Cause StartFailed)
	Beat                       // Ward answered a ping
	Memory                     // Ward has Bytes resident
	Unhealthy                  // Ward's health check failed, Text says how
	Forward                    // Signal is for the program
	Finish                     // Signal, or the caller, ends the fort
	Upgrade                    // somebody wants new wards
)

// An Event is what the driver has seen.
type Event struct {
	Kind   EventKind
	Ward   int
	Status Status
	Cause  Cause // of Exited: StartFailed or 0
	Bytes  int64
	Signal int
	Text   string
	Jitter float64
}

// A Status is how a process ended.
type Status struct {
	Code   int // what it gave to exit, if Signal is 0
	Signal int // what ended it
}

// Shell is the status as a shell reports it: 128 and the number for a signal.
func (s Status) Shell() int {
	if s.Signal != 0 {
		return 128 + s.Signal
	}
	return s.Code
}

// A Cause is why the guard ended a ward. 0: it did not.
type Cause uint8

const (
	StartFailed Cause = iota + 1 // it could not be started at all
	NotReady                     // was not ready within the start timeout
	Hung                         // did not answer
	SoftMemory                   // asked to stop for its memory
	HardMemory                   // killed for its memory
	Sick                         // its health check failed
)

// ActionKind says what to do.
type ActionKind uint8

const (
	Start       ActionKind = iota + 1 // a new Ward in Slot, as Incarnation; After: its predecessor crashed; Anew: of the version on disk
	Signal                            // send Signal to Ward
	Stop                              // ask Ward to end; Reason says why
	Dump                              // have Ward write what its goroutines do, and end
	Kill                              // Ward
	Abandon                           // Ward cannot be killed: forget it
	Ping                              // Ward owes a Beat
	Measure                           // say how much memory Ward has
	Crashed                           // Ward has ended and should not have; what follows is in Delay and GaveUp
	Ended                             // Ward has ended as it should
	Upgraded                          // the upgrade is done, or failed with Text
	DropSockets                       // those that no ward claims belong to a version that is gone
	End                               // everything is down; Exit is the status
)

// A StopReason is why a ward is asked to end.
type StopReason uint8

const (
	ForUpgrade StopReason = iota + 1
	ForMemory
	ForEnd
	ForHealth
)

// An Action is what the driver is to do.
type Action struct {
	Kind        ActionKind
	Ward        int
	Slot        int
	Incarnation int
	After       bool
	Anew        bool
	Signal      int
	Reason      StopReason
	Cause       Cause
	Delay       time.Duration
	Restarts    int // of Crashed: crashes in a row, this one included
	Waits       bool
	GaveUp      bool
	Text        string
	Exit        int
}
