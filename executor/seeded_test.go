package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion/internal/goid"
)

// seededRun runs main in a seeded run and returns its trace and its outcome.
func seededRun(t *testing.T, c SeededConfig, main func(s *Seeded)) (trace []string, err error) {
	t.Helper()
	c.Trace = func(s Step) { trace = append(trace, s.String()) }
	s, err := NewSeeded(c)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Run(func() { main(s) })
	return trace, err
}

// seededExec makes and starts an executor of the run.
func seededExec(t *testing.T, s *Seeded) *Executor {
	e, err := New(Config{Seeded: s})
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	return e
}

func closeSeeded(t *testing.T, e *Executor) {
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// faultOf is the fault of a run's error.
func faultOf(err error) Fault {
	var s *SeededError
	if errors.As(err, &s) {
		return s.Fault
	}
	return 0
}

// letters runs tasks that each write their letter a few times, and returns what was written.
func letters(t *testing.T, seed uint64) (text string, trace []string) {
	trace, err := seededRun(t, SeededConfig{Seed: seed}, func(s *Seeded) {
		e := seededExec(t, s)
		left := 5
		for _, letter := range "abcde" {
			n := 0
			e.Submit(again(func(w *Worker) bool {
				for !w.Yield() && n < 4 {
					w.Step()
					text += string(letter)
					n++
				}
				if n < 4 {
					return true
				}
				left--
				return false
			}))
		}
		s.Wait("the tasks", nil, func() bool { return left == 0 })
		closeSeeded(t, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, trace
}

func TestE7_SameSeedSameRun(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range uint64(50) {
		text, trace := letters(t, seed)
		again, traceAgain := letters(t, seed)
		if text != again || !slices.Equal(trace, traceAgain) {
			t.Fatalf("seed %d: %s and %s", seed, text, again)
		}
		seen[text] = true
	}
	if len(seen) < 40 {
		t.Errorf("50 seeds gave only %d orders", len(seen))
	}
}

func TestE7_TimeJumpsToTheNextTimer(t *testing.T) {
	var fired []string
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		began := s.Clock().Now()
		for _, d := range []time.Duration{time.Hour, time.Minute, 24 * time.Hour, 0, -1} {
			s.Clock().AfterFunc(d, func() { fired = append(fired, fmt.Sprint(s.Clock().Now().Sub(began))) })
		}
		stopped := s.Clock().AfterFunc(time.Second, func() { t.Error("a stopped timer fired") })
		if !stopped.Stop() || stopped.Stop() {
			t.Error("Stop")
		}
		s.Wait("timers", nil, func() bool { return len(fired) == 5 })
	})
	if want := []string{"0s", "0s", "1m0s", "1h0m0s", "24h0m0s"}; err != nil || !slices.Equal(fired, want) {
		t.Errorf("%v, %v", fired, err)
	}
}

func TestE7_TimersOfOneInstantFireInAnyOrder(t *testing.T) {
	seen := make(map[string]bool)
	for seed := range uint64(100) {
		order := ""
		_, err := seededRun(t, SeededConfig{Seed: seed}, func(s *Seeded) {
			for _, name := range []string{"a", "b", "c"} {
				s.Clock().AfterFunc(time.Second, func() { order += name })
			}
			s.Wait("timers", nil, func() bool { return len(order) == 3 })
		})
		if err != nil {
			t.Fatal(err)
		}
		seen[order] = true
	}
	if len(seen) != 6 {
		t.Errorf("seen %v", seen)
	}
}

func TestE7_DeadlockSaysWhoWaitsForWhat(t *testing.T) {
	_, err := seededRun(t, SeededConfig{Seed: 7}, func(s *Seeded) {
		s.Go("other", func() { s.Wait("a message", nil, func() bool { return false }) })
		s.Wait("the other", nil, func() bool { return false })
	})
	if faultOf(err) != FaultDeadlock || !strings.Contains(err.Error(), "driver waits for the other") ||
		!strings.Contains(err.Error(), "other waits for a message") {
		t.Errorf("%v", err)
	}
}

func TestE7_BlockingOutsideIsReportedWithItsStack(t *testing.T) {
	for name, block := range map[string]func(){
		"channel": func() { <-make(chan int) },
		"lock":    func() { var mu sync.Mutex; mu.Lock(); mu.Lock() },
		"sleep":   func() { <-time.After(time.Hour) },
	} {
		_, err := seededRun(t, SeededConfig{Patience: 50 * time.Millisecond}, func(s *Seeded) {
			e := seededExec(t, s)
			e.Submit(again(func(*Worker) bool { block(); return false }))
			s.Wait("the task", nil, func() bool { return false })
		})
		if faultOf(err) != FaultBlocked || !strings.Contains(err.Error(), "seeded_test.go") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestE7_ComputingWithoutEndIsReported(t *testing.T) {
	var stop atomic.Bool
	defer stop.Store(true)
	_, err := seededRun(t, SeededConfig{Patience: time.Millisecond}, func(s *Seeded) {
		for !stop.Load() {
			runtime.Gosched()
		}
	})
	if faultOf(err) != FaultBusy || !strings.Contains(err.Error(), "driver") {
		t.Errorf("%v", err)
	}
}

// TestE7_NothingIsLeftOfARun holds that the goroutines of a run end with it, whatever they waited for.
func TestE7_NothingIsLeftOfARun(t *testing.T) {
	before := runtime.NumGoroutine()
	for seed := range uint64(50) {
		_, err := seededRun(t, SeededConfig{Seed: seed}, func(s *Seeded) {
			e := seededExec(t, s)
			for range 5 {
				s.Go("waits", func() { s.Wait("nothing", nil, func() bool { return false }) })
				e.Submit(again(func(*Worker) bool { s.Wait("nothing", nil, func() bool { return false }); return true }))
			}
			s.Wait("nothing", nil, func() bool { return false })
		})
		if faultOf(err) != FaultDeadlock {
			t.Fatal(err)
		}
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

func TestE7_StepLimitNamesWhoKeptRunning(t *testing.T) {
	_, err := seededRun(t, SeededConfig{StepLimit: 1000}, func(s *Seeded) {
		e := seededExec(t, s)
		e.Submit(again(func(*Worker) bool { return true }))
		s.Wait("nothing", nil, func() bool { return false })
	})
	if faultOf(err) != FaultSteps || !strings.Contains(err.Error(), "task of type *executor.fn") {
		t.Errorf("%v", err)
	}
}

func TestE7_WhatIsLeftBehindIsNamed(t *testing.T) {
	ended := make(chan struct{})
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		seededExec(t, s)
		s.Go("forgotten", func() {
			defer close(ended)
			s.Wait("nothing", nil, func() bool { return false })
		})
	})
	if faultOf(err) != FaultLeft || !strings.Contains(err.Error(), "forgotten waits for nothing") ||
		!strings.Contains(err.Error(), "an executor that was not closed") {
		t.Errorf("%v", err)
	}
	<-ended // its goroutine is gone as well
}

func TestE7_CallsFromOtherGoroutinesAreReported(t *testing.T) {
	if goid.Self() == 0 {
		t.Skip("goroutines cannot be told apart here")
	}
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		e := seededExec(t, s)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if s.Wait("", nil) != -1 {
				t.Error("a goroutine that is no strand waits")
			}
			e.Submit(again(func(*Worker) bool { return false }))
		}()
		<-done
		closeSeeded(t, e)
	})
	if faultOf(err) != FaultForeign || !strings.Contains(err.Error(), "seeded_test.go") {
		t.Errorf("%v", err)
	}
}

func TestE7_GoexitInATaskCostsNothing(t *testing.T) {
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		e := seededExec(t, s)
		after := false
		e.Submit(again(func(w *Worker) bool {
			e.Submit(again(func(*Worker) bool { after = true; return false }))
			runtime.Goexit()
			return false
		}))
		s.Wait("the second task", nil, func() bool { return after })
		closeSeeded(t, e)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestE7_GoexitInTheDriverEndsItsCaller(t *testing.T) {
	done := make(chan bool)
	go func() {
		returned := false
		defer func() { done <- returned }()
		_, _ = seededRun(t, SeededConfig{}, func(*Seeded) { runtime.Goexit() })
		returned = true
	}()
	if <-done {
		t.Error("Run returned")
	}
}

func TestE7_FuturesAndDeadlines(t *testing.T) {
	_, err := seededRun(t, SeededConfig{}, func(s *Seeded) {
		e := seededExec(t, s)
		slow := Spawn(e, FutureSpec{Name: "slow"}, func(context.Context) (int, error) {
			woken := false
			s.Clock().AfterFunc(time.Hour, func() { woken = true })
			s.Wait("an hour", nil, func() bool { return woken })
			return 7, nil
		})
		ctx, cancel := Timeout(context.Background(), s.Clock(), time.Minute)
		defer cancel()
		if _, err := slow.Await(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Await: %v", err)
		}
		if at, ok := ctx.Deadline(); !ok || !at.Equal(s.Clock().Now()) {
			t.Errorf("deadline %v, now %v", at, s.Clock().Now())
		}
		if n, err := slow.Await(context.Background()); n != 7 || err != nil {
			t.Errorf("Await: %d, %v", n, err)
		}
		closeSeeded(t, e)
	})
	if err != nil {
		t.Error(err)
	}
}

// TestE7_EveryInterleaving walks through all choices of a tiny run, as an explorer does that is not drawn from a seed.
func TestE7_EveryInterleaving(t *testing.T) {
	orders := make(map[string]int)
	walk := &everyChoice{}
	for runs := 0; ; runs++ {
		text := ""
		_, err := seededRun(t, SeededConfig{Source: walk}, func(s *Seeded) {
			for _, name := range []string{"a", "b"} {
				s.Go(name, func() {
					text += name
					s.Point()
					text += strings.ToUpper(name)
				})
			}
			s.Wait("both", nil, func() bool { return len(text) == 4 })
		})
		if err != nil {
			t.Fatal(err)
		}
		orders[text]++
		if !walk.next() {
			break
		}
		if runs > 10_000 {
			t.Fatal("no end")
		}
	}
	if len(orders) != 6 {
		t.Errorf("a A and b B interleave in 6 ways, seen: %v", orders)
	}
}

// everyChoice goes depth first through all answers.
type everyChoice struct {
	path []struct{ answer, n int }
	at   int
}

func (e *everyChoice) Choose(c Choice) int {
	if e.at == len(e.path) {
		e.path = append(e.path, struct{ answer, n int }{0, c.N})
	}
	e.at++
	return e.path[e.at-1].answer
}

// next goes on to the next run. False: that was the last.
func (e *everyChoice) next() bool {
	e.at = 0
	for len(e.path) > 0 {
		last := &e.path[len(e.path)-1]
		if last.answer++; last.answer < last.n {
			return true
		}
		e.path = e.path[:len(e.path)-1]
	}
	return false
}

func TestE7_BadConfigNamesTheField(t *testing.T) {
	for field, c := range map[string]SeededConfig{"StepLimit": {StepLimit: -1}, "Patience": {Patience: -1}} {
		if _, err := NewSeeded(c); err == nil || !strings.Contains(err.Error(), "SeededConfig."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	s, _ := NewSeeded(SeededConfig{})
	if _, err := New(Config{Seeded: s, Clock: Real}); err == nil || !strings.Contains(err.Error(), "Config.Clock") {
		t.Errorf("Clock: %v", err)
	}
}
