package executor

import (
	"context"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion/executor/topology"
	"github.com/bastion-go/bastion/internal/goid"
	"github.com/bastion-go/bastion/internal/relaxed"
)

// Worker is a goroutine that runs tasks one after the other, with what it needs for that: a newest-first cell, a ring
// of ready tasks, and storage for the layer above. To run tasks it needs one of the executor's permits. A Worker
// outlives its goroutine: when that ends (too many spares, a Goexit in a task) another one carries on with the same
// structures when there is work, so there are never more Workers than were needed at once.
type Worker struct {
	e     *Executor
	id    int
	local any
	marks context.Context // its pprof labels, in the seeded mode
	// note wakes the parked goroutine: one value for each time the worker was taken off the list of parked ones.
	note chan struct{}

	// Used by the running goroutine only (and by the next one on the same Worker, which a mutex orders behind it).

	streak     int   // slices in a row that came from the cell
	turn       int   // slices left until the next look into the injection queue
	goschedIn  int   // such looks left until the next Gosched
	searching  bool  // counted in the idle word as searching
	finished   bool  // the loop ended by itself, not by Goexit
	victimTurn int   // where the next theft starts
	locked     bool  // to its thread, until the goroutine ends
	pinned     *seat // to whose CPUs its thread was pinned

	_ [64]byte // the words below are read, and the cell taken, by others

	ctl ctl
	// seat is the one that w has, or had last: whether it still has it is for ctl to say. Written by whoever seats
	// it, under e.mu; read by the worker and the watcher to know where to rob and where to put what w cannot keep.
	seat atomic.Pointer[seat]
	// at is the domain of the CPU that w's thread was last seen on; nil: not known, or none of the executor's. Written by
	// the worker, when it follows; read by those who would change places with it.
	at atomic.Pointer[domain]
	// g is the identity of the goroutine that runs this worker, 0 when there is none. Written by that goroutine when
	// it starts and, because the runtime uses identities again, before it ends; read by Here, where only the
	// goroutine whose identity it is can find it equal, and that one wrote it itself.
	g atomic.Uintptr
	// cell holds the task submitted last, to run next while its message is still in the cache. Only the worker fills
	// it, and only when it is empty (a store) or by Swap; worker and watcher take from it, by Swap and
	// CompareAndSwap. The pointer's own ordering publishes the task.
	cell relaxed.Pointer[Task]
	// current is the task of the slice that runs; nil while looking for work; stale between two slices. Written by
	// the worker; read by the watcher, to tell a slice that stands still from a worker that is not in one.
	current relaxed.Pointer[Task]
	// steps counts calls of Step, runs counts slices. Written by the worker; read by the watcher, which takes their
	// sum for a sign of life, and by Stats.
	steps relaxed.Uint64
	runs  relaxed.Uint64
	c     counters

	_ [64]byte

	ring ring

	_ [64]byte

	seen look // the watcher's

	// Guarded by e.mu.

	ready  bool    // its Local is made
	alive  bool    // has a goroutine
	awayAt int     // its place in e.away
	below  *Worker // next in the list of parked, or of dormant, workers
}

// counters are off the fast path. All are written by the worker, except revocations by the watcher; read by Stats.
type counters struct {
	injected, parks, waits, goexits, moves relaxed.Uint64
	revocations                            relaxed.Uint64
	thefts, taken                          [topology.Reaches]relaxed.Uint64 // by distance; see WorkerStats
}

// The labels by which a worker's goroutine is found in a goroutine profile; see [StackByLabel].
const (
	labelWorker   = "bastion.worker"
	labelExecutor = "bastion.executor"
)

// ID returns the worker's number, dense from 0 in the order in which workers were first needed.
func (w *Worker) ID() int { return w.id }

// Executor returns the executor that w belongs to.
func (w *Worker) Executor() *Executor { return w.e }

// Local returns what [Config].NewLocal made for w.
func (w *Worker) Local() any { return w.local }

// Here reports whether the calling goroutine is w's own, so that it may call the methods that only that one may call.
// Any goroutine may ask, at any time. Where goroutines cannot be told apart (neither amd64 nor arm64) it is always
// false.
func (w *Worker) Here() bool {
	self := goid.Self()
	return self != 0 && self == w.g.Load()
}

