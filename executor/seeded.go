package executor

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// SeededConfig says how a [Seeded] run goes. Its zero value is seed 0, a uniformly random order, a clock that begins
// with the year 2000, a million steps and ten seconds of patience.
type SeededConfig struct {
	// Seed is what the order is drawn from, unless there is a Source.
	Seed uint64
	// Source makes the choices; nil: [RandomSource] of Seed.
	Source Source
	// Start is the time at which the virtual clock begins; zero: 2000-01-01 00:00 UTC.
	Start time.Time
	// StepLimit is after how many steps a run that has not ended is stopped, as one that never will; 0: 1,000,000.
	StepLimit int
	// Patience is how much real time a step may spend blocked outside Bastion before it is reported; 0: 10 s. A step
	// that computes is given thirty times as much.
	Patience time.Duration
	// Late is asked for each timer that is set, and returns how much later than after d it fires: slowness that the
	// clock itself does not have. Less than 0: it never fires. Nil: no timer is late. It is called by whoever sets the
	// timer, if that is a strand, and may ask for choices.
	Late func(d time.Duration) time.Duration
	// AtomicSends says that a send is no point at which another strand may go on. It loses interleavings, and is for
	// programs that hold locks of their own while they send.
	AtomicSends bool
	// Trace is told of every step, in order; nil: nobody. It is called between steps, by whoever is about to give the
	// baton on, and must not call anything of Bastion.
	Trace func(Step)
}

// Seeded is one run in the seeded mode (E7): executors made with it as [Config].Seeded, and the layer above them, do
// one thing at a time, in an order drawn from a source, in virtual time. With the same choices, the same binary does
// the same things, for everything that goes through Bastion.
//
// What takes part is called a strand: the driver, each goroutine begun by Go, and each goroutine that runs tasks or
// timers. One strand has the baton and runs; it gives the baton on when it waits (Wait), when it ends, and where the
// source says so (Point, the end of a slice). When none can go on and no task is ready, time jumps to the next timer.
// All methods but Run may be called by any goroutine; what they do for one that is no strand is said at each.
type Seeded struct {
	cfg   SeededConfig
	src   Source
	clock *virtualClock

	// current is the strand that has the baton. Written by whoever hands it over; read by all.
	current atomic.Pointer[strand]
	// holder is the identity of its goroutine, 0 while it is being handed over. Written by that goroutine when it has
	// the baton; another one can never find its own identity here.
	holder atomic.Uintptr
	// life counts steps and everything else that shows that the holder is not stuck. Read by the guard.
	life atomic.Uint64
	// ended is set once, by whoever ends the run, before over is closed. Read by all.
	ended atomic.Bool
	over  chan struct{}
	// number is the last that Number gave. Any goroutine adds to it.
	number atomic.Uint64
	// goexit says that the driver ended by Goexit. Written by its goroutine; read when the run is over.
	goexit atomic.Bool

	// Of the strand that has the baton.

	steps   int
	recent  [recentSteps]any // who was chosen last: *strand, *Task or *virtualTimer
	cands   []Candidate
	main    *strand
	drained bool // the driver has ended: time stands still

	mu      sync.Mutex // guards what follows, which goroutines that are no strands may change
	running bool
	err     *SeededError
	strands []*strand // those that have something to do, in the order in which they got it
	idle    []*strand // carriers without an item
	all     map[*strand]struct{}
	ready   []readyTask
	tasks   map[*Task]uint64 // their numbers
	execs   []*Executor
	lastID  uint64
	foreign string // the stack of the first call from a goroutine that is no strand
}

// recentSteps is how far back the report of a run without end looks for who kept running.
const recentSteps = 4096

