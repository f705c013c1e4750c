package fort

import (
	"context"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/bastion-go/bastion/internal/backoff"
)

// A Backoff delays restarts: Constant, Linear or Exponential. It is the same type
// as the root package's.
type Backoff = backoff.Backoff

type (
	// Constant waits Delay before every restart but the first in a row.
	Constant = backoff.Constant
	// Linear waits First, First+Step, First+2·Step …, at most Max.
	Linear = backoff.Linear
	// Exponential waits First, First·Factor, First·Factor² …, at most Max.
	Exponential = backoff.Exponential
)

// An Intensity bounds restarts: more than Max within Within ends the fort. The zero
// value is 10 in a minute. A zero Within means a minute.
type Intensity struct {
	Max    int
	Within time.Duration
}

var (
	// NoRestarts ends the fort at the first crash, with its report.
	NoRestarts = Intensity{Max: -1}
	// Unlimited never ends it.
	Unlimited = Intensity{Max: math.MaxInt}
)

const (
	// BrutalKill as a shutdown time: wards are killed without being asked.
	BrutalKill time.Duration = -1
	// Off as Config.Heartbeat: nobody watches for a hang.
	Off time.Duration = -1
)

// A Config is the policy of a fort. The zero value is a good one. It is read once.
type Config struct {
	// Intensity bounds restarts, over all wards together.
	Intensity Intensity
	// Backoff delays restarts. A first crash in a row is always answered at once; the
	// backoff is for the crashes after it. How long a ward must serve for its next
	// crash to be a first one is the backoff's Healthy. Nil: Exponential from 100 ms
	// to 30 s, with a jitter of 0.2, healthy after 10 s.
	Backoff Backoff
	// Always restarts a ward also when it ended by itself with status 0. Otherwise
	// that means that the program has finished.
	Always bool
	// Redundancy is how many wards run at a time, sharing the sockets. Zero: 1.
	Redundancy int

	// WaitReady says that a ward serves when it calls Ready. Otherwise it does when
	// Main is entered, or, under Run, when it runs.
	WaitReady bool
	// StartTimeout is how long a ward may take until it serves. Zero: one minute.
	StartTimeout time.Duration
	// Shutdown is how long a ward may take to stop before it is killed, and an old one
	// to drain after an upgrade. Zero: 30 s. BrutalKill: no time at all.
	Shutdown time.Duration

	// Heartbeat finds wards that hang. Each time it has passed the ward must answer;
	// one that leaves two questions open is made to write the stacks of its goroutines
	// and killed. So a hang is found within three of it. Zero: 10 s. Off: never.
	Heartbeat time.Duration
	// Alive, if it is set, is called in the ward for every heartbeat, in a goroutine
	// of its own and never twice at a time. Until it returns nil the heartbeat is not
	// answered. Its context ends with the heartbeat. Without it a heartbeat says
	// that the Go runtime of the ward still schedules goroutines, allocates, and
	// serves sockets; that the program makes progress only the program can say. Main
	// only: Run has Command.Health.
	Alive func(ctx context.Context) error

	// SoftMemory is the resident size in bytes at which a ward writes a heap profile
	// to CrashDir, stops in order, and is restarted. Zero: none. Linux.
	SoftMemory int64
	// HardMemory is the resident size in bytes at which it is killed. Zero: none. Linux.
	HardMemory int64

	// CrashDir is the folder for crash reports and heap profiles, one file each. It
	// is made if it is not there. Empty: none. If it cannot be written to, that is said
	// once, and reports go to the log alone.
	CrashDir string
	// KeepCrashes is how many files of this program stay in CrashDir. Zero: 20.
	KeepCrashes int

	// UpgradeSignal starts an upgrade, as Upgrade does. Nil: none, and each signal
	// goes to the program.
	UpgradeSignal os.Signal

	// Logger gets what the fort has to say. Under Main it is used in the wards only,
	// which report there how their predecessor crashed: the guard runs none of the
	// program's code, and writes its own lines to standard error. Under Run it is the
	// guard's. Nil: under Main, none; under Run, lines on standard error.
	Logger *slog.Logger
}

const (
	defaultMax          = 10
	defaultWithin       = time.Minute
	defaultStartTimeout = time.Minute
	defaultShutdown     = 30 * time.Second
	defaultHeartbeat    = 10 * time.Second
	defaultKeep         = 20
	dumpTime            = 5 * time.Second
	sampling            = time.Second
)

var defaultBackoff Backoff = Exponential{First: 100 * time.Millisecond, Max: 30 * time.Second, Jitter: 0.2, Healthy: 10 * time.Second}
