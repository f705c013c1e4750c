package bastion

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
	"github.com/bastion-go/bastion/internal/mailbox"
)

// A System is a tree of supervised processes and what runs them. Several can
// live in one program; they share nothing. It is made by New, runs from Start to
// Stop, and cannot be started again.
//
// Only New makes one. A nil or zero System is none: its methods panic, and so do
// those of a nil Inspector.
type System struct {
	name       string
	log        *slog.Logger
	clock      executor.Clock
	seeded     *executor.Seeded // nil: the real world
	faults     Faults           // nil: none, as always in the real world
	numbers    numbers          // of messages, in a seeded run
	backtraces Backtraces
	shutdown   time.Duration
	exec       *executor.Executor
	machine    *topology.Topology
	depot      *mailbox.Depot[envelope]
	root       *supervisor

	ids       atomic.Uint64
	packs     atomic.Uint32 // groups with PlacePack so far
	books     ledger
	journal   journal
	events    stream[Event]
	letters   stream[DeadLetter]
	ward      ward         // what is not up
	storms    storms       // who restarts too much
	leaving   atomic.Int64 // since when it is a lame duck, nanoseconds on the clock; 0: it is not. LameDuck writes once
	questions sync.Pool    // of *question; the system's own, because they hold channels

	clockworks []*clockwork // a power of two of them
	timers     *timerOwner  // of timers that belong to nobody else

	// stage is written under mu, read by everybody.
	stage  atomic.Uint32
	mu     sync.Mutex
	last   []*rite                 // AfterStop callbacks under way
	buried chan struct{}           // closed when there are none; nil: nobody waits
	left   map[*Context]*Abandoned // what was abandoned and has not returned
	why    error                   // why it ended by itself

	booted  chan error    // the root's first answer
	down    chan struct{} // closed when the root is down
	done    chan struct{} // closed when everything is
	closing atomic.Bool   // somebody finishes
	closed  atomic.Bool   // the executor is about to be, or is
	unborn  atomic.Bool   // it was stopped before it was started; set after stage, before done
	killed  atomic.Bool   // the order to stop was to kill; set before stage, read by Start
}

const (
	stageNew = iota
	stageStarting
	stageRunning
	stageStopping
	stageStopped
)

var stageNames = []string{"declared", "starting", "running", "stopping", "stopped"}

// New makes a system in which nothing runs yet. An impossible config is a
// *SpecError that names the field.
func New(cfg Config) (*System, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg = cfg.complete()
	s := &System{
		name: cfg.Name, log: cfg.Logger, clock: cfg.Clock, seeded: cfg.Seeded, faults: cfg.Faults, shutdown: cfg.Shutdown,
		backtraces: cfg.Backtraces, machine: cfg.Topology,
		depot:  mailbox.NewDepot[envelope](),
		booted: make(chan error, 1), down: make(chan struct{}), done: make(chan struct{}),
	}
	s.questions.New = func() any { return newQuestion(s) }
	s.events.seeded, s.letters.seeded = cfg.Seeded, cfg.Seeded
	exec, err := executor.New(executor.Config{
		Workers: cfg.Workers, MaxBlocked: cfg.MaxBlocked, Slow: max(cfg.Watchdog, 0), Clock: cfg.Clock,
		Seeded: cfg.Seeded, Topology: cfg.Topology, Affinity: cfg.Affinity,
		OnSlow: s.slow, OnSaturated: s.saturated, OnUnpinned: s.unpinned,
		NewLocal: func(*executor.Worker) any { return &local{sys: s.lender(), nodes: s.depot.Cache()} },
	})
	if err != nil {
		return nil, &SpecError{Faults: []string{strings.TrimPrefix(err.Error(), "executor: Config.")}}
	}
	s.exec = exec
	s.clockworks = newClockworks(s, cfg)
	s.timers = &timerOwner{clock: s.clockworks[0]}
	s.journal.exec, s.journal.log = exec, cfg.Logger
	s.journal.task.Init(&s.journal)
	s.root = newSupervisor(s, nil, 0, cfg.Name, SupervisorSpec{Name: cfg.Name, Intensity: cfg.Intensity, Callbacks: cfg.Callbacks, Middleware: cfg.Middleware})
	return s, nil
}

func (s *System) nextID() uint64 { return s.ids.Add(1) }

// begun reports whether questions can be answered.
func (s *System) begun() bool { return s.stage.Load() != stageNew }

// executes reports whether the executor runs what it is given.
func (s *System) executes() bool {
	stage := s.stage.Load()
	return stage != stageNew && stage != stageStopped && !s.closed.Load()
}

// Name is the root of all paths.
func (s *System) Name() string { return s.name }

// Root is the root supervisor, which restarts one for one.
func (s *System) Root() *Supervisor { return &Supervisor{s.root} }