// NewSeeded returns a run that has not begun. The error names the wrong field of c.
func NewSeeded(c SeededConfig) (*Seeded, error) {
	switch {
	case c.StepLimit < 0:
		return nil, errors.New("executor: SeededConfig.StepLimit: is negative")
	case c.Patience < 0:
		return nil, errors.New("executor: SeededConfig.Patience: is negative")
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	if c.StepLimit == 0 {
		c.StepLimit = 1_000_000
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
	}
	if c.Source == nil {
		c.Source = RandomSource(c.Seed)
	}
	s := &Seeded{
		cfg: c, src: c.Source, over: make(chan struct{}),
		all: make(map[*strand]struct{}), tasks: make(map[*Task]uint64),
	}
	s.clock = &virtualClock{s: s, start: c.Start.Round(0)}
	return s, nil
}

// errRunsOnce is the answer to a second Run.
var errRunsOnce = errors.New("executor: a Seeded runs once")

// Run runs main, the driver, as the first strand, on a goroutine of its own, and with it everything that main starts.
// It returns nil when main has returned and nothing is left: every executor closed, every strand ended. main must
// therefore wait for what it stops. Otherwise it returns a [*SeededError], and what was left is ended by
// [runtime.Goexit] where it waits.
//
// A Goexit in main, such as by testing.T.FailNow, ends the caller's goroutine as well.
func (s *Seeded) Run(main func()) error {
	s.mu.Lock()
	if s.running || s.ended.Load() {
		s.mu.Unlock()
		return errRunsOnce
	}
	s.running = true
	s.mu.Unlock()
	s.main = s.begin("driver", func() {
		returned := false
		defer func() { s.goexit.Store(!returned && !s.ended.Load()) }()
		main()
		returned = true
	})
	watched := make(chan struct{})
	go func() { defer close(watched); s.guard() }()
	s.give(s.main)
	<-s.over
	<-watched
	s.dismiss()
	if s.goexit.Load() {
		runtime.Goexit()
	}
	if s.err == nil {
		return nil
	}
	return s.err
}

// Clock returns the run's virtual clock. It stands still while anything can go on, and jumps to the next timer when
// nothing can. A timer's function runs as a step of its own.
func (s *Seeded) Clock() Clock { return s.clock }

// Abort ends the run at once and without an error, wherever it stands: for who has seen enough. A strand that calls it
// does not return; what is left is ended as always.
func (s *Seeded) Abort() {
	mine := s.self() != nil
	s.end(nil)
	if mine {
		runtime.Goexit()
	}
}

// end is the end of the run: with an error, or without. Only the first call counts.
func (s *Seeded) end(err *SeededError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.Load() {
		return
	}
	s.err = err
	s.ended.Store(true)
	s.ready = nil
	close(s.over)
}

// dismiss ends the goroutines of the strands that are still there, where they wait, and gives them a moment for it.
// One that is blocked elsewhere ends when it next calls anything here that waits.
func (s *Seeded) dismiss() {
	s.mu.Lock()
	left := make([]*strand, 0, len(s.all))
	for st := range s.all {
		left = append(left, st)
	}
	s.mu.Unlock()
	for _, st := range left {
		select {
		case st.resume <- struct{}{}:
		default:
		}
	}
	limit := time.NewTimer(min(s.cfg.Patience, time.Second))
	defer limit.Stop()
	for _, st := range left {
		select {
		case <-st.gone:
		case <-limit.C:
			return
		}
	}
}

// finish ends a run whose driver has returned and in which nothing can go on.
func (s *Seeded) finish() {
	var left []string
	s.mu.Lock()
	for _, st := range s.strands {
		left = append(left, st.String())
	}
	for _, e := range s.execs {
		if !e.closing.Load() {
			left = append(left, "an executor that was not closed")
		}
	}
	foreign := s.foreign
	s.mu.Unlock()
	switch {
	case s.goexit.Load():
		s.end(nil)
	case foreign != "":
		s.end(s.fault(FaultForeign, nil, foreign))
	case len(left) > 0:
		s.end(s.fault(FaultLeft, left, ""))
	default:
		s.end(nil)
	}
}
