package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestE1_DisplacedTaskRunsOnAnIdleWorker(t *testing.T) {
	e := started(t, Config{Workers: 2})
	ran := make(chan struct{}, 2)
	done := make(chan struct{})
	e.Submit(task(func(w *Worker) {
		w.Submit(task(func(*Worker) { ran <- struct{}{} }))
		w.Submit(task(func(*Worker) { ran <- struct{}{} })) // two are ready now: the older one is for others
		for len(ran) == 0 {
			w.Step() // busy, and not standing still
			runtime.Gosched()
		}
		close(done)
	}))
	within(t, done, "the displaced task")
	atRest(t, e)
}

func TestE1_LoneTaskInTheCellOfALongSliceRunsElsewhere(t *testing.T) {
	e := started(t, Config{Workers: 2})
	var ran atomic.Bool
	done := make(chan struct{})
	e.Submit(task(func(w *Worker) {
		w.Submit(task(func(*Worker) { ran.Store(true) }))
		for !ran.Load() {
			w.Step()
			runtime.Gosched()
		}
		close(done)
	}))
	within(t, done, "the lone task")
	atRest(t, e)
}

func TestE1_EveryPermitIsUsed(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		e := started(t, Config{Workers: n})
		var running, most atomic.Int64
		meet, gone := make(chan struct{}), make(chan struct{}, n)
		for range n {
			e.Submit(task(func(w *Worker) {
				if k := running.Add(1); k == int64(n) {
					most.Store(k)
					close(meet)
				}
				for running.Load() < int64(n) {
					w.Step()
					runtime.Gosched()
				}
				gone <- struct{}{}
			}))
		}
		within(t, meet, fmt.Sprint(n, " running at once"))
		for range n {
			within(t, gone, "their end")
		}
		atRest(t, e)
	}
}

// bounce is a pair of tasks that submit each other for ever, and a count of their slices.
func bounce(stop *atomic.Bool, slices *atomic.Int64) (a *Task) {
	var b *Task
	a = task(func(w *Worker) {
		slices.Add(1)
		if !stop.Load() {
			w.Submit(b)
		}
	})
	b = task(func(w *Worker) {
		slices.Add(1)
		w.Submit(a)
	})
	return a
}

// TestE2: with one worker, a task in the ring waits for at most cellBudget slices of a flooding pair (and the one that
// runs) for each task before it in the ring, its own turn included; a task from outside for injectEvery.
func TestE2_FloodingPairDelaysOthersByABoundedNumberOfSlices(t *testing.T) {
	e := started(t, Config{Workers: 1})
	var stop atomic.Bool
	var slices atomic.Int64
	waited := make(chan int64, 4)
	third := func(name string, n int64) *Task {
		return task(func(*Worker) { waited <- slices.Load() - n })
	}
	// From inside: three tasks go to the ring, the pair's task to the cell.
	e.Submit(task(func(w *Worker) {
		for range 3 {
			w.Submit(third("ring", 0))
		}
		w.Submit(bounce(&stop, &slices))
	}))
	for i := range int64(3) {
		if got, bound := within(t, waited, "a task in the ring"), (i+1)*(cellBudget+2); got > bound {
			t.Errorf("task %d in the ring waited for %d slices, more than %d", i, got, bound)
		}
	}
	// From outside: the count may rise between the reading and the submission, so the reading is done inside.
	var from atomic.Int64
	e.Submit(task(func(*Worker) {
		from.Store(slices.Load())
		e.Submit(task(func(*Worker) { waited <- slices.Load() - from.Load() }))
	}))
	if got := within(t, waited, "a task from outside"); got > injectEvery+1 {
		t.Errorf("a task from outside waited for %d slices, more than %d", got, injectEvery+1)
	}
	stop.Store(true)
	atRest(t, e)
}

func TestE2_TaskThatRunsAgainDoesNotStarveOthers(t *testing.T) {
	e := started(t, Config{Workers: 1})
	var stop, other atomic.Bool
	e.Submit(again(func(w *Worker) bool { return !stop.Load() }))
	e.Submit(again(func(w *Worker) bool { other.Store(true); return !stop.Load() }))
	done := make(chan struct{})
	e.Submit(task(func(*Worker) { close(done) }))
	within(t, done, "the third")
	stop.Store(true)
	atRest(t, e)
	if !other.Load() {
		t.Error("the second never ran")
	}
}

func TestE2_SliceThatLastsIsAskedToYield(t *testing.T) {
	e := started(t, Config{Workers: 1})
	done := make(chan struct{})
	e.Submit(task(func(w *Worker) {
		for !w.Yield() {
			w.Step()
			runtime.Gosched()
		}
		if w.ctl.lost() {
			t.Log("taken for blocked: the machine is very busy")
		}
		close(done)
	}))
	within(t, done, "the wish to yield")
	atRest(t, e)
	clean := make(chan bool, 1)
	e.Submit(task(func(w *Worker) { clean <- !w.Yield() }))
	if !within(t, clean, "the next slice") {
		t.Error("the wish outlived the slice it was for")
	}
}

func TestE1_IdleExecutorSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 3, Slow: time.Second, OnSlow: func(Slow) {}})
		for range 10 {
			e.Submit(task(func(*Worker) {}))
		}
		time.Sleep(time.Second)
		synctest.Wait() // returns only when every goroutine of the bubble is durably blocked
		e.mu.Lock()
		watching := e.watching
		e.mu.Unlock()
		if watching {
			t.Error("the watcher still ticks")
		}
		atRest(t, e)
	})
}

