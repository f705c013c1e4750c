package executor

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/bastion-go/bastion/executor/topology"
)

// Config says how an [Executor] works. Its zero value is one worker a CPU that Go uses, no watchdog, the real clock.
type Config struct {
	// Workers is how many tasks run at once; 0: GOMAXPROCS when New is called. Blocked tasks are not counted.
	Workers int
	// MaxBlocked is how many tasks may be blocked in foreign calls, each holding a goroutine (and, in a system call
	// or in cgo, a thread), before blocked workers are no longer replaced; 0: 1,024, far below the 10,000 threads at
	// which Go ends the program.
	MaxBlocked int
	// Topology is the machine; nil: one flat domain, or, where Affinity is to pin threads, [topology.Local].
	Topology *topology.Topology
	// Affinity says what ties workers to CPUs; zero: [AffinityAuto]. When threads are pinned there must not be more
	// Workers than CPUs in Topology, and a default that is larger is cut down to those.
	Affinity Affinity
	// Slow is how long a slice may go without a Step before OnSlow hears of it; 0: never.
	Slow time.Duration
	// OnSlow is told of a slice that has stood still for Slow, again when that has doubled, and so on; at most once a
	// second in all, the longest first. It runs on a goroutine of its own, one call at a time.
	OnSlow func(Slow)
	// OnSaturated is told when a blocked worker is not replaced because MaxBlocked are blocked already; once, until
	// all that ask for it have been replaced again. It runs like OnSlow.
	OnSaturated func(blocked int)
	// OnUnpinned is told, once, why threads cannot be pinned as Affinity asks: the operating system or a sandbox does not
	// let the program do it. The executor goes on with AffinityFollow. It runs like OnSlow.
	OnUnpinned func(error)
	// NewLocal makes what w.Local returns, once for each Worker, before that worker runs anything; nil: nil. It is
	// called inside New, and later on whatever goroutine happens to need one worker more, so it must not wait for
	// the executor.
	NewLocal func(w *Worker) any
	// Clock is for the watchdog; nil: [Real].
	Clock Clock
	// Seeded makes this an executor of a seeded run (E7), which has the clock of that; nil: a real one. Workers,
	// MaxBlocked, Topology and Affinity then mean nothing, and there is no watchdog.
	Seeded *Seeded
	// OnHookPanic is told of a panic in OnSlow, OnSaturated, OnUnpinned or a future's hook, which is contained; nil: it is only
	// counted, in [Stats.HookPanics]. Its own panics are counted as well.
	OnHookPanic func(*PanicError)

	ring int        // capacity of a worker's ring; 0: ringSize. Tests use 2 to 4.
	cpus processors // zero: the real ones. Tests use machines that they do not have.
}

// The sizes and times that were chosen rather than derived.
const (
	ringSize = 256
	// tick is how often the watcher looks. A blocked worker is found at the second look that finds it unmoved, which
	// comes a tick later, or after quickLook if there is a hurry.
	tick = 500 * time.Microsecond
	// quickLook is how long a worker may stand still inside one tick when others wait for its permit, and quickRounds
	// how often it is looked at meanwhile, at most.
	quickLook   = 50 * time.Microsecond
	quickRounds = 400
	// quietTicks is how many looks in a row must find nothing going on before the watcher itself parks: 4 ms, so that
	// short work that comes often does not pay for waking it each time.
	quietTicks = 8
	// cellBudget is how many slices in a row may come from the newest-first cell (E2).
	cellBudget = 32
	// injectEvery is how many slices pass between two looks into the injection queue while there is local work; a
	// prime, so that it does not beat with the program's own periods (as in Go's and tokio's schedulers).
	injectEvery = 61
	// goschedEvery counts in looks of injectEvery: about every 1,024 slices a worker lets other goroutines have its P.
	goschedEvery = 17
	// goschedLocked is how much rarer that is for a worker that is locked to its thread, whom it costs 25 µs instead of
	// 85 ns: about every 16,000 slices. Go's own preemption sees to the rest, after 10 ms.
	goschedLocked = 16
	// searchRounds is how often a worker without work looks everywhere, yielding in between, before it parks.
	searchRounds = 4
	// nearRounds is how many of those rounds leave other memory nodes alone: their own workers may be about to come.
	nearRounds = 2
	// spareWorkers is how many more goroutines than permits are kept parked for the next blocked worker.
	spareWorkers = 4
	// closeGrace is how long Close waits for slices that looked blocked and may only be long.
	closeGrace = 10 * time.Millisecond
)

// normal returns c with its defaults filled in, or an error that names the wrong field.
func (c Config) normal() (Config, error) {
	switch {
	case c.Workers < 0:
		return c, fmt.Errorf("executor: Config.Workers: %d is negative", c.Workers)
	case c.Workers > math.MaxInt32:
		return c, fmt.Errorf("executor: Config.Workers: %d is too many", c.Workers)
	case c.Affinity > AffinityCore:
		return c, fmt.Errorf("executor: Config.Affinity: %d is none", c.Affinity)
	case c.MaxBlocked < 0:
		return c, fmt.Errorf("executor: Config.MaxBlocked: %d is negative", c.MaxBlocked)
	case c.Slow < 0:
		return c, fmt.Errorf("executor: Config.Slow: %v is negative", c.Slow)
	case c.Seeded != nil && c.Clock != nil && c.Clock != c.Seeded.Clock():
		return c, errors.New("executor: Config.Clock: a seeded run has its own")
	}
	if c.cpus.pin == nil {
		c.cpus = realProcessors
	}
	if c.Seeded != nil { // the machine must not show
		c.Workers, c.Topology, c.Affinity = 1, nil, AffinityAuto
	}
	c, err := c.withMachine()
	if err != nil {
		return c, err
	}
	if c.MaxBlocked == 0 {
		c.MaxBlocked = 1024
	}
	if c.Clock == nil {
		c.Clock = Real
		if c.Seeded != nil {
			c.Clock = c.Seeded.Clock()
		}
	}
	if c.OnSlow == nil {
		c.Slow = 0
	}
	if c.ring == 0 {
		c.ring = ringSize
	}
	return c, nil
}

// withMachine fills in the topology, and the number of workers, which have to fit each other where threads are pinned.
func (c Config) withMachine() (Config, error) {
	byDefault := c.Workers == 0
	if byDefault {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	switch {
	case c.Topology != nil:
		if err := c.Topology.Validate(); err != nil {
			return c, fmt.Errorf("executor: Config.Topology: %w", err)
		}
	case c.Affinity.pins():
		c.Topology = topology.Local()
	default:
		c.Topology = topology.Flat(c.Workers)
	}
	cpus := len(c.Topology.CPUs)
	switch {
	case !c.Affinity.pins() || c.Workers <= cpus:
	case byDefault:
		c.Workers = cpus
	default:
		return c, fmt.Errorf("executor: Config.Workers: %d are more than the CPUs to pin them to, of which this program may use %d",
			c.Workers, cpus)
	}
	return c, nil
}
