package executor

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// watcher is the one goroutine that looks at workers from outside: it finds those that stand still and takes their
// permits (E5), asks long slices to end (E2), hands on what lies in the cell of a long slice (E1), and reports what
// takes too long (L9). While nothing goes on it sleeps.
type watcher struct {
	e    *Executor
	note chan struct{} // wakes it; holds one
	stop chan struct{} // closed by end
	done chan struct{} // closed when its goroutine ends
	// hook is held (one value in it) while a hook runs.
	hook chan struct{}
	// ended says that stop was closed. Written and read by end.
	ended atomic.Bool

	// Used by its goroutine only.

	at       []*Worker // whom to look at: those on seats and those who lost theirs in a slice
	looks    uint64    // how many there were
	grants   uint64    // e.grants at the last look
	told     bool      // OnSaturated knows of the present episode
	unpinned bool      // OnUnpinned was called
	reported time.Time
}

func newWatcher(e *Executor) *watcher {
	return &watcher{
		e:    e,
		note: make(chan struct{}, 1),
		stop: make(chan struct{}),
		done: make(chan struct{}),
		hook: make(chan struct{}, 1),
	}
}

func (x *watcher) poke() {
	select {
	case x.note <- struct{}{}:
	default: // one is enough
	}
}

// end stops the watcher and waits for it, and for a hook that runs, but not for ever for the hook, which is the user's.
func (x *watcher) end(ctx context.Context) {
	if x.ended.CompareAndSwap(false, true) {
		close(x.stop)
	}
	<-x.done
	t := time.NewTimer(closeGrace)
	defer t.Stop()
	select {
	case x.hook <- struct{}{}:
		<-x.hook
	case <-ctx.Done():
	case <-t.C:
	}
}

func (x *watcher) run() {
	defer close(x.done)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelExecutor, x.e.label)))
	quiet := 0
	for {
		select {
		case <-x.stop:
			return
		default:
		}
		if x.look() {
			quiet = 0
		} else {
			quiet++
		}
		if quiet < quietTicks {
			time.Sleep(tick)
			continue
		}
		if !x.sleep() {
			return
		}
	}
}

// sleep parks until there is something to watch, or, while slices without a permit must be watched for slowness, until
// the next coarse tick. False: the watcher should end. After a coarse tick one look is enough: quiet stays as it was.
func (x *watcher) sleep() bool {
	e := x.e
	e.mu.Lock()
	if e.grants != x.grants || e.idle.permits() != e.permits {
		e.mu.Unlock()
		return true
	}
	e.watching = false
	away := len(e.away)
	e.mu.Unlock()
	if e.cfg.Slow > 0 && away > 0 {
		t := e.clock.AfterFunc(max(e.cfg.Slow/4, tick), x.poke)
		defer t.Stop()
	}
	select {
	case <-x.note:
	case <-x.stop:
		return false
	}
	e.mu.Lock()
	e.watching = true
	e.mu.Unlock()
	return true
}

// look looks at every worker once, and reports whether anything goes on.
func (x *watcher) look() (active bool) {
	e := x.e
	e.mu.Lock()
	active = e.grants != x.grants || e.idle.permits() != e.permits
	x.grants = e.grants
	x.looks++
	x.at = append(x.at[:0], e.away...)
	e.mu.Unlock()
	for _, s := range e.seats {
		if w := s.w.Load(); w != nil {
			x.at = append(x.at, w)
		}
	}
	var now time.Time
	if e.cfg.Slow > 0 {
		now = e.clock.Now()
	}
	var slowest *Worker
	refused := false
	for _, w := range x.at {
		s := w.ctl.state()
		if s == parked || s == waits || w.seen.at == x.looks {
			continue // the last: it was away and has taken a seat in between
		}
		w.seen.at = x.looks
		moved, sameSlice := w.seen.update(w, now)
		inSlice := w.current.Load() != nil
		switch {
		case s == revoked:
			x.takeQueue(w) // what a put stored while its permit was being taken; see ctl
		case s == detached:
		case !moved && inSlice:
			refused = x.replace(w) || refused
		case sameSlice:
			if inSlice {
				w.ctl.askYield()
			}
			if e.idle.permits() > 0 && w.cell.Load() != nil {
				x.takeQueue(w)
			}
		}
		if e.cfg.Slow > 0 && inSlice && w.seen.isSlow(now, e.cfg.Slow) &&
			(slowest == nil || w.seen.since.Before(slowest.seen.since)) {
			slowest = w
		}
	}
	clear(x.at)
	refused = refused || x.lookTwice() // at the bound a second look could only be refused as well
	x.saturation(refused)
	x.refusal()
	if slowest != nil {
		x.report(slowest, now)
	}
	return active
}

