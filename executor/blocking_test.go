package executor

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion/executor/topology"
)

func TestE5_BlockedWorkerIsReplaced(t *testing.T) {
	e := started(t, Config{Workers: 1})
	release, done := make(chan struct{}), make(chan struct{})
	e.Submit(task(func(w *Worker) {
		w.Submit(task(func(*Worker) { close(release) })) // in the cell of the worker that blocks
		<-release
		close(done)
	}))
	within(t, done, "the task that waits for the one behind it")
	atRest(t, e)
	if s := e.Stats(); s.Workers[0].Revocations == 0 {
		t.Errorf("nobody was replaced: %+v", s)
	}
}

func TestE5_BlockedWorkersRingIsServed(t *testing.T) {
	e := started(t, Config{Workers: 1})
	var left atomic.Int64
	left.Store(100)
	release, done := make(chan struct{}), make(chan struct{})
	e.Submit(task(func(w *Worker) {
		for range 100 {
			w.Submit(task(func(*Worker) {
				if left.Add(-1) == 0 {
					close(release)
				}
			}))
		}
		<-release
		close(done)
	}))
	within(t, done, "the ring of a blocked worker")
	atRest(t, e)
}

func TestE5_SubmitAfterRevocationIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 1})
		ran := make(chan struct{})
		e.Submit(task(func(w *Worker) {
			time.Sleep(time.Second)
			if !w.ctl.lost() {
				t.Error("still has its permit")
			}
			w.Submit(task(func(*Worker) { close(ran) }))
			<-ran // on another worker
		}))
		<-ran
		time.Sleep(time.Second)
		synctest.Wait()
		atRest(t, e)
	})
}

func TestE5_BoundHoldsAndIsReportedOncePerEpisode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []int
		e := started(t, Config{Workers: 2, MaxBlocked: 3, OnSaturated: func(n int) { events = append(events, n) }})
		episode := func(n int) {
			release := make(chan struct{})
			var in atomic.Int64
			for range 10 {
				e.Submit(task(func(*Worker) { in.Add(1); <-release }))
			}
			time.Sleep(time.Second)
			synctest.Wait()
			// Three are blocked without a permit, two with one; the others wait.
			if s := e.Stats(); in.Load() != 5 || s.Blocked != 3 || s.Idle != 0 {
				t.Errorf("%d run, %+v", in.Load(), s)
			}
			if len(events) != n {
				t.Errorf("events %v after %d episodes", events, n)
			}
			close(release)
			time.Sleep(time.Second)
			synctest.Wait()
			if in.Load() != 10 {
				t.Errorf("%d of 10 ran", in.Load())
			}
			atRest(t, e)
		}
		episode(1)
		episode(2)
		if len(events) == 2 && (events[0] != 3 || events[1] != 3) {
			t.Errorf("events %v", events)
		}
	})
}

func TestE5_AtTheBoundAPermitHoldersQueueIsServedByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 2, MaxBlocked: 1})
		release := make(chan struct{})
		e.Submit(task(func(*Worker) { <-release }))
		time.Sleep(time.Second) // it has used up the bound
		ran := make(chan struct{})
		e.Submit(task(func(w *Worker) {
			w.Submit(task(func(*Worker) { close(ran) }))
			<-release // keeps its permit
		}))
		<-ran
		close(release)
		time.Sleep(time.Second)
		synctest.Wait()
		atRest(t, e)
	})
}

func TestE5_SparesAreReusedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 2, NewLocal: func(w *Worker) any { return new(int) }})
		for range 5 {
			for range 100 {
				e.Submit(task(func(w *Worker) { *w.Local().(*int)++; time.Sleep(time.Minute) }))
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			atRest(t, e)
		}
		s := e.Stats()
		if s.Spares > s.Permits+spareWorkers {
			t.Errorf("%d spares", s.Spares)
		}
		if n := len(s.Workers); n > 104 {
			t.Errorf("%d workers were made where 102 are needed at once", n)
		}
		runs := 0
		e.EachWorker(func(w *Worker) { runs += *w.Local().(*int) })
		if runs != 500 {
			t.Errorf("the workers' own counts add up to %d, not 500", runs)
		}
	})
}

