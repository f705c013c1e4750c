package supervise

import (
	"math"
	"time"
)

// ID names a child for as long as its supervisor lives. The driver gives it; it is never zero and never used again.
type ID uint64

// Strategy says who is restarted together with a child that failed (S1).
type Strategy uint8

const (
	OneForOne  Strategy = iota // only the child itself
	OneForAll                  // all children
	RestForOne                 // the child and those declared after it
)

// Type says after which exits a child is restarted (S2).
type Type uint8

const (
	Permanent Type = iota // after every exit
	Transient             // after an abnormal one
	Temporary             // never; it leaves the table when it ends
)

// Class is what the driver makes of an exit reason.
type Class uint8

const (
	ClassNormal   Class = iota // it returned nil
	ClassShutdown              // it was told to stop, and did
	ClassAbnormal              // anything else: error, panic, kill, abandoned
)

// Outcome overrides what type and class would lead to (S12). The driver finds it in the user's mapping.
type Outcome uint8

const (
	OutcomeDefault    Outcome = iota // no mapping: type and class decide
	OutcomeRestart                   // restart, whatever the type
	OutcomeStop                      // keep this child stopped, as if ordered
	OutcomeEscalate                  // the supervisor fails
	OutcomeStopSystem                // the supervisor ends, and asks for the end of the system
)

// Exceeded says what follows when there are more restarts than the intensity allows (S3, +).
type Exceeded uint8

const (
	EndSupervisor Exceeded = iota // as in OTP: the supervisor fails
	GiveChildUp                   // the failing child stays down, the supervisor goes on
	RetryLater                    // the failing child waits for RetryAfter, if its own backoff is not longer
)

// Unlimited as Intensity.Max allows any number of restarts. Nothing is counted then.
const Unlimited = math.MaxInt

// Intensity allows Max restarts within any stretch of time of length Within, both ends included; one more is too
// many (S3). Max 0 (or less) allows none at all. No field is defaulted here.
type Intensity struct {
	Max    int
	Within time.Duration

	Exceeded   Exceeded
	RetryAfter time.Duration // for RetryLater
}

// AutoShutdown says when the end of significant children ends the supervisor (S9).
type AutoShutdown uint8

const (
	Never          AutoShutdown = iota // as if no child were significant
	AnySignificant                     // when the first significant child ends by itself and is not restarted
	AllSignificant                     // when the last one does
)

// Child is a child's policy: plain data, copied by Declare.
type Child struct {
	ID   ID
	Type Type

	// Tries, if positive, is how many restarts the child gets for its own failures, in its whole life or, if TriesWithin is
	// positive, in any stretch of time of that length; after one failure more it is given up. A start on order begins a
	// new life. Restarts together with a sibling do not count.
	Tries       int
	TriesWithin time.Duration

	Backoff     Backoff // the wait before a restart; zero: none
	Significant bool    // see AutoShutdown
}

// Status is what a child does at present, for inspection.
type Status uint8

const (
	StatusDown Status = iota
	StatusWaiting
	StatusStarting
	StatusUp
	StatusStopping
)
