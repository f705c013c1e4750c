package executor

// Stats is what an executor does right now, and has done: each figure is true at some moment during the call, all of
// them together only when the executor is at rest.
type Stats struct {
	Permits   int // tasks that may run at once
	Idle      int // permits that nobody has
	Searching int // workers that look for work
	Blocked   int // workers whose permit was taken because they stood still, and that have not come back
	Waiting   int // workers between Block and Unblock
	Detached  int // workers that finish a slice after a wait, without a permit
	Spares    int // parked workers
	Queued    int // tasks in the injection queues
	Futures   int // futures not finished
	// Affinity is how the workers are tied to CPUs: AffinityFollow, AffinityNode or AffinityCore.
	Affinity Affinity
	// Unpinned is why that is AffinityFollow although the config wanted threads pinned; nil: it did not, or they are.
	Unpinned error
	// HookPanics counts panics in hooks, all contained.
	HookPanics uint64
	Workers    []WorkerStats // by ID
}

// WorkerStats are one worker's figures. Runs = Local + Injected + Stolen, and Stolen = Thefts.Total().
type WorkerStats struct {
	ID       int
	State    string // "running", "yielding", "blocked", "waiting", "detached", "parked"
	CPU      int    // what its place was laid out on; the place it had last, when it has none. -1: it never ran
	Node     int    // the memory node of that; -1: it never ran
	Runs     uint64 // slices
	Steps    uint64 // as the tasks reported them
	Local    uint64 // slices whose task came from its own cell or ring
	Injected uint64 // whose task came from its domain's injection queue
	Stolen   uint64 // whose task came from another worker, or another domain
	// Thefts counts those by how far away the task was taken from.
	Thefts Reaches
	// Taken counts the tasks that came that way: the one that ran at once, and those that came along with it.
	Taken       Reaches
	Moves       uint64 // times it went to another place because its thread had, or pinned its thread to its place
	Parks       uint64 // times it went to sleep
	Revocations uint64 // times its permit was taken
	Waits       uint64 // calls of Unblock
	Goexits     uint64 // goroutines that a task ended
}

var stateNames = [...]string{
	holds: "running", yield: "yielding", revoked: "blocked", waits: "waiting", detached: "detached", parked: "parked",
	baton: "seeded",
}

// Stats takes a reading. It stops nobody.
func (e *Executor) Stats() Stats {
	e.mu.Lock()
	s := Stats{
		Permits:   e.permits,
		Idle:      e.idle.permits(),
		Searching: e.idle.searchers(),
		Blocked:   e.unseated[revoked],
		Waiting:   e.unseated[waits],
		Detached:  e.unseated[detached],
		Spares:    e.parkedLen,
	}
	if e.seeded != nil {
		s.Idle = max(e.permits-e.lent, 0)
	}
	all := e.all
	e.mu.Unlock()
	s.Affinity = e.ties.affinity
	if why := e.ties.refusal.Load(); why != nil {
		s.Affinity, s.Unpinned = AffinityFollow, *why
	}
	s.HookPanics = e.hookPanics.Load()
	s.Futures = e.futures.len()
	for _, d := range e.domains {
		s.Queued += int(d.inject.size.Load())
	}
	for _, w := range all {
		s.Workers = append(s.Workers, w.stats())
	}
	return s
}

func (w *Worker) stats() WorkerStats {
	s := WorkerStats{
		ID:          w.id,
		State:       stateNames[w.ctl.state()],
		Steps:       w.steps.Load(),
		Injected:    w.c.injected.Load(),
		CPU:         -1,
		Node:        w.Node(),
		Thefts:      reaches(&w.c.thefts),
		Taken:       reaches(&w.c.taken),
		Moves:       w.c.moves.Load(),
		Parks:       w.c.parks.Load(),
		Revocations: w.c.revocations.Load(),
		Waits:       w.c.waits.Load(),
		Goexits:     w.c.goexits.Load(),
	}
	if seat := w.seat.Load(); seat != nil {
		s.CPU = seat.cpu
	}
	s.Stolen = s.Thefts.Total()
	// Read last, because what it counts was counted above first; a task taken but not run yet is still missing.
	s.Runs = max(w.runs.Load(), s.Injected+s.Stolen)
	s.Local = s.Runs - s.Injected - s.Stolen
	return s
}

// Saturated reports whether as many workers are blocked as may be, or more ([Config].MaxBlocked): the next that blocks
// keeps its permit, and ready tasks may wait for it. It stops nobody, allocates nothing, and any goroutine may call it.
func (e *Executor) Saturated() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.unseated[revoked] >= e.maxBlocked
}