// Step tells the watcher that the slice makes progress: a new unit of work, such as a message, begins. Only on w's
// own goroutine. It costs one plain store.
func (w *Worker) Step() { w.steps.Add(1) }

// Yield reports whether the slice should end now: it has used up its time, its permit was taken because it stood
// still, or the executor closes. Only on w's own goroutine. It costs one load.
func (w *Worker) Yield() bool { return !w.ctl.fast() && w.mustYield() }

// Submit queues t to run next on w, unless w loses its permit before, or others wait and have been overtaken too
// often. It must be called on w's own goroutine, inside a slice; from anywhere else use [Executor.Submit].
//
// A task that is alone in the newest-first cell wakes no other worker: w will take it when its slice ends. If the
// slice goes on for long the watcher hands the task to an idle worker within two ticks.
func (w *Worker) Submit(t *Task) {
	if w.cell.Load() == nil {
		w.cell.Store(t) // nobody else fills the cell
	} else if old := w.cell.Swap(t); old != nil {
		w.queue(old)
	}
	if w.ctl.lost() {
		w.handOn()
	}
}

// queue appends t to the ring, or half the ring and t to the injection queue, and wakes somebody to help. Worker only.
func (w *Worker) queue(t *Task) {
	w.enqueue(t)
	w.wake()
}

func (w *Worker) enqueue(t *Task) {
	for !w.ring.push(t) {
		var l list
		if w.ring.takeHalf(&l) == 0 {
			continue // thieves emptied it just now
		}
		l.push(t)
		w.inject().putAll(&l)
		return
	}
}

// spill moves all that w has queued to the injection queue, and returns how many tasks that was. The worker calls it
// when it goes on without a permit, the watcher when it took the permit.
func (w *Worker) spill() int {
	var l list
	for w.ring.takeHalf(&l) > 0 {
	}
	if w.cell.Load() != nil {
		if t := w.cell.Swap(nil); t != nil {
			l.push(t)
		}
	}
	n := l.n
	w.inject().putAll(&l)
	return n
}

// inject is the injection queue next to w.
func (w *Worker) inject() *injection { return &w.seat.Load().dom.inject }

// Block hands w's permit on, because the slice is about to wait for something that the layer above knows about: what
// is queued here goes to others at once, and the wait is not counted against [Config].MaxBlocked. Only on w's own
// goroutine, inside a slice; Unblock must follow before the slice ends.
func (w *Worker) Block() {
	if w.e.seeded != nil {
		return // the wait itself goes through Seeded.Wait
	}
	w.e.unseat(w, waits)
	if w.spill() > 0 || w.e.anyReady() {
		w.wake()
	}
}

// Unblock ends what Block began. It takes an idle permit if there is one; if not, the slice goes on without, and
// Yield reports true from now on. It does not wait. Only on w's own goroutine.
func (w *Worker) Unblock() {
	if w.e.seeded != nil {
		return
	}
	w.c.waits.Add(1) // a sign of life, before the watcher may look at w again: it was not standing still
	w.e.reseat(w, detached)
}

// main is the worker's goroutine.
func (w *Worker) main() {
	defer w.ended()
	w.g.Store(goid.Self())
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(
		labelExecutor, w.e.label, labelWorker, strconv.Itoa(w.id))))
	w.finished = false
	w.settle()
	w.loop()
	w.finished = true
}

// ended runs when the goroutine ends, deferred, because a task may end it by Goexit. (It also runs when a task
// panics; the program is then about to die.)
func (w *Worker) ended() {
	w.g.Store(0)
	w.current.Store(nil)
	w.locked, w.pinned = false, nil // the thread of a locked goroutine ends with it
	if !w.finished {
		w.c.goexits.Add(1)
		if w.ctl.lost() {
			w.spill()
		}
	}
	w.e.retire(w)
}

// look is what the watcher saw of a worker last.
type look struct {
	at             uint64 // the look's number
	progress, runs uint64
	since          time.Time     // when progress was first seen at this value
	reported       time.Duration // the threshold, doubled as often as OnSlow was told of by then; 0: not told
}
