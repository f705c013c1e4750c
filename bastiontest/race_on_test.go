//go:build race

package bastiontest_test

import "time"

// proofTime is how long one property is tried: the race detector has less to see where one goroutine runs at a time.
const proofTime = 2 * time.Second