func TestE5_OwnWaitIsNotCountedAndHandsOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 1, MaxBlocked: 1})
		release := make(chan struct{})
		var in atomic.Int64
		var back sync.WaitGroup
		for range 50 {
			back.Add(1)
			e.Submit(task(func(w *Worker) {
				defer back.Done()
				w.Submit(task(func(*Worker) {}))
				w.Block()
				in.Add(1)
				<-release
				w.Unblock()
				w.Submit(task(func(*Worker) {}))
			}))
		}
		synctest.Wait() // and no time has passed: the watcher had no part in it
		if s := e.Stats(); in.Load() != 50 || s.Waiting != 50 || s.Blocked != 0 || s.Idle != 1 {
			t.Errorf("%d wait, %+v", in.Load(), s)
		}
		close(release)
		back.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		atRest(t, e)
	})
}

func TestE5_UnblockTakesAnIdlePermitBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 1})
		e.Submit(task(func(w *Worker) {
			w.Block()
			if s := e.Stats(); s.Waiting != 1 || s.Idle != 1 || !w.Yield() {
				t.Errorf("in Block: %+v", s)
			}
			w.Unblock()
			if s := e.Stats(); s.Waiting != 0 || s.Idle != 0 || w.Yield() {
				t.Errorf("after Unblock: %+v", s)
			}
		}))
		time.Sleep(time.Second)
		synctest.Wait()
		atRest(t, e)
	})
}

func TestE5_UnblockWithoutAnIdlePermitGoesOnWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := started(t, Config{Workers: 1, MaxBlocked: 1})
		taken, release := make(chan struct{}), make(chan struct{})
		e.Submit(task(func(*Worker) { <-release })) // uses up the bound
		time.Sleep(time.Second)
		synctest.Wait()
		e.Submit(task(func(w *Worker) {
			w.Block()
			<-taken
			w.Unblock()
			if !w.Yield() || w.ctl.state() != detached {
				t.Error("got a permit that was not there")
			}
		}))
		time.Sleep(time.Second)
		synctest.Wait()
		e.Submit(task(func(*Worker) { close(taken); <-release }))
		time.Sleep(time.Second)
		synctest.Wait()
		close(release)
		time.Sleep(time.Second)
		synctest.Wait()
		atRest(t, e)
	})
}

// TestStress_NothingIsLostOrRunTwice mixes all that a slice can do, and checks that every submission was run exactly
// once and every permit came back.
func TestStress_NothingIsLostOrRunTwice(t *testing.T) {
	twoDomains := topology.Flat(4)
	twoDomains.Nodes = []topology.Node{{ID: 0, CPUs: []int{0, 1}}, {ID: 1, CPUs: []int{2, 3}}}
	twoDomains.CPUs[2].Node, twoDomains.CPUs[3].Node = 1, 1
	for name, c := range map[string]Config{
		"one":   {Workers: 1, ring: 2},
		"two":   {Workers: 2, ring: 3, MaxBlocked: 2},
		"four":  {Workers: 4, ring: 4, Topology: twoDomains},
		"large": {Workers: 4},
	} {
		t.Run(name, func(t *testing.T) {
			e := started(t, c)
			stress(t, e, 20_000)
			atRest(t, e)
		})
	}
}

// stress keeps 64 tasks going until they have made n slices in all; each task's slices are counted by the task and
// must add up.
func stress(t *testing.T, e *Executor, n int64) {
	const tasks = 64
	var submitted, ran, left atomic.Int64
	left.Store(n)
	all := make([]*Task, tasks)
	var end sync.WaitGroup
	end.Add(tasks)
	for i := range all {
		rnd := rand.New(rand.NewPCG(uint64(i), 7))
		var busy atomic.Bool
		all[i] = again(func(w *Worker) bool {
			if !busy.CompareAndSwap(false, true) {
				t.Error("one task, two slices at once")
			}
			ran.Add(1)
			if left.Add(-1) <= 0 {
				busy.Store(false)
				end.Done()
				return false
			}
			act := rnd.IntN(400)
			switch act {
			case 0:
				w.Block()
				runtime.Gosched()
				w.Unblock()
			case 1:
				<-time.After(3 * tick) // a foreign wait: what is to be replaced
			}
			w.Step()
			submitted.Add(1)
			busy.Store(false)
			switch {
			case act == 2:
				w.Submit(all[i])
				runtime.Goexit()
			case act < 40:
				e.Submit(all[i])
			case act < 150:
				return true
			default:
				w.Submit(all[i])
			}
			return false
		})
		submitted.Add(1)
		e.Submit(all[i])
	}
	done := make(chan struct{})
	go func() { end.Wait(); close(done) }()
	within(t, done, "the end of the stress")
	if submitted.Load() != ran.Load() {
		t.Errorf("%d submitted, %d run", submitted.Load(), ran.Load())
	}
}
