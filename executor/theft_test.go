package executor

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// TestE3_TheftGoesNearBeforeFar gives every other worker one task, and lets worker 0 rob them all.
func TestE3_TheftGoesNearBeforeFar(t *testing.T) {
	m := machine(3, 2, 2, 2) // 24 CPUs: w0 has w1 on its core, w2 and w3 in its cache, w4 to w7 on its node
	e := laidOut(t, Config{Workers: 24, Topology: m, cpus: nowhere})
	tasks := map[*Task]int{}
	for i, w := range e.all[1:] {
		task := task(func(*Worker) {})
		tasks[task] = i + 1
		w.ring.push(task)
	}
	w := e.all[0]
	cpuOf := func(worker int) int { return e.all[worker].seat.Load().cpu }
	var order []int
	for {
		next := w.rob(false)
		if next == nil {
			break
		}
		order = append(order, tierOf(cpuOf(tasks[next])))
	}
	if fmt.Sprint(order) != "[0 1 1 2 2 2 2]" {
		t.Errorf("on its own node it robbed by distance %v", order)
	}
	order = nil
	for {
		next := w.rob(true)
		if next == nil {
			break
		}
		order = append(order, tierOf(cpuOf(tasks[next])))
	}
	if fmt.Sprint(order) != "[3 3 3 3 3 3 3 3 4 4 4 4 4 4 4 4]" {
		t.Errorf("elsewhere it robbed by distance %v", order)
	}
	s := w.stats()
	if want := (Reaches{1, 2, 4, 16}); s.Thefts != want || s.Taken != want || s.Stolen != 23 {
		t.Errorf("thefts %+v, taken %+v, stolen %d", s.Thefts, s.Taken, s.Stolen)
	}
}

// tierOf is how far a CPU of machine(3, 2, 2, 2) is from CPU 0.
func tierOf(cpu int) int {
	switch {
	case cpu < 2:
		return 0
	case cpu < 4:
		return 1
	case cpu < 8:
		return 2
	}
	return 2 + cpu/8
}

// What waits in a near domain's injection queue is nearer than a far worker's ring.
func TestE3_NearInjectionBeforeFarRing(t *testing.T) {
	e := laidOut(t, Config{Workers: 4, Topology: machine(2, 2, 1, 1), cpus: nowhere})
	near, far := task(func(*Worker) {}), task(func(*Worker) {})
	e.domains[1].inject.put(near)
	e.all[3].ring.push(far)
	w := e.all[0]
	if got := w.rob(true); got != near {
		t.Error("it went to the other node first")
	}
	if got := w.rob(true); got != far {
		t.Error("it did not go to the other node")
	}
	if s := w.stats(); s.Thefts != (Reaches{Node: 1, Remote: 1}) {
		t.Errorf("%+v", s.Thefts)
	}
}

// The permit nearest to the work is given first, and to whoever slept nearest to that.
func TestE3_WakesTheNearest(t *testing.T) {
	e := laidOut(t, Config{Workers: 4, Topology: machine(2, 1, 2, 1), cpus: nowhere})
	for _, i := range []int{3, 0, 2, 1} {
		stand(e, i)
		e.mu.Lock()
		e.shelve(e.all[i])
		e.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, near := range []int{1, 1, 1, 0} {
		s := e.freeSeat(false, e.domains[near])
		w := e.sleeper(s.dom)
		if want := []int{1, 1, 0, 0}[i]; s.dom != e.domains[want] || w.seat.Load().dom != s.dom {
			t.Errorf("%d: seat of node %d, sleeper of node %d", i, s.dom.node, w.seat.Load().dom.node)
		}
	}
	if e.freeSeat(false, e.domains[0]) != nil || e.sleeper(e.domains[0]) != nil {
		t.Error("one too many")
	}
}

// pairsStay runs pairs for a while and returns how many hops began and how many of those ended on the same node.
func pairsStay(t *testing.T, e *Executor, pairs, hops int) (total, inside int64) {
	var all, stayed, left atomic.Int64
	done := make(chan struct{})
	left.Store(int64(pairs))
	for range pairs {
		var ab [2]*Task
		count, node := 0, -1
		for i := range ab {
			ab[i] = task(func(w *Worker) {
				if node >= 0 && count > hops/10 { // after a warm-up
					all.Add(1)
					if w.Node() == node {
						stayed.Add(1)
					}
				}
				node = w.Node()
				if count++; count < hops {
					w.Submit(ab[1-i])
				} else if left.Add(-1) == 0 {
					close(done)
				}
			})
		}
		e.Submit(ab[0])
	}
	within(t, done, "the end of the pairs")
	return all.Load(), stayed.Load()
}

func TestP14_PairsStayOnTheirNode(t *testing.T) {
	e := started(t, Config{Workers: 4, Topology: machine(2, 1, 2, 1), cpus: nowhere})
	total, inside := pairsStay(t, e, 32, 20_000)
	t.Logf("%d of %d hops stayed on their node", inside, total)
	if inside*100 < total*95 {
		t.Errorf("only %d of %d hops stayed on their node", inside, total)
	}
	atRest(t, e)
}

// A task that is submitted near a worker, or on a node, waits in that domain.
func TestE3_SubmittedWhereItBelongs(t *testing.T) {
	e, err := New(Config{Workers: 4, Topology: machine(3, 1, 2, 1), cpus: nowhere}) // the third node has no worker: 4 of 6
	if err != nil {
		t.Fatal(err)
	}
	waiting := func() (sizes []int64) {
		for _, d := range e.domains {
			sizes = append(sizes, d.inject.size.Load())
		}
		return sizes
	}
	nodes := fmt.Sprint(e.Places())
	for node, want := range []string{"[1 0 0]", "[1 1 0]", "[1 1 1]"} {
		if !e.SubmitOn(task(func(*Worker) {}), node) || fmt.Sprint(waiting()) != want {
			t.Errorf("on node %d of %s: waiting %v", node, nodes, waiting())
		}
	}
	e.sit(e.all[1], e.seats[2])
	e.SubmitNear(task(func(*Worker) {}), e.all[1])
	if fmt.Sprint(waiting()) != "[1 2 1]" {
		t.Errorf("near a worker on node %d: waiting %v", e.all[1].Node(), waiting())
	}
	e.SubmitNear(task(func(*Worker) {}), e.all[0]) // which never ran
	if e.SubmitOn(task(func(*Worker) {}), 3) || e.Stats().Queued != 5 {
		t.Error("a node that is not there took a task, or a worker that never ran did not")
	}
}

// A node without workers stands for the nearest that has some.
func TestE3_NodeWithoutWorkers(t *testing.T) {
	e, err := New(Config{Workers: 1, Topology: machine(3, 1, 2, 1), cpus: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.domains) != 1 || e.Spread() || !e.SubmitOn(task(func(*Worker) {}), 2) || e.Stats().Queued != 1 {
		t.Error("nobody took it in")
	}
}
