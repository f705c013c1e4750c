package executor

import "time"

// Clock is where the executor takes its time from: the watchdog's thresholds and the watcher's coarse tick while
// everything is idle. (Its fine tick, which only looks whether workers move, is always real.) Implementations must be
// safe for concurrent use.
type Clock interface {
	// Now returns the time. It must not run backwards.
	Now() time.Time
	// AfterFunc calls f once, d from now, on a goroutine of its own or the clock's.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is one call that a [Clock] still has to make.
type Timer interface {
	// Stop cancels the call and reports whether it did: false when the call was made, or is being made.
	Stop() bool
}

// Real is the clock of package time (inside a testing/synctest bubble: that bubble's clock).
var Real Clock = realClock{}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }
