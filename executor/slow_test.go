package executor

import (
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// blockHere is a function to find in a stack.
//
//go:noinline
func blockHere(release <-chan struct{}) { <-release }

type slowLog struct {
	mu  sync.Mutex
	all []Slow
	at  []time.Time
}

func (l *slowLog) add(s Slow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all, l.at = append(l.all, s), append(l.at, time.Now())
}

func TestL9_SlowSliceIsReportedThenEachTimeItDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log slowLog
		e := started(t, Config{Workers: 1, Slow: 2 * time.Second, OnSlow: log.add})
		release := make(chan struct{})
		slow := task(func(w *Worker) { blockHere(release) })
		e.Submit(slow)
		time.Sleep(60 * time.Second)
		close(release)
		time.Sleep(time.Minute)
		synctest.Wait()
		var got []time.Duration
		for _, s := range log.all {
			if s.Task != slow {
				t.Error("another task")
			}
			got = append(got, s.For.Truncate(time.Second))
		}
		if fmt.Sprint(got) != "[2s 4s 8s 16s 32s]" { // a coarse tick is half a second here
			t.Errorf("reported after %v", got)
		}
		atRest(t, e)
	})
}

func TestL9_AtMostOneReportASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log slowLog
		e := started(t, Config{Workers: 3, Slow: 100 * time.Millisecond, OnSlow: log.add})
		for range 10 {
			e.Submit(task(func(w *Worker) { time.Sleep(time.Minute) }))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for i := 1; i < len(log.at); i++ {
			if d := log.at[i].Sub(log.at[i-1]); d < time.Second {
				t.Errorf("two reports %v apart", d)
			}
		}
		workers := map[int]bool{}
		for _, s := range log.all {
			workers[s.Worker] = true
		}
		if len(workers) != 10 {
			t.Errorf("%d of 10 slow workers were reported: %d reports", len(workers), len(log.all))
		}
		atRest(t, e)
	})
}

func TestL9_StepsAndOwnWaitsAreNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log slowLog
		e := started(t, Config{Workers: 1, Slow: time.Second, OnSlow: log.add})
		e.Submit(task(func(w *Worker) {
			for range 10 {
				w.Step()
				time.Sleep(700 * time.Millisecond)
			}
		}))
		e.Submit(task(func(w *Worker) {
			w.Block()
			time.Sleep(time.Hour)
			w.Unblock()
			time.Sleep(700 * time.Millisecond)
		}))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(log.all) != 0 {
			t.Errorf("%d reports: %+v", len(log.all), log.all[0])
		}
		atRest(t, e)
	})
}

func TestL9_StackIsTheWorkersOwn(t *testing.T) {
	reports := make(chan Slow, 1)
	e := started(t, Config{Workers: 1, Slow: time.Millisecond, OnSlow: func(s Slow) {
		select {
		case reports <- s:
		default:
		}
	}})
	release := make(chan struct{})
	child := make(chan struct{})
	go func() { <-release; close(child) }()
	e.Submit(task(func(w *Worker) {
		go func() { <-child }() // inherits the labels, and is not the worker
		blockHere(release)
	}))
	s := within(t, reports, "the report")
	stack := s.Stack()
	if !strings.Contains(stack, "blockHere") || strings.Count(stack, "\n\n") != 0 {
		t.Errorf("stack:\n%s", stack)
	}
	close(release)
	atRest(t, e)
}

func TestStackByLabel_FindsOnlyTheLabel(t *testing.T) {
	release := make(chan struct{})
	var up, done sync.WaitGroup
	for _, v := range []string{"a", "a b", `quo"te`} {
		up.Add(1)
		done.Go(func() {
			pprof.Do(context.Background(), pprof.Labels("test.stack", v), func(context.Context) {
				up.Done()
				blockHere(release)
			})
		})
	}
	up.Wait()
	for _, v := range []string{"a", "a b", `quo"te`} {
		got := StackByLabel("test.stack", v)
		if !strings.Contains(got, "executor.TestStackByLabel") || strings.Contains(got, "\n\n") {
			t.Errorf("%q: %q", v, got)
		}
	}
	if got := StackByLabel("test.stack", "c"); got != "" {
		t.Errorf("found %q", got)
	}
	close(release)
	done.Wait()
}

func TestHooks_PanicInOnSlowIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		e := started(t, Config{
			Workers:     1,
			Slow:        time.Second,
			OnSlow:      func(Slow) { panic("hook") },
			OnHookPanic: func(p *PanicError) { seen++ },
		})
		e.Submit(task(func(*Worker) { time.Sleep(1500 * time.Millisecond) }))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if seen != 1 || e.Stats().HookPanics != 1 {
			t.Errorf("seen %d, counted %d", seen, e.Stats().HookPanics)
		}
		atRest(t, e)
	})
}
