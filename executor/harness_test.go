package executor

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// fn is a task made of a function.
type fn struct {
	Task
	f func(w *Worker) bool
}

func (t *fn) Run(w *Worker) bool { return t.f(w) }

// task returns a task that runs f once.
func task(f func(w *Worker)) *Task { return again(func(w *Worker) bool { f(w); return false }) }

// again returns a task that runs f until it returns false.
func again(f func(w *Worker) bool) *Task {
	t := &fn{f: f}
	t.Init(t)
	return &t.Task
}

// started returns a running executor that the end of the test closes, and checks that it left nothing behind.
func started(tb testing.TB, c Config) *Executor {
	tb.Helper()
	e, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	e.Start()
	tb.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			tb.Error(err)
		}
		noGoroutines(tb, e)
	})
	return e
}

// noGoroutines fails the test when a goroutine with e's label is alive. A goroutine that has told Close of its end may
// still be returning, hence the few attempts.
func noGoroutines(tb testing.TB, e *Executor) {
	tb.Helper()
	for try := 0; ; try++ { // counted, not timed: in a bubble the clock stands while anything runs
		left := StackByLabel(labelExecutor, e.label)
		if left == "" {
			return
		}
		if try > 2_000 {
			tb.Fatalf("goroutines left after Close:\n%s", left)
		}
	}
}

// within receives from c, or fails the test after a time that only a hang can reach.
func within[T any](tb testing.TB, c <-chan T, what string) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		tb.Fatal("no sign of ", what)
		panic("unreachable")
	}
}

// atRest checks that every permit is idle and nothing is queued: what must hold when all tasks have ended.
func atRest(tb testing.TB, e *Executor) {
	tb.Helper()
	for try := 0; ; try++ {
		s := e.Stats()
		if s.Idle == s.Permits && s.Blocked+s.Waiting+s.Detached+s.Searching+s.Queued+s.Futures == 0 {
			return
		}
		runtime.Gosched()
		if try > 2_000_000 {
			tb.Fatalf("not at rest: %+v", s)
		}
	}
}
