package executor

import (
	"math/rand/v2"
	"testing"

	"github.com/bastion-go/bastion/executor/topology"
)

// TestModel_ParkingInManyOrders puts the executor's own rings, injection queues, idle word and permits through many
// orders of steps, with rings of 2 to 4 slots. The steps are those of loop.go, seats.go and watcher.go, each on a
// strand of a seeded run, with a point between any two that another worker could come between. The model is a list of
// how often each task is to run and did. A wake-up that is missed is a deadlock of the run.
func TestModel_ParkingInManyOrders(t *testing.T) {
	for _, capacity := range []int{2, 3, 4} {
		for seed := range uint64(1000) {
			x := newParking(t, capacity, seed)
			if err := x.run.Run(x.drive); err != nil {
				t.Fatalf("capacity %d: %v", capacity, err)
			}
			if t.Failed() {
				t.Fatalf("capacity %d, seed %d", capacity, seed)
			}
		}
	}
}

// parking is an executor that was never started; strands take the part of its goroutines.
type parking struct {
	t       *testing.T
	run     *Seeded
	e       *Executor
	random  *rand.Rand
	tasks   []*model
	open    int // tasks submitted and not run
	asleep  int // workers that wait for a permit and have not been given one
	watched bool
	over    bool
	revoked int // workers that lost their permit in their slice
	limit   int // how many tasks there are: few, because the next one repairs what the last one missed
	watches bool
}

// model is what the obvious executor knows of a task.
type model struct {
	Task
	submitted, ran int
}

func (m *model) Run(*Worker) bool { return false }

const (
	parkingPermits  = 3
	parkingRevoked  = 2 // at once, so that there always is a worker for a permit
	parkingOutsides = 2
)

