package executor

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bastion-go/bastion/executor/topology"
)

func TestE4_ImpossibleSettingsNameTheField(t *testing.T) {
	four := topology.Flat(4)
	for want, c := range map[string]Config{
		"Config.Workers: 5 ":        {Workers: 5, Topology: four, Affinity: AffinityCore},
		"Config.Workers: 6 ":        {Workers: 6, Topology: four, Affinity: AffinityNode},
		"Config.Workers: -1 ":       {Workers: -1},
		"Config.MaxBlocked: -1 ":    {MaxBlocked: -1},
		"Config.Slow: -1ns ":        {Slow: -1},
		"Config.Affinity: 4 ":       {Affinity: AffinityCore + 1},
		"Config.Topology: topology": {Topology: &topology.Topology{}},
		"CPUs[0].ID: -1 ":           {Topology: &topology.Topology{CPUs: []topology.CPU{{ID: -1}}, Cores: []topology.Core{{}}, Packages: []topology.Package{{}}, Nodes: []topology.Node{{}}}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	e, err := New(Config{Topology: topology.Flat(1), Affinity: AffinityCore})
	if err != nil || e.permits != 1 {
		t.Errorf("a default number of workers is no error: %v", err)
	}
}

// onCPU pretends that all threads run on one CPU.
func onCPU(cpu int) processors {
	return processors{current: func() int { return cpu }, pin: func([]int) error { return nil }, first: func() bool { return false }}
}

func TestE4_WorkerFollowsItsThread(t *testing.T) {
	e := started(t, Config{Workers: 2, Topology: machine(2, 1, 1, 1), cpus: onCPU(1)})
	ran := make(chan struct{}, 1)
	e.SubmitOn(task(func(*Worker) { ran <- struct{}{} }), 0) // which wakes a worker there, and nobody sits on node 1
	within(t, ran, "the task")
	atRest(t, e)
	var moves uint64
	for _, w := range e.Stats().Workers {
		moves += w.Moves
	}
	if moves == 0 {
		t.Error("nobody followed")
	}
}

func TestE4_NothingIsPaidOnOneNode(t *testing.T) {
	asked := processors{
		current: func() int { t.Error("it asked for the CPU"); return 0 },
		pin:     func([]int) error { t.Error("it pinned a thread"); return nil },
	}
	for _, a := range []Affinity{AffinityAuto, AffinityFollow, AffinityNode} {
		e := started(t, Config{Workers: 2, Topology: topology.Flat(2), Affinity: a, cpus: asked})
		ran := make(chan bool, 1)
		e.Submit(task(func(w *Worker) { ran <- w.locked }))
		if within(t, ran, "the task") {
			t.Error("locked to its thread")
		}
		if p := e.Places(); p[0].Pinned != nil || p[1].CPU != 1 {
			t.Errorf("%+v", p)
		}
		atRest(t, e)
	}
}

func TestE3_MoveTakesAnIdleSeat(t *testing.T) {
	e := laidOut(t, Config{Workers: 4, Topology: machine(2, 1, 2, 1), cpus: onCPU(2)})
	stand(e, 3)
	w, from, to := e.all[0], e.seats[0], e.seats[3]
	w.follow()
	if w.seat.Load() != to || to.w.Load() != w || from.w.Load() != nil || !slices.Equal(from.dom.free, []*seat{from}) || len(to.dom.free) != 0 {
		t.Errorf("it sits at CPU %d", w.seat.Load().cpu)
	}
	if e.idle.permits() != 1 {
		t.Error("permits came or went")
	}
	e.all[2].at.Store(e.domains[1])
	w.at.Store(e.domains[1])
	e.all[1].follow() // both there are where their threads are
	if e.all[1].seat.Load() != e.seats[1] {
		t.Error("it drove somebody out")
	}
}

func TestE3_MoveChangesPlaces(t *testing.T) {
	e := laidOut(t, Config{Workers: 4, Topology: machine(2, 1, 2, 1), cpus: onCPU(2)})
	e.all[2].at.Store(e.domains[1])
	e.all[3].at.Store(e.domains[0]) // seated on node 1, running on node 0
	e.all[0].follow()
	if e.seats[3].w.Load() != e.all[0] || e.seats[0].w.Load() != e.all[3] || e.all[3].seat.Load() != e.seats[0] {
		t.Error("they did not")
	}
}

func TestE4_PinsToTheNode(t *testing.T) {
	var mu sync.Mutex
	pinned := map[string]bool{}
	c := processors{current: func() int { return 0 }, first: func() bool { return false }, pin: func(cpus []int) error {
		mu.Lock()
		defer mu.Unlock()
		pinned[topology.FormatCPUs(cpus)] = true
		return nil
	}}
	e := started(t, Config{Workers: 4, Topology: machine(2, 1, 2, 1), Affinity: AffinityNode, cpus: c})
	meet := make(chan struct{}, 4)
	var here atomic.Int64
	for range 4 { // all at once, so that no permit stays idle
		e.Submit(task(func(w *Worker) {
			here.Add(1)
			for here.Load() < 4 {
				w.Step()
				runtime.Gosched()
			}
			meet <- struct{}{}
		}))
	}
	for range 4 {
		within(t, meet, "all four at once")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(pinned) != 2 || !pinned["0-1"] || !pinned["2-3"] {
		t.Errorf("pinned to %v", pinned)
	}
}

// A CPU that is not there leaves the worker free to run anywhere, and it tries again.
func TestE4_PinToACPUThatIsGone(t *testing.T) {
	var gone atomic.Bool
	var anywhere, own atomic.Int64
	gone.Store(true)
	c := processors{current: func() int { return 0 }, first: func() bool { return false }, pin: func(cpus []int) error {
		if len(cpus) == 2 {
			anywhere.Add(1)
			return nil
		}
		if gone.Load() {
			return syscall.EINVAL
		}
		own.Add(1)
		return nil
	}}
	e := started(t, Config{Workers: 1, Topology: topology.Flat(2), Affinity: AffinityCore, cpus: c,
		OnUnpinned: func(err error) { t.Error(err) }})
	run := func(until func() bool) {
		done := make(chan struct{})
		e.Submit(again(func(*Worker) bool {
			if until() {
				close(done)
				return false
			}
			return true
		}))
		within(t, done, "what was waited for")
	}
	run(func() bool { return anywhere.Load() > 0 })
	gone.Store(false)
	run(func() bool { return own.Load() > 0 })
	atRest(t, e)
}

func TestE4_RefusedPinIsReportedOnce(t *testing.T) {
	told := make(chan error, 100)
	c := processors{current: func() int { return 0 }, first: func() bool { return false }, pin: func([]int) error { return syscall.EPERM }}
	e := started(t, Config{Workers: 2, Topology: topology.Flat(2), Affinity: AffinityCore, cpus: c,
		OnUnpinned: func(err error) { told <- err }})
	locked := make(chan bool, 1)
	for range 200 {
		e.Submit(task(func(w *Worker) { locked <- w.locked }))
		if within(t, locked, "a task") {
			t.Fatal("a worker is locked to its thread for nothing")
		}
	}
	if err := within(t, told, "the report"); !errors.Is(err, syscall.EPERM) {
		t.Error(err)
	}
	if s := e.Stats(); s.Affinity != AffinityFollow || !errors.Is(s.Unpinned, syscall.EPERM) {
		t.Errorf("%v, %v", s.Affinity, s.Unpinned)
	}
	atRest(t, e)
	if len(told) > 0 {
		t.Error("told twice")
	}
}

// The process's first thread is never pinned: its CPUs are what others take for the process's own.
func TestE4_FirstThreadIsLeftAlone(t *testing.T) {
	var first, pinned atomic.Int64
	c := processors{current: func() int { return 0 }, pin: func([]int) error { pinned.Add(1); return nil }}
	c.first = func() bool { return first.Add(1) == 1 } // the first goroutine is taken to be on it
	e := started(t, Config{Workers: 1, Topology: topology.Flat(1), Affinity: AffinityCore, cpus: c})
	ran := make(chan string, 1)
	e.Submit(task(func(w *Worker) { ran <- w.Stack() }))
	if stack := within(t, ran, "the task"); !strings.Contains(stack, "(*Worker).begin.func1") {
		t.Errorf("it did not go to another goroutine:\n%s", stack)
	}
	if pinned.Load() == 0 {
		t.Error("nor was it pinned")
	}
	atRest(t, e)
}