// Supervise adds a supervisor with its children under the root. Before Start it
// is declared only, and nothing of it runs; references to its children are valid
// and keep what they are told. On a running system it is started, and Supervise
// waits for that. A bad spec is a *SpecError that lists every fault.
func (s *System) Supervise(spec SupervisorSpec) (*Supervisor, error) {
	var f faults
	checkSupervisor(&spec, &f)
	if spec.Name == "" {
		f.add("Name", "is missing")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return s.Root().AddSupervisor(context.Background(), spec)
}

// Start starts the supervisors in the order they were declared, each with its
// children, and returns when all have started. If one does not, what had been
// started is stopped again in reverse order, the system is stopped, and the
// error says which and why. ErrStarted the second time. When ctx ends first, the
// system is killed.
func (s *System) Start(ctx context.Context) error {
	if !s.stage.CompareAndSwap(stageNew, stageStarting) {
		return ErrStarted
	}
	ctx = someContext(ctx)
	s.exec.Start()
	s.flat()
	s.root.begin(nil, nil, false)
	if s.stage.Load() == stageStopping {
		// A stop that overtook us found a root that had not begun.
		how := haltStop
		if s.killed.Load() {
			how = haltKill
		}
		s.root.stopBy(how)
	}
	var err error
	switch s.waits("the system's start", nil, executor.Filled(s.booted), done(ctx)) {
	case 0:
		err = <-s.booted
	case 1:
		return s.startLate(ctx)
	default:
		select {
		case err = <-s.booted:
		case <-ctx.Done():
			return s.startLate(ctx)
		}
	}
	if err != nil {
		s.finish(context.Background())
		return err
	}
	s.emit(Event{Kind: EventSystemStarted, Path: s.root.path})
	return nil
}

// startLate is the end of a start that took longer than its ctx.
func (s *System) startLate(ctx context.Context) error {
	s.Kill()
	return ctx.Err()
}

// rootReport is what the root supervisor tells. It must not block.
func (s *System) rootReport(ev *event) {
	if ev.kind == eventStarted {
		s.stage.CompareAndSwap(stageStarting, stageRunning)
		s.booted <- nil
		return
	}
	before := s.stage.Swap(stageStopping)
	s.mu.Lock()
	if before == stageRunning || before == stageStarting {
		s.why = ev.reason // nobody asked for it
	}
	s.mu.Unlock()
	if before == stageRunning && ev.report != nil { // of a failed start its caller is told
		ev.report.Decision = "the system stops"
		s.logCrash(ev.report, nil)
		s.emit(Event{Kind: EventFailed, Path: ev.report.Path, ID: ev.report.ID, Reason: ev.reason, Report: ev.report})
	}
	select {
	case s.booted <- ev.reason:
	default:
	}
	close(s.down)
	if before == stageRunning || before == stageStarting {
		s.finishLater() // an agenda cannot wait for the executor to close
	}
}

// Stop stops the system: the children in reverse order, each within its shutdown
// time. When ctx ends before that, what is left is killed. What did not return
// is listed in an *AbandonedError; it goes on, fenced off. Otherwise nothing of
// the system is left when Stop returns (contract L11). Stopping twice waits
// twice. A system that was never started is ErrNotStarted, and stays down: Start
// answers ErrStarted from then on.
//
// From inside one of its own processes it only gives the order: ErrPending.
func (s *System) Stop(ctx context.Context) error { return s.halt(ctx, haltStop) }

// Kill stops the system without asking anybody and without waiting. Wait tells
// when it is down.
func (s *System) Kill() {
	if s.begin(haltKill) {
		s.finishLater()
	}
}

func (s *System) finishLater() {
	if s.seeded != nil {
		s.seeded.Go("the end of "+s.name, func() { s.finish(context.Background()) })
		return
	}
	go s.finish(context.Background())
}

// begin gives the root the order, and reports whether it is the caller who has
// to finish.
func (s *System) begin(how halt) (first bool) {
	if how == haltKill {
		s.killed.Store(true)
	}
	for {
		stage := s.stage.Load()
		switch stage {
		case stageNew:
			if s.stage.CompareAndSwap(stageNew, stageStopping) {
				s.unborn.Store(true)
				close(s.down)
				return true
			}
			continue
		case stageStopped:
			return false
		}
		first = stage != stageStopping && s.stage.CompareAndSwap(stage, stageStopping)
		if first || stage == stageStopping {
			s.root.stopBy(how)
			return first
		}
	}
}

func (s *System) halt(ctx context.Context, how halt) error {
	ctx = someContext(ctx)
	inside := contextOf(ctx)
	if inside != nil && inside.p.sys() == s {
		if s.begin(how) {
			s.finishLater()
		}
		return ErrPending
	}
	if s.begin(how) {
		s.finish(ctx)
	} else {
		s.awaitEnd(ctx, s.done)
	}
	if s.unborn.Load() {
		return ErrNotStarted
	}
	return s.leftBehind()
}

// finish waits until the root is down and closes everything else. One caller
// does the work, others wait for it.
func (s *System) finish(ctx context.Context) {
	if !s.closing.CompareAndSwap(false, true) {
		s.awaitEnd(context.Background(), s.done)
		return
	}
	s.awaitEnd(ctx, s.down)
	s.closeTimers()
	why := DiscardStopped
	if s.root.how == haltKill {
		why = DiscardKilled
	}
	s.root.dispose(passing{why: why, reason: s.reason()})
	s.awaitRites(ctx)
	s.journal.flush(s)
	s.closed.Store(true)
	_ = s.exec.Close(context.Background()) // what is blocked was abandoned, and is listed
	s.stage.Store(stageStopped)
	s.emit(Event{Kind: EventSystemStopped, Path: s.root.path, Reason: s.reason()})
	s.events.close()
	s.letters.close()
	close(s.done)
}

// awaitEnd waits for c to be closed, and kills what is left when ctx ends before.
func (s *System) awaitEnd(ctx context.Context, c <-chan struct{}) {
	switch s.waits("the system's end", nil, executor.Closed(c), done(ctx)) {
	case 0:
		return
	case -1:
		select {
		case <-c:
			return
		case <-ctx.Done():
		}
	}
	s.root.stopBy(haltKill)
	s.waits("the system's end", nil, executor.Closed(c))
	<-c
}

func (s *System) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// Wait returns when the system is down: nil if it was told to stop, else why it
// stopped by itself.
func (s *System) Wait() error {
	s.waits("the system's end", nil, executor.Closed(s.done))
	<-s.done
	return s.reason()
}

// Done is closed when the system is down.
func (s *System) Done() <-chan struct{} { return s.done }
