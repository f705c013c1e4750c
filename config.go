package bastion

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// defaultGrace leaves Kubernetes, which kills after 30 s, time to see us end.
const defaultGrace = 25 * time.Second

// Config says how a System works. The zero value does.
type Config struct {
	// Name is the root of all paths. Empty: "bastion". Without a slash.
	Name string
	// Workers is how many handlers run at once. Zero: GOMAXPROCS.
	Workers int
	// MaxBlocked is how many handlers may be blocked in foreign calls at once and
	// still be replaced (contract E5). Zero: 1,024.
	MaxBlocked int
	// Topology is the machine, as far as the system may use it. Nil: what the
	// operating system tells, read by New (contract E4).
	Topology *topology.Topology
	// Affinity says what ties workers to CPUs. Zero: what was measured to be best.
	Affinity executor.Affinity
	// Logger gets crash reports and what the watchdog finds. Nil: slog.Default().
	// It is called soon after what it is told of, in order, one record at a time; a
	// slog.Handler that blocks holds up nothing but the records behind it, of which
	// 4,096 wait and the rest is counted. A stopping system gives it a second.
	Logger *slog.Logger
	// Backtraces is how much of the stack crash reports show. Zero: all of it.
	Backtraces Backtraces
	// Watchdog is how long a process may run before it is reported with its stack
	// (contract L9). Zero: one second. Negative: never.
	Watchdog time.Duration
	// Shutdown is how long Run takes from the order to end until it kills what has
	// not stopped. It should be a little less than what the platform gives: Kubernetes
	// (terminationGracePeriodSeconds) 30 s, Docker 10 s, systemd (TimeoutStopSec) 90 s.
	// Zero: 25 s.
	Shutdown time.Duration
	// LameDuck is how long Run goes on serving after the order to end, no longer
	// ready, before it stops anything: a little more than load balancers need to
	// notice, for Kubernetes some 5 s. It is a part of Shutdown. Zero: not at all.
	LameDuck time.Duration
	// Intensity is that of the root supervisor. Zero: 1 in 5 s. When it is
	// exceeded the system stops, and Wait says why.
	Intensity Intensity
	// Callbacks run around the start and the stop of the whole tree, outermost.
	Callbacks TreeCallbacks
	// Middleware stands around that of all supervisors and processes.
	Middleware []Middleware
	// Clock is what the system takes for time. Nil: the real one, or that of Seeded.
	Clock executor.Clock
	// Seeded lets the system take part in a seeded run: one thing at a time, in an
	// order drawn from a seed, in virtual time (contract E7). Everything that is
	// done with the system must then be done inside the run. Nil: the real world.
	Seeded *executor.Seeded
	// Faults is what goes wrong on purpose in a seeded run. Nil: nothing.
	Faults Faults
}

func (c Config) check() error {
	var f faults
	checkName(c.Name, "Name", &f)
	checkIntensity(c.Intensity, "Intensity", &f)
	checkMiddleware(c.Middleware, &f)
	if c.Seeded != nil && c.Clock != nil && c.Clock != c.Seeded.Clock() {
		f.add("Clock", "must not be set: a seeded run has its own")
	}
	if c.Faults != nil && c.Seeded == nil {
		f.add("Faults", "are for seeded runs")
	}
	if c.Backtraces > NoBacktraces {
		f.add("Backtraces", "unknown kind %d", c.Backtraces)
	}
	if c.Workers < 0 {
		f.add("Workers", "must not be negative, is %d", c.Workers)
	}
	if c.MaxBlocked < 0 {
		f.add("MaxBlocked", "must not be negative, is %d", c.MaxBlocked)
	}
	if c.Shutdown < 0 {
		f.add("Shutdown", "must not be negative, is %v", c.Shutdown)
	}
	if c.LameDuck < 0 {
		f.add("LameDuck", "must not be negative, is %v", c.LameDuck)
	}
	if grace := cmp.Or(c.Shutdown, defaultGrace); grace > 0 && c.LameDuck >= grace {
		f.add("LameDuck", "must be less than Shutdown (%v), of which it is a part, is %v", grace, c.LameDuck)
	}
	return f.err()
}

// complete returns c with its defaults.
func (c Config) complete() Config {
	if c.Name == "" {
		c.Name = "bastion"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Seeded != nil:
		c.Clock = c.Seeded.Clock()
	case c.Clock == nil:
		c.Clock = executor.Real
	}
	if c.Watchdog == 0 {
		c.Watchdog = time.Second
	}
	if c.Shutdown == 0 {
		c.Shutdown = defaultGrace
	}
	switch {
	case c.Seeded != nil:
		c.Topology = topology.Flat(1) // a run must not depend on the machine it is on
	case c.Topology == nil:
		c.Topology = topology.Local()
	}
	return c
}
