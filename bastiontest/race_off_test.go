//go:build !race

package bastiontest_test

import "time"

// proofTime is how long one property is tried.
const proofTime = 10 * time.Second
