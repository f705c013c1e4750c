package osproc

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// mostNotice is the longest message of the notify protocol, in bytes; it is
// systemd's bound as well.
const mostNotice = 4096

// A Notice is one message of the sd_notify protocol (see sd_notify(3)). What is
// not known is ignored, as the protocol asks.
type Notice struct {
	Ready     bool   // READY=1: has started, or reloaded
	Reloading bool   // RELOADING=1
	Stopping  bool   // STOPPING=1: it is about to end
	Alive     bool   // WATCHDOG=1: the sign of life
	Trouble   bool   // WATCHDOG=trigger: take it for one that gives none
	Status    string // STATUS=: for people
	Errno     int    // ERRNO=
	MainPID   int    // MAINPID=: who the program says is its leader. Only told on.
	// Extend is EXTEND_TIMEOUT_USEC=: start, or stop, may take so long from now.
	Extend time.Duration
	// Watchdog is WATCHDOG_USEC=: the new time between signs of life.
	Watchdog time.Duration
}

// A RefusedNotice is a message that was not taken: malformed, too long, or from a
// process that is not of the group. Next can be called again.
type RefusedNotice struct{ Err error }

func (e *RefusedNotice) Error() string { return "notice refused: " + e.Err.Error() }

// Unwrap is the reason.
func (e *RefusedNotice) Unwrap() error { return e.Err }

// ParseNotice reads a message. One that breaks the protocol is refused whole.
func ParseNotice(raw []byte) (Notice, error) {
	var n Notice
	if len(raw) > mostNotice {
		return n, fmt.Errorf("notify: message of more than %d bytes", mostNotice)
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return n, fmt.Errorf("notify: message with a zero byte")
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		key, value, _ := strings.Cut(line, "=")
		if err := n.set(key, value); err != nil {
			return Notice{}, fmt.Errorf("notify: %s: %w", key, err)
		}
	}
	return n, nil
}

func (n *Notice) set(key, value string) (err error) {
	switch key {
	case "READY":
		n.Ready = value == "1"
	case "RELOADING":
		n.Reloading = value == "1"
	case "STOPPING":
		n.Stopping = value == "1"
	case "WATCHDOG":
		n.Alive, n.Trouble = value == "1", value == "trigger"
	case "STATUS":
		if !utf8.ValidString(value) {
			return fmt.Errorf("%q is not UTF-8", value)
		}
		n.Status = value
	case "ERRNO":
		n.Errno, err = strconv.Atoi(value)
	case "MAINPID":
		n.MainPID, err = strconv.Atoi(value)
	case "EXTEND_TIMEOUT_USEC":
		n.Extend, err = microseconds(value)
	case "WATCHDOG_USEC":
		n.Watchdog, err = microseconds(value)
	}
	return err
}

func microseconds(s string) (time.Duration, error) {
	us, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, err
	}
	return time.Duration(min(us, math.MaxInt64/1000)) * time.Microsecond, nil
}
