package resizer

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/bastion-go/bastion"
)

const (
	// None as a Min allows a group without members. Somebody then has to say with
	// Need that there is work: without members nothing can wait.
	None = -1
	// Unlimited as a Max never says that there are enough.
	Unlimited = math.MaxInt
)

// A Spec says what is grown and shrunk, and when. Only Group is needed.
type Spec struct {
	// Group is the name of the group, among the children of the same supervisor.
	Group string
	// Min is how many members there are at least. Zero: 1. None: none.
	Min int
	// Max is how many there are at most, those that drain not counted. Zero: 10, or Min if
	// that is more.
	Max int
	// Every is the time between two looks. Zero: one second.
	Every time.Duration
	// Backlog is how many messages a member may have, the one in hand included, in the mean
	// of all, before there are too few. Zero: 3.
	Backlog float64
	// Wait is how long a message may be in the queue before there are too few. Zero: that
	// does not matter.
	Wait time.Duration
	// Idle is the share of Backlog below which there are too many. It has to be below 1: between
	// the two nothing changes. Zero: 0.1.
	Idle float64
	// Calm is how many looks in a row must find too many before any goes. Zero: 3.
	Calm int
	// Grow is how many are added, as a share of those that are there, at least one.
	// Zero: 0.5.
	Grow float64
	// Shrink is how many go, likewise. Zero: 0.1.
	Shrink float64
	// OnResize is called by the process after each change, and when one has failed. It
	// should not block. An error, or a panic, is the process's own.
	OnResize func(ctx *bastion.Context, r Resized) error
}

// Resized says what was done, and why.
type Resized struct {
	From, To int           // members before and after
	Backlog  float64       // messages for each member, in the mean
	Wait     time.Duration // time in the queue, as estimated; Forever: nothing moves
	Err      error         // of a Spawn: fewer were added than wanted
}

// Forever is the time in a queue that does not move.
const Forever = time.Duration(math.MaxInt64)

func (r Resized) String() string {
	text := fmt.Sprintf("resized from %d to %d members: backlog %.1f each", r.From, r.To, r.Backlog)
	switch {
	case r.Wait == Forever:
		text += ", nothing moves"
	case r.Wait > 0:
		text += ", wait " + r.Wait.Round(time.Microsecond).String()
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// complete returns the spec with its defaults.
func (s Spec) complete() Spec {
	switch s.Min {
	case 0:
		s.Min = 1
	case None:
		s.Min = 0
	}
	if s.Max == 0 {
		s.Max = max(10, s.Min)
	}
	s.Every = cmp.Or(s.Every, time.Second)
	s.Backlog = cmp.Or(s.Backlog, 3)
	s.Idle = cmp.Or(s.Idle, 0.1)
	s.Calm = cmp.Or(s.Calm, 3)
	s.Grow = cmp.Or(s.Grow, 0.5)
	s.Shrink = cmp.Or(s.Shrink, 0.1)
	return s
}

// faults are what is wrong with a spec, each with its field.
func (s Spec) faults() (all []string) {
	add := func(wrong bool, field, format string, args ...any) {
		if wrong {
			all = append(all, "Resizer."+field+": "+fmt.Sprintf(format, args...))
		}
	}
	share := func(v float64) bool { return v >= 0 && v <= math.MaxFloat64 } // not NaN, not infinite
	add(s.Group == "", "Group", "must not be empty")
	add(s.Min < None, "Min", "must not be negative (but for None), is %d", s.Min)
	add(s.Max < 0, "Max", "must not be negative, is %d", s.Max)
	add(s.Max > 0 && s.Max < s.Min, "Max", "must not be less than Min (%d), is %d", s.Min, s.Max)
	add(s.Every < 0, "Every", "must not be negative, is %v", s.Every)
	add(!share(s.Backlog), "Backlog", "must not be negative, is %v", s.Backlog)
	add(s.Wait < 0, "Wait", "must not be negative, is %v", s.Wait)
	add(!share(s.Idle) || s.Idle >= 1, "Idle", "must be from 0 to below 1, is %v", s.Idle)
	add(s.Calm < 0, "Calm", "must not be negative, is %d", s.Calm)
	add(!share(s.Grow), "Grow", "must not be negative, is %v", s.Grow)
	add(!share(s.Shrink) || s.Shrink > 1, "Shrink", "must be from 0 to 1, is %v", s.Shrink)
	return all
}
