package command

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Why a command was ended that did not end by itself. An ExitError unwraps to these.
var (
	// ErrNotReady: it was not ready within Ready.Within, or ended before.
	ErrNotReady = errors.New("command: not ready")
	// ErrWatchdog: it gave no sign of life within Watchdog, or said that it is in trouble.
	ErrWatchdog = errors.New("command: no sign of life")
)

// An ExitError is the failure of a command that ended otherwise than by exit status
// 0 or by being told to stop.
type ExitError struct {
	Argv        []string       // of the Spec
	Code        int            // what it gave to exit; -1 when a signal ended it
	Signal      syscall.Signal // what ended it; 0 when it called exit
	Core        bool           // the system wrote a core dump
	OutOfMemory bool           // over Spec.Memory
	Cause       error          // ErrNotReady, ErrWatchdog; nil: it ended by itself
	// Stderr are its last lines there, at most 40 and 8 KiB; after ErrWatchdog the
	// first that it wrote when it was aborted.
	Stderr    []string
	LinesLost uint64 // not accepted by the Ref of an Output
	Left      []int  // of its process group, what SIGKILL could not end
	// User and System are the CPU time of the command and of those of its children
	// that it waited for; MaxRSS is the most memory one of them had, in bytes.
	User, System time.Duration
	MaxRSS       int64 // bytes

	text string
}

// mostShown is how many of the lines are in the error's text.
const mostShown = 5

func (e *ExitError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "command: %s: %s", e.Argv[0], e.text)
	if e.Cause != nil {
		fmt.Fprintf(&b, " (%v)", e.Cause)
	}
	shown := e.Stderr[max(0, len(e.Stderr)-mostShown):]
	if errors.Is(e.Cause, ErrWatchdog) {
		shown = e.Stderr[:min(len(e.Stderr), mostShown)]
	}
	for _, line := range shown {
		fmt.Fprintf(&b, "\n\t%s", line)
	}
	return b.String()
}

// Unwrap is the cause, which may be nil.
func (e *ExitError) Unwrap() error { return e.Cause }

// A StartError says which field of the Spec could not be had when the command was
// started. Nothing runs then.
type StartError struct {
	Field string // of the Spec
	Err   error  // what is wrong with it
}

func (e *StartError) Error() string { return "command: " + e.Field + ": " + e.Err.Error() }

// Unwrap is what is wrong.
func (e *StartError) Unwrap() error { return e.Err }
