//go:build !unix

package perf

import "time"

var processStart = time.Now()

// cpuTime falls back to the wall clock: too high, never too low, for a program
// that keeps at most one core busy; the header of the report says so.
func cpuTime() time.Duration { return time.Since(processStart) }

const cpuClock = "wall clock"