func newParking(t *testing.T, capacity int, seed uint64) *parking {
	run, err := NewSeeded(SeededConfig{Seed: seed, StepLimit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	machine := topology.Flat(4)
	machine.Nodes = []topology.Node{{ID: 0, CPUs: []int{0, 1}}, {ID: 1, CPUs: []int{2, 3}}}
	machine.CPUs[2].Node, machine.CPUs[3].Node = 1, 1
	e, err := New(Config{Workers: parkingPermits, ring: capacity, Topology: machine})
	if err != nil {
		t.Fatal(err)
	}
	x := &parking{t: t, run: run, e: e, random: rand.New(rand.NewPCG(seed, 1))}
	x.limit, x.watches = 2+int(seed%9), seed%3 == 0
	for range parkingRevoked {
		w := e.newWorker()
		w.below, e.dormant = e.dormant, w
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.seats {
		e.release(e.seats[i], false)
	}
	for i, w := range e.all {
		w.seat.Store(e.seats[i%len(e.seats)])
		w.alive = true
		e.shelve(w)
	}
	e.dormant = nil
	return x
}

// drive starts the strands, waits until all tasks have run, and compares.
func (x *parking) drive() {
	for _, w := range x.e.all {
		x.run.Go("worker", func() { x.worker(w) })
	}
	x.run.Go("watcher", x.watch)
	sending := parkingOutsides
	for i := range parkingOutsides {
		d := x.e.domains[i%len(x.e.domains)]
		x.run.Go("outside", func() {
			for range 1 + x.limit/6 {
				d.inject.put(x.task())
				x.run.Point()
				x.e.wake(d)
				x.run.Point()
			}
			sending--
		})
	}
	x.run.Wait("every task to run", nil, func() bool { return sending == 0 && x.open == 0 })
	x.watched = true
	x.run.Wait("all to park", nil, x.still)
	x.over = true
	x.compare()
}

// still reports whether nobody does anything, the watcher included.
func (x *parking) still() bool {
	for _, w := range x.e.all {
		if len(w.note) > 0 {
			return false
		}
	}
	return x.asleep == len(x.e.all)+1
}

func (x *parking) compare() {
	for i, m := range x.tasks {
		if m.submitted != 1 || m.ran != 1 {
			x.t.Errorf("task %d of %d: submitted %d times, ran %d times", i, len(x.tasks), m.submitted, m.ran)
		}
	}
	if p, n := x.e.idle.permits(), x.e.idle.searchers(); p != parkingPermits || n != 0 {
		x.t.Errorf("%d idle permits and %d searchers at rest", p, n)
	}
	if x.e.anyReady() {
		x.t.Error("something is queued at rest")
	}
}

// task makes a task that is about to be submitted.
func (x *parking) task() *Task {
	m := &model{submitted: 1}
	m.Init(m)
	x.tasks = append(x.tasks, m)
	x.open++
	return &m.Task
}

// worker is Worker.main and Worker.loop.
func (x *parking) worker(w *Worker) {
	for {
		x.asleep++
		x.run.Wait("a permit", nil, func() bool { return len(w.note) > 0 || x.over })
		if x.over {
			return
		}
		x.asleep--
		<-w.note
		for x.turn(w) {
			x.run.Point()
		}
	}
}

// turn is one time round the loop. False: w has parked.
func (x *parking) turn(w *Worker) bool {
	var t *Task
	if !w.searching {
		t = w.next()
		x.run.Point()
	}
	if t == nil {
		t = x.search(w)
	}
	if t == nil {
		return x.park(w)
	}
	w.current.Store(t)
	w.runs.Add(1)
	x.slice(w, t)
	w.current.Store(nil)
	if !w.ctl.lost() {
		return true
	}
	w.spill()
	x.run.Point()
	if x.e.reseat(w, parked) {
		x.revoked--
		return true
	}
	x.run.Point()
	w.wake()
	x.run.Point()
	x.e.mu.Lock()
	defer x.e.mu.Unlock()
	x.revoked--
	if !x.e.shelve(w) {
		x.t.Error("too many spares")
	}
	return false
}

// park is Worker.park up to the sleep.
func (x *parking) park(w *Worker) bool {
	w.ring.clear()
	if !x.e.unseat(w, parked) {
		x.t.Error("too many spares")
	}
	x.run.Point()
	if x.e.anyReady() {
		x.run.Point()
		w.wake()
	}
	return false
}

// search is Worker.search, one round of it, and Worker.found.
func (x *parking) search(w *Worker) *Task {
	t := w.inject().take(&w.ring, w.share(w.seat.Load().dom))
	x.run.Point()
	if t == nil {
		if !w.searching && !x.e.idle.beginSearch(x.e.permits) {
			return nil
		}
		w.searching = true
		x.run.Point()
		if t = w.rob(true); t == nil {
			return nil
		}
		x.run.Point()
	}
	if w.searching {
		w.searching = false
		if !x.e.idle.endSearch() {
			return t
		}
	} else if w.ring.len() == 0 {
		return t
	}
	x.run.Point()
	if x.e.anyReady() {
		x.run.Point()
		w.wake()
	}
	return t
}

// slice runs a task, which submits up to three others: more than a small ring holds.
func (x *parking) slice(w *Worker, t *Task) {
	m := t.runner.(*model)
	if m.ran++; m.ran > m.submitted {
		x.t.Error("a task ran twice")
	}
	for range x.random.IntN(4) {
		if len(x.tasks) < x.limit {
			x.submit(w, x.task())
		}
	}
	if x.random.IntN(2) == 0 { // E1: what others can see must run without this worker's help
		x.run.Wait("others to run what is ready", nil, func() bool { return !x.e.anyReady() || x.e.idle.permits() == 0 })
	}
	x.open--
}

// submit is Worker.Submit.
func (x *parking) submit(w *Worker, t *Task) {
	if w.cell.Load() == nil {
		w.cell.Store(t)
	} else if old := w.cell.Swap(t); old != nil {
		x.run.Point()
		w.enqueue(old)
		x.run.Point()
		w.wake()
	}
	x.run.Point()
	if w.ctl.lost() {
		w.spill()
		x.run.Point()
		w.wake()
	}
	x.run.Point()
}

// watch is the watcher: it takes permits of workers in a slice, and what lies in their cells. It looks at each again.
func (x *parking) watch() {
	for ; x.watches && !x.watched; x.run.Wait("a tick", nil, func() bool { return true }) {
		x.run.Wait("somebody to watch", nil, func() bool { return x.open > 0 || x.watched })
		for _, w := range x.e.all {
			x.run.Point()
			switch s := w.ctl.state(); {
			case s == revoked:
				x.hand(w)
			case hadPermit(s) && w.current.Load() != nil && x.revoked < parkingRevoked:
				if taken, _ := x.e.take(w); taken {
					x.revoked++
					x.run.Point()
					x.hand(w)
				}
			}
		}
	}
	x.asleep++
}

func (x *parking) hand(w *Worker) {
	if w.spill() > 0 || x.e.anyReady() {
		x.run.Point()
		w.wake()
	}
}