// lookTwice looks again at once when tasks wait and no permit is idle: who then has not moved for quickLook is taken
// for blocked. Without it a stranger waits for two ticks, each of which lasts over a millisecond when nothing else
// runs (the granularity of Go's own poller). A slice that only computes for that long loses its permit too; that costs
// a wake, and the two share the processor until it ends.
func (x *watcher) lookTwice() (refused bool) {
	if x.e.idle.permits() > 0 {
		return false
	}
	began := time.Now()
	for round := range quickRounds {
		unmoved := false
		for _, s := range x.e.seats {
			unmoved = unmoved || x.holdsUp(s.w.Load())
		}
		if !unmoved {
			return false
		}
		if round&15 == 15 && time.Since(began) > quickLook {
			break
		}
		runtime.Gosched()
	}
	for _, s := range x.e.seats {
		if w := s.w.Load(); x.holdsUp(w) {
			refused = x.replace(w) || refused
		}
	}
	return refused
}

// holdsUp reports whether w has not moved since the last look while tasks wait that could run in its place.
func (x *watcher) holdsUp(w *Worker) bool {
	return w != nil && w.seen.at == x.looks && w.progress() == w.seen.progress && w.current.Load() != nil &&
		(w.cell.Load() != nil || x.e.anyReady())
}

// progress is a number that rises with every sign of life.
func (w *Worker) progress() uint64 { return w.runs.Load() + w.steps.Load() + w.c.waits.Load() }

// update takes a new look at w: has it moved since the last one, and is it the same slice still?
func (l *look) update(w *Worker, now time.Time) (moved, sameSlice bool) {
	runs := w.runs.Load()
	progress := w.progress()
	moved, sameSlice = progress != l.progress, runs == l.runs
	if moved {
		l.since, l.reported = now, 0
	}
	l.progress, l.runs = progress, runs
	return moved, sameSlice
}

// replace takes the permit of a worker that stands still and sees that somebody goes on with its work. It reports
// whether that was refused because too many are blocked already; what w has queued goes to others all the same.
func (x *watcher) replace(w *Worker) (refused bool) {
	taken, refused := x.e.take(w)
	if taken || refused {
		if w.spill() > 0 || x.e.anyReady() {
			w.wake()
		}
	}
	return refused
}

func (x *watcher) takeQueue(w *Worker) {
	if w.spill() > 0 {
		w.wake()
	}
}

// saturation tells OnSaturated once an episode: from the first refusal until a look without any.
func (x *watcher) saturation(refused bool) {
	if !refused {
		x.told = false
		return
	}
	if x.told || x.e.cfg.OnSaturated == nil {
		return
	}
	x.told = x.callHook(func() { x.e.cfg.OnSaturated(x.e.maxBlocked) })
}

// refusal tells OnUnpinned once.
func (x *watcher) refusal() {
	if why := x.e.ties.refusal.Load(); why != nil && !x.unpinned && x.e.cfg.OnUnpinned != nil {
		x.unpinned = x.callHook(func() { x.e.cfg.OnUnpinned(*why) })
	}
}
