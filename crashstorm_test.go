package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// TestCrashStorm lets failures of every kind rain on a tree of supervisors with a hundred processes each, while messages
// flow. Afterwards the books balance and agree with the test's own, messages came in order and at most once (D1, D2, D4),
// everybody is up again in the incarnation that was counted, and memory is back where it was when the storm began, but for
// stormKept.
//
// BASTION_STORM is how many failures (3,000). A million, on 10,000 processes under 100 supervisors, is `make storm`.
func TestCrashStorm(t *testing.T) {
	failures := 3_000
	if s := os.Getenv("BASTION_STORM"); s != "" {
		var err error
		if failures, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	leaveNothing(t)
	w := newCrashStorm(t, failures)
	before := heapAtRest()
	began := time.Now()
	w.rage(w.want / 10)
	w.rest()
	once := heapAtRest()
	w.rage(w.want)
	raged := time.Since(began)
	w.released = true
	close(w.release)
	w.rest()
	w.check()
	after := heapAtRest()
	w.report(raged, before, once, after)
	if limit := before.live + uint64(len(w.all))*stormKept + stormSlack; after.live > limit {
		t.Errorf("%d bytes are live after the storm, more than the %d allowed: %d before, %d after a tenth", after.live, limit, before.live, once.live)
	}
	if limit := once.spans*5/4 + stormSlack; after.spans > limit {
		t.Errorf("%d bytes of heap in use after the storm, more than the %d allowed: %d after a tenth", after.spans, limit, once.spans)
	}
	if err := w.sys.Stop(context.Background()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

const (
	stormDrivers = 4
	stormSlack   = 4 << 20 // what the runtimes, of Go and ours, keep at hand whatever the size of the tree; a node for each of the messages that waited, too
	// stormKept is what a process keeps that has failed once, has had an exit signal and is up again, and never had before.
	// It is the same after one failure and after a million: the Context of the present incarnation (64 bytes; the first one
	// stands in the process itself, and may still be in the hands of whoever was given it), the counts of its restarts and
	// failures and what a start reads of the failure before (112), the lock of its links and monitors (80), and in some a
	// member's streak, or what the first incarnation's Context was asked for. Failures, their messages and stacks are gone.
	stormKept    = 340
	stormHangs   = 20     // few: each leaves a goroutine until the end
	stormWaiting = 20_000 // messages that may wait before the drivers do
)

// A crashStorm is one run.
type crashStorm struct {
	t    *testing.T
	sys  *bastion.System
	want int64 // failures
	seed uint64
	all  []*stormChild
	log  transcript // what must not be

	sent     [stormDrivers]uint64   // each driver's own: the number of its next message
	caused   [stormOps]atomic.Int64 // failures, by kind
	failures atomic.Int64
	accepted atomic.Int64
	received atomic.Int64
	gone     atomic.Int64 // accepted and never to be received, as far as pace has learned
	restarts stormClock
	quiet    atomic.Bool
	hangs    atomic.Int32
	stuck    chan *stormChild
	release  chan struct{} // ends the hangs
	released bool
}

func newCrashStorm(t *testing.T, failures int) *crashStorm {
	w := &crashStorm{t: t, want: int64(failures), seed: rand.Uint64(), stuck: make(chan *stormChild, stormHangs), release: make(chan struct{})}
	for i := range w.sent {
		w.sent[i] = 1 // zero is none
	}
	w.log.t = t
	var err error
	w.sys, err = bastion.New(bastion.Config{
		Name: "storm", Logger: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError + 1})),
		Watchdog: -1, Intensity: bastion.Unlimited,
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range min(max(failures/10_000, 3), 100) {
		w.plant(i)
	}
	for i, c := range w.all {
		c.next = w.all[(i+1)%len(w.all)]
	}
	if err := w.sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w
}

// rage is the storm, until there were so many failures.
func (w *crashStorm) rage(failures int64) {
	w.quiet.Store(false)
	var drivers sync.WaitGroup
	for i := range stormDrivers {
		drivers.Go(func() { w.drive(i, failures) })
	}
	drivers.Wait()
	w.quiet.Store(true)
}

// rest waits until everybody is up and nothing moves, starting again who was stopped on purpose.
func (w *crashStorm) rest() {
	why := ""
	eventually(w.t, func() bool {
		why = w.restless()
		return why == ""
	}, func() string { return fmt.Sprintf("seed %d: no rest: %s\n%.20000s", w.seed, why, stacks()) })
}

// unstick kills who hangs, which abandons it.
func (w *crashStorm) unstick() {
	select {
	case c := <-w.stuck:
		w.signal(context.Background(), c, stormKilled, bastion.ErrKilled)
	default:
	}
}

func (w *crashStorm) restless() string {
	w.unstick()
	for _, c := range w.all {
		switch n, err := w.sys.Inspector().Node(c.path); {
		case err != nil:
			return err.Error()
		case n.State == bastion.StateStopped:
			_ = c.sup.Restart(context.Background(), c.name) // looked at again
			return c.path + " is stopped"
		}
	}
	h, b := w.sys.Health(), w.sys.Inspector().Books()
	switch {
	case !h.Ready.OK:
		return fmt.Sprint("not ready: ", h.Ready.Problems)
	case w.released && len(h.Live.Problems) > 0 && h.Live.Problems[0].Kind == bastion.ProblemAbandoned:
		return fmt.Sprint("left behind: ", h.Live.Problems)
	case b.Live || b.InHand > 0 || b.Mailboxes > 0:
		return b.String()
	}
	return ""
}

// check compares the test's account with the runtime's, at rest.
func (w *crashStorm) check() {
	b := w.sys.Inspector().Books()
	if in, got := uint64(w.accepted.Load()), uint64(w.received.Load()); !b.Balanced() || b.Accepted != in || b.Handled+b.Failed != got {
		w.t.Errorf("seed %d: the books say %v; the test counted accepted %d, received %d", w.seed, b, in, got)
	}
	for _, c := range w.all {
		if n, err := w.sys.Inspector().Node(c.path); err != nil || n.Incarnation != c.inc.Load() {
			w.log.note("%s: incarnation %d by the inspector, %d by itself (%v)", c.path, n.Incarnation, c.inc.Load(), err)
		}
	}
	for op := stormError; op < stormOps; op++ {
		if w.caused[op].Load() == 0 && w.want > 50_000 {
			w.t.Errorf("no failure of kind %v", op)
		}
	}
	w.log.want()
}

func (w *crashStorm) report(took time.Duration, heaps ...stormHeap) {
	lives := uint64(0)
	for _, c := range w.all {
		lives += c.inc.Load()
	}
	kinds := ""
	for op := stormError; op < stormOps; op++ {
		kinds += fmt.Sprintf(" %v %d", op, w.caused[op].Load())
	}
	w.t.Logf("seed %d: %d failures of %d processes in %v:%s", w.seed, w.failures.Load(), len(w.all), took.Round(time.Millisecond), kinds)
	w.t.Logf("%d incarnations; books %v", lives, w.sys.Inspector().Books())
	w.t.Logf("heap before, after a tenth, after: %v; %d restarts timed, from the failure to the next start hook: p50 %v, p99 %v, worst %v",
		heaps, w.restarts.count(), w.restarts.at(0.5), w.restarts.at(0.99), w.restarts.at(1))
}

// A stormHeap is what lives on the heap, and the spans that hold it.
type stormHeap struct{ live, spans uint64 }

func (h stormHeap) String() string {
	return fmt.Sprintf("%.1f MiB (in spans of %.1f)", float64(h.live)/(1<<20), float64(h.spans)/(1<<20))
}

// heapAtRest is the heap in use when nothing more is to be collected.
func heapAtRest() stormHeap {
	var m runtime.MemStats
	for range 3 { // what finalizers and pools let go needs more than one
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return stormHeap{live: m.HeapAlloc, spans: m.HeapInuse}
}

// pace waits while too many messages wait. What was discarded is never received: the books say how much that is.
func (w *crashStorm) pace() {
	for w.accepted.Load()-w.received.Load()-w.gone.Load() > stormWaiting {
		if w.sys.Inspector().Books().Mailboxes < stormWaiting/2 {
			w.gone.Store(w.accepted.Load() - w.received.Load())
			return
		}
		<-time.After(time.Millisecond)
	}
}

// drive is one goroutine outside, a sender of its own.
func (w *crashStorm) drive(id int, failures int64) {
	rng := rand.New(rand.NewPCG(w.seed+uint64(failures), uint64(id)))
	ctx := context.Background()
	for ; w.failures.Load() < failures; w.sent[id]++ {
		n := w.sent[id]
		c := w.all[rng.IntN(len(w.all))]
		w.pace()
		w.unstick()
		switch roll := rng.IntN(1000); {
		case roll < 700:
			w.tell(ctx, c, stormMsg{from: id, n: n})
		case roll < 925:
			w.tell(ctx, c, stormMsg{from: id, n: n, op: stormError + stormOp(rng.IntN(int(stormHang-stormError)))})
		case roll < 950:
			w.signal(ctx, c, stormKilled, bastion.ErrKilled)
		case roll < 980:
			w.signal(ctx, c, stormSignal, errBoom)
		case roll < 990:
			w.signal(ctx, c, stormShutSignal, bastion.ErrShutdown)
		case roll == 990 && w.hangs.Add(1) <= stormHangs:
			w.tell(ctx, c, stormMsg{from: id, n: n, op: stormHang})
		default:
			w.order(ctx, rng, c)
		}
	}
}

func (w *crashStorm) tell(ctx context.Context, c *stormChild, m stormMsg) {
	switch err := c.ref.Tell(ctx, m); {
	case err == nil:
		w.accepted.Add(1)
	case !errors.Is(err, bastion.ErrStopped) && !errors.Is(err, bastion.ErrEnded):
		w.log.note("Tell: %v", err)
	}
}

func (w *crashStorm) signal(ctx context.Context, c *stormChild, op stormOp, reason error) {
	switch err := c.ref.Exit(ctx, reason); {
	case err == nil:
		w.fell(op)
	case !errors.Is(err, bastion.ErrStopped) && !errors.Is(err, bastion.ErrNoProcess):
		w.log.note("Exit: %v", err)
	}
}

// order stops a child in some way, if it can be started again, and starts it.
func (w *crashStorm) order(ctx context.Context, rng *rand.Rand, c *stormChild) {
	var err error
	if !c.member {
		switch rng.IntN(4) {
		case 0:
			err = c.ref.Stop(ctx)
		case 1:
			err = c.ref.Drain(ctx)
		case 2:
			err = c.ref.Kill(ctx)
		}
	}
	err = errors.Join(err, c.ref.Restart(ctx))
	if err != nil && !errors.Is(err, bastion.ErrStopped) && !errors.As(err, new(*bastion.StartError)) {
		w.log.note("order: %v", err)
	}
}
