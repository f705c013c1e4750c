package executor

import (
	"strconv"
	"time"
)

// Slow describes a slice that has stood still for too long (L9).
type Slow struct {
	// Worker is the ID of the worker that runs the slice.
	Worker int
	// Task is what the worker runs. It may have ended by the time it is looked at.
	Task *Task
	// For is how long it has not called Step (or, never having called it, how long it has run), as the watcher saw
	// it: up to a tick less than the truth.
	For time.Duration
	// Stack makes the stack of the worker's goroutine from a labelled goroutine profile, when called; "" when the
	// goroutine has ended. It costs a walk over all goroutines of the program, though nothing stops for long.
	Stack func() string
}

// slowEvery is the least time between two reports.
const slowEvery = time.Second

// isSlow reports whether l's step is due for a report: when it has stood still for the threshold, and then each time
// that has doubled.
func (l *look) isSlow(now time.Time, threshold time.Duration) bool {
	stood := now.Sub(l.since)
	return !l.since.IsZero() && stood >= threshold && stood >= 2*l.reported
}

// report tells OnSlow about w, unless it was told of something within the last second or is still busy with that; w
// stays due then.
func (x *watcher) report(w *Worker, now time.Time) {
	if !x.reported.IsZero() && now.Sub(x.reported) < slowEvery {
		return
	}
	t := w.current.Load()
	if t == nil {
		return
	}
	s := Slow{Worker: w.id, Task: t, For: now.Sub(w.seen.since), Stack: w.stack}
	if x.callHook(func() { x.e.cfg.OnSlow(s) }) {
		x.reported, w.seen.reported = now, x.e.cfg.Slow
		for 2*w.seen.reported <= s.For {
			w.seen.reported *= 2
		}
	}
}

// callHook runs f, which calls one of the config's hooks, on a goroutine of its own: the watcher must not wait for
// user code. False: another one is still running.
func (x *watcher) callHook(f func()) bool {
	select {
	case x.hook <- struct{}{}:
	default:
		return false
	}
	go func() {
		defer func() { <-x.hook }()
		x.e.contain(f)
	}()
	return true
}

// stack returns the stack of w's goroutine, and not of goroutines that its tasks have started: those inherit labels.
func (w *Worker) stack() string {
	root := "executor.(*Worker).main"
	if w.e.seeded != nil {
		root = "executor.(*Seeded).slice"
	}
	return profile(root, labelExecutor, w.e.label, labelWorker, strconv.Itoa(w.id))
}

// Stack returns the stack of w's goroutine as the goroutine profile shows it; see StackByLabel for what that costs and
// may miss. Any goroutine may call it.
func (w *Worker) Stack() string { return w.stack() }
