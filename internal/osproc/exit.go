package osproc

import (
	"fmt"
	"syscall"
	"time"
)

// An Exit is how a process ended.
type Exit struct {
	// Code is what it gave to exit; -1 when a signal ended it, or when Lost.
	Code int
	// Signal is what ended it; 0 when it called exit.
	Signal syscall.Signal
	// Core: the system wrote a core dump.
	Core bool
	// Lost: somebody else in this program waited for it, so nothing is known.
	Lost bool
	// OutOfMemory: something in its cgroup was killed for the memory limit.
	OutOfMemory bool
	// Left are processes of its group that SIGKILL did not end in time, as one
	// that hangs in the kernel. Numbers, for a report only.
	Left []int
	// Stays is why its cgroup could not be removed.
	Stays error
	// Usage is what it and those of its children that it waited for have used.
	Usage Usage
}

// A Usage is what the system counted for a process.
type Usage struct {
	User, System time.Duration
	MaxRSS       int64 // bytes
}

// Success reports whether it ended with status 0.
func (e Exit) Success() bool { return e.Code == 0 && e.Signal == 0 && !e.Lost }

// String says it in the words of a shell's user.
func (e Exit) String() string {
	text := fmt.Sprintf("exit status %d", e.Code)
	switch {
	case e.Lost:
		text = "ended, but somebody else waited for it"
	case e.Signal != 0:
		text = fmt.Sprintf("ended by signal %d (%v)", int(e.Signal), e.Signal)
	}
	if e.Core {
		text += ", core dumped"
	}
	if e.OutOfMemory {
		text += ", over its memory limit"
	}
	if len(e.Left) > 0 {
		text += fmt.Sprintf(", %d of its group could not be killed", len(e.Left))
	}
	return text
}
