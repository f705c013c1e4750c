package fort

import (
	"fmt"
	"log/slog"
	"time"
)

// A Kind is how a ward ended.
type Kind string

// The kinds of crash. What the guard itself brought about comes first.
const (
	StartFailed Kind = "start failed" // the program could not be started at all
	NotReady    Kind = "not ready"    // it did not serve within the StartTimeout
	Hang        Kind = "hang"         // it left heartbeats unanswered
	Sick        Kind = "sick"         // its health check failed
	SoftMemory  Kind = "soft memory"  // asked to stop at Config.SoftMemory
	HardMemory  Kind = "hard memory"  // killed at Config.HardMemory
	NotStopped  Kind = "not stopped"  // killed because it did not stop in time

	Panic       Kind = "panic"         // a Go panic that nobody recovered
	Fatal       Kind = "fatal error"   // what Go cannot recover: a concurrent map write, stack exhaustion …
	OutOfMemory Kind = "out of memory" // Go found none, or the kernel killed the program for it
	Signal      Kind = "signal"        // a signal ended it
	Exit        Kind = "exit"          // it ended by itself, with a status other than 0, or with 0 against Config.Always
)

// A Crash is the report on a ward that ended and should not have.
type Crash struct {
	Kind        Kind      `json:"kind"`
	Reason      string    `json:"reason"` // one line, for people
	Ward        int       `json:"ward"`   // which of Config.Redundancy, from 0
	Incarnation int       `json:"incarnation"`
	PID         int       `json:"pid"`     // of the process that is gone; 0 if there was none
	Started     time.Time `json:"started"` // when its process was
	Ended       time.Time `json:"ended"`   // when that was gone
	// Status is what a shell would report: the exit status, or 128 and the number of
	// the signal. It is 126 or 127 for what could not be started.
	Status int `json:"status"`
	// Restarts is which crash in a row this is, from 1.
	Restarts int `json:"restarts"`
	// Output is what Go wrote about it, or, under Run, the end of standard error. It is
	// cut in the middle if it is long.
	Output  string        `json:"output,omitempty"`
	File    string        `json:"file,omitempty"`    // the report on disk, if there is one
	Profile string        `json:"profile,omitempty"` // the heap profile, if there is one
	Delay   time.Duration `json:"delay,omitempty"`   // the wait before the next incarnation
	GaveUp  bool          `json:"gave_up,omitempty"` // there is none: the fort ends
}

// String is a line for people.
func (c *Crash) String() string {
	return fmt.Sprintf("ward %d, incarnation %d, ended after %v: %s",
		c.Ward, c.Incarnation, c.Ended.Sub(c.Started).Round(time.Millisecond), c.Reason)
}

// LogValue is what a logger writes: all but Output, which is for files.
func (c *Crash) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("ward", c.Ward), slog.Int("incarnation", c.Incarnation), slog.String("kind", string(c.Kind)),
		slog.String("reason", c.Reason), slog.Int("pid", c.PID), slog.Int("status", c.Status),
		slog.Duration("life", c.Ended.Sub(c.Started)), slog.Int("restarts", c.Restarts),
	}
	if c.File != "" {
		attrs = append(attrs, slog.String("file", c.File))
	}
	if c.Profile != "" {
		attrs = append(attrs, slog.String("profile", c.Profile))
	}
	if c.GaveUp {
		attrs = append(attrs, slog.Bool("gave_up", true))
	} else {
		attrs = append(attrs, slog.Duration("restart_in", c.Delay))
	}
	return slog.GroupValue(attrs...)
}