func TestL8_TaskBlockedForAnHourCostsNoTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 1})
		e.Submit(task(func(*Worker) { time.Sleep(time.Hour) }))
		time.Sleep(time.Second)
		synctest.Wait()
		e.mu.Lock()
		watching := e.watching
		e.mu.Unlock()
		if s := e.Stats(); watching || s.Blocked != 1 || s.Idle != 1 {
			t.Errorf("watching %v, %+v", watching, s)
		}
		time.Sleep(time.Hour)
		atRest(t, e)
	})
}

func TestGoexit_WorkerIsReplaced(t *testing.T) {
	e := started(t, Config{Workers: 1})
	ran := make(chan *Worker, 1)
	e.Submit(task(func(w *Worker) {
		w.Submit(task(func(w *Worker) { ran <- w })) // what it has queued must not be lost
		runtime.Goexit()
	}))
	within(t, ran, "the task behind the Goexit")
	atRest(t, e)
	goexits := uint64(0)
	for _, w := range e.Stats().Workers {
		goexits += w.Goexits
	}
	if goexits != 1 {
		t.Errorf("%d goexits counted", goexits)
	}
}

func TestGoexit_OfABlockedWorkerReturnsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 2})
		for range 20 {
			e.Submit(task(func(w *Worker) {
				time.Sleep(time.Millisecond * 20)
				w.Submit(task(func(*Worker) {}))
				runtime.Goexit()
			}))
		}
		time.Sleep(time.Second)
		atRest(t, e)
	})
}

func TestHere_OnlyOnTheWorkersOwnGoroutine(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("Here is always false on ", runtime.GOARCH)
	}
	e := started(t, Config{Workers: 1})
	type view struct {
		w              *Worker
		inside, beside bool
	}
	seen := make(chan view, 1)
	e.Submit(task(func(w *Worker) {
		v := view{w: w, inside: w.Here()}
		beside := make(chan bool)
		go func() { beside <- w.Here() }()
		v.beside = <-beside
		seen <- v
	}))
	v := within(t, seen, "the task")
	if !v.inside || v.beside || v.w.Here() {
		t.Errorf("inside %v, beside %v, outside %v", v.inside, v.beside, v.w.Here())
	}
	// After its goroutine's death: the runtime uses its record again, very likely for one of these.
	e.Submit(task(func(w *Worker) { seen <- view{w: w}; runtime.Goexit() }))
	w := within(t, seen, "the task that exits").w
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	heres := make(chan bool)
	for range 100 {
		go func() { heres <- w.Here() }()
	}
	for range 100 {
		if <-heres {
			t.Fatal("a stranger is taken for the worker")
		}
	}
}

func TestNew_NamesTheField(t *testing.T) {
	for field, c := range map[string]Config{
		"Workers":    {Workers: -1},
		"MaxBlocked": {MaxBlocked: -1},
		"Slow":       {Slow: -1},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "Config."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestSubmit_BeforeStartWaits(t *testing.T) {
	e, err := New(Config{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{}, 10)
	for range 10 {
		e.Submit(task(func(*Worker) { ran <- struct{}{} }))
	}
	if s := e.Stats(); s.Queued != 10 || s.Idle != 0 {
		t.Errorf("before Start: %+v", s)
	}
	e.Start()
	e.Start() // does nothing
	for range 10 {
		within(t, ran, "a task")
	}
	atRest(t, e)
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	noGoroutines(t, e)
}

func TestClose_WithoutStart(t *testing.T) {
	e, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	e.Start()
	e.Submit(task(func(*Worker) { t.Error("ran after Close") }))
	noGoroutines(t, e)
}

func TestClose_LeavesABlockedSliceWhichEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := New(Config{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		e.Start()
		release := make(chan struct{})
		for range 3 {
			e.Submit(task(func(*Worker) { <-release }))
		}
		e.Submit(task(func(w *Worker) { w.Block(); <-release; w.Unblock() }))
		synctest.Wait()
		time.Sleep(10 * tick)
		before := time.Now()
		if err := e.Close(context.Background()); !errors.Is(err, ErrBlocked) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(before); took > 2*closeGrace {
			t.Errorf("Close took %v", took)
		}
		close(release)
		synctest.Wait()
		if err := e.Close(context.Background()); err != nil {
			t.Errorf("second Close: %v", err)
		}
		// The bubble checks that no goroutine is left.
	})
}

func TestClose_EndsRunningSlicesAtTheirNextLook(t *testing.T) {
	e := started(t, Config{Workers: 2})
	up := make(chan struct{}, 2)
	for range 2 {
		first := true
		e.Submit(again(func(w *Worker) bool {
			if first {
				up <- struct{}{}
				first = false
			}
			return true
		}))
	}
	within(t, up, "the first")
	within(t, up, "the second")
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	noGoroutines(t, e)
}

func TestClose_GivesUpWhenItsContextEnds(t *testing.T) {
	e, err := New(Config{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	up, release := make(chan struct{}), make(chan struct{})
	e.Submit(task(func(*Worker) { close(up); <-release }))
	within(t, up, "the task")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Close(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, ErrBlocked) {
		t.Errorf("Close: %v", err)
	}
	close(release)
	noGoroutines(t, e)
}

func TestP9_HopAllocatesNothing(t *testing.T) {
	e := started(t, Config{Workers: 1})
	hs := hoppers(3)
	got := testing.AllocsPerRun(100, func() {
		*hs[0].left = 100
		e.Submit(&hs[0].Task)
		<-hs[0].done
	})
	if got != 0 {
		t.Errorf("%v allocations for 100 hops and an injection", got)
	}
}
