package bastion

import "github.com/bastion-go/bastion/internal/backoff"

// A Backoff delays the restarts of a child: Constant, Linear or Exponential. All
// durations are as in time; nothing is blocked while a child waits (contract S6).
type Backoff = backoff.Backoff

type (
	// Constant waits Delay before every restart.
	Constant = backoff.Constant
	// Linear waits First, First+Step, First+2·Step …, at most Max.
	Linear = backoff.Linear
	// Exponential waits First, First·Factor, First·Factor² …, at most Max.
	Exponential = backoff.Exponential
)
