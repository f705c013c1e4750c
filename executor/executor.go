package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor/topology"
)

var (
	// ErrClosed is the outcome of a future whose executor is closed.
	ErrClosed = errors.New("executor: closed")
	// ErrBlocked is what Close returns when it left goroutines behind, inside slices that do not return.
	ErrBlocked = errors.New("executor: workers still blocked")
)

// Executor runs tasks on a fixed number of permits. See the package comment. All its methods are safe for concurrent
// use.
type Executor struct {
	idle idleWord // first, and alone on its cache line
	_    [56]byte

	permits    int
	maxBlocked int
	clock      Clock
	cfg        Config
	seeded     *Seeded // nil: a real executor
	label      string  // labelExecutor's value: tells the workers of several executors apart
	place      *topology.Placement
	domains    []*domain // those that have seats
	seats      []*seat   // one for each permit
	byNode     map[int][]*domain
	cpus       processors
	ties       ties
	// nextDomain spreads outside submissions over the domains. Written and read by submitters.
	nextDomain atomic.Uint32
	watcher    *watcher
	futures    registry
	// hookPanics counts contained panics of hooks. Written by whoever ran the hook; read by Stats.
	hookPanics atomic.Uint64
	// closing is set once, by Close, under mu, before it asks the workers to yield; workers read it at the end of a
	// slice that was asked to, and while they search.
	closing atomic.Bool

	mu        sync.Mutex // guards what follows, the lists of the domains, and the idle half of idle
	all       []*Worker  // every worker ever made, by id; readers may keep a copy of the slice
	parkedLen int        // in the lists of all domains
	dormant   *Worker    // workers without a goroutine
	// unseated[s] is the number of workers in state s, for the states revoked, waits and detached. (The others are
	// counted along, and mean nothing.)
	unseated [parked + 1]int
	away     []*Worker // workers in state revoked or detached: in a slice, and not on a seat
	relief   int       // by how much the bound of MaxBlocked is exceeded at present; see Relieve
	grants   uint64    // times that a permit stopped being idle: the watcher's sign of life
	watching bool      // the watcher ticks; false: it sleeps until poked
	lent     int       // workers that slices of a seeded executor have
	started  bool
	closed   bool
	changed  chan struct{} // closed and replaced at each change that Close waits for
}

// New returns an executor that accepts tasks and runs none before Start. The error names the wrong field of c.
func New(c Config) (*Executor, error) {
	c, err := c.normal()
	if err != nil {
		return nil, err
	}
	e := &Executor{
		permits:    c.Workers,
		maxBlocked: c.MaxBlocked,
		clock:      c.Clock,
		cfg:        c,
		cpus:       c.cpus,
		seeded:     c.Seeded,
		place:      topology.Place(c.Topology, c.Workers),
		changed:    make(chan struct{}),
	}
	e.label = fmt.Sprintf("%p", e)
	e.watcher = newWatcher(e)
	e.layOut()
	e.byNode = e.nodes()
	e.tie()
	for range c.Workers {
		w := e.newWorker()
		w.below, e.dormant = e.dormant, w
	}
	if e.seeded != nil {
		e.seeded.enlist(e)
	}
	return e, nil
}

// newWorker makes a worker without a goroutine, which the caller has to itself. Not under e.mu: it calls NewLocal.
func (e *Executor) newWorker() *Worker {
	w := &Worker{e: e, note: make(chan struct{}, 1), ring: newRing(e.cfg.ring), goschedIn: goschedEvery}
	w.ctl.leave(parked)
	if e.seeded != nil {
		w.ctl.leave(baton)
	}
	e.mu.Lock()
	w.id = len(e.all)
	e.all = append(e.all, w)
	e.mu.Unlock()
	if e.cfg.NewLocal != nil {
		w.local = e.cfg.NewLocal(w)
	}
	e.mu.Lock()
	w.ready = true
	e.mu.Unlock()
	return w
}

// Start lets tasks run. Only the first call does anything; after Close none does.
func (e *Executor) Start() {
	if e.seeded != nil {
		e.startSeeded()
		return
	}
	e.mu.Lock()
	if e.started || e.closed {
		e.mu.Unlock()
		return
	}
	e.started = true
	e.watching = true
	go e.watcher.run()
	for i := range e.seats {
		e.release(e.seats[len(e.seats)-1-i], false)
	}
	e.mu.Unlock()
	if e.anyReady() {
		e.wake(e.domains[0])
	}
}

// Clock returns the clock that the executor was given.
func (e *Executor) Clock() Clock { return e.clock }

// EachWorker calls f for every worker there is or was, the blocked, parked and retired ones included, by ascending
// ID. What f reads of a worker's Local must be fit to be read while the worker uses it.
func (e *Executor) EachWorker(f func(w *Worker)) {
	e.mu.Lock()
	var ready []*Worker
	for _, w := range e.all {
		if w.ready {
			ready = append(ready, w)
		}
	}
	e.mu.Unlock()
	for _, w := range ready {
		f(w)
	}
}

// Close ends the executor: no slice begins any more, what is queued stays unrun, futures that have not started fail
// with [ErrClosed] and the contexts of those that run are cancelled. It returns nil when every goroutine of the
// executor has ended. A worker that is blocked inside a slice is left behind after a short grace; it ends as soon as
// the slice returns, and Close returns an error that wraps [ErrBlocked]. When ctx ends first, Close stops waiting for
// workers at once, and its error wraps the context's. Close may be called more than once.
//
// A task that calls Close itself makes its worker a blocked one.
func (e *Executor) Close(ctx context.Context) error {
	if e.seeded != nil {
		return e.closeSeeded(ctx)
	}
	e.mu.Lock()
	if !e.closed {
		e.stir() // the watcher finds those that are blocked
		e.closed = true
		e.closing.Store(true) // before askYield, see sliceEnded
		for w := e.sleeper(e.domains[0]); w != nil; w = e.sleeper(e.domains[0]) {
			w.note <- struct{}{}
		}
		for _, w := range e.all {
			w.ctl.askYield()
		}
	}
	started := e.started
	e.mu.Unlock()
	e.futures.close()
	err := e.settle(ctx)
	if started {
		e.watcher.end(ctx)
	}
	return err
}

// settle waits until no worker has a goroutine, or only blocked ones have and the grace is over.
func (e *Executor) settle(ctx context.Context) error {
	var grace <-chan time.Time
	for {
		e.mu.Lock()
		changed := e.changed
		busy, stuck := 0, 0
		for _, w := range e.all {
			switch s := w.ctl.state(); {
			case !w.alive:
			case hadPermit(s) || s == parked:
				busy++
			default:
				stuck++
			}
		}
		e.mu.Unlock()
		if busy+stuck == 0 {
			return nil
		}
		if busy == 0 && grace == nil {
			t := time.NewTimer(closeGrace)
			defer t.Stop()
			grace = t.C
		}
		select {
		case <-changed:
		case <-grace:
			return fmt.Errorf("executor: close: %w: %d", ErrBlocked, stuck)
		case <-ctx.Done():
			return fmt.Errorf("executor: close: %w", ctx.Err())
		}
	}
}
