package executor

import "slices"

// Submit queues t, from any goroutine. Before Start it waits there; after Close it is never run. A worker's own
// goroutine had better use [Worker.Submit].
func (e *Executor) Submit(t *Task) {
	if e.seeded != nil {
		e.submitSeeded(t)
		return
	}
	d := e.domains[0]
	if n := uint32(len(e.domains)); n > 1 {
		d = e.domains[e.nextDomain.Add(1)%n]
	}
	d.inject.put(t)
	e.wake(d)
}

// Spread reports whether the executor's workers belong to more than one domain, so that it matters where a task is
// queued.
func (e *Executor) Spread() bool { return len(e.domains) > 1 }

// SubmitNear is Submit into the domain where w runs, or ran last: for a task whose data w had in its caches. A worker
// of another domain takes it only if none of w's has taken it before it looked that far.
func (e *Executor) SubmitNear(t *Task, w *Worker) {
	s := w.seat.Load()
	if s == nil {
		e.Submit(t)
		return
	}
	s.dom.inject.put(t)
	e.wake(s.dom)
}

// SubmitOn is Submit into a domain on a memory node, by the operating system's number; a node that has none of the
// executor's workers stands for the nearest one that has. False, and nothing is queued: there is no such node.
func (e *Executor) SubmitOn(t *Task, node int) bool {
	if e.seeded != nil { // places mean nothing there
		e.submitSeeded(t)
		return true
	}
	ds := e.byNode[node]
	if ds == nil {
		return false
	}
	d := ds[0]
	if n := uint32(len(ds)); n > 1 {
		d = ds[e.nextDomain.Add(1)%n]
	}
	d.inject.put(t)
	e.wake(d)
	return true
}

// Serving returns the memory node whose workers take what [Executor.SubmitOn] queues on a node. False: there is no such
// node. A seeded executor has no places, and all nodes there are.
func (e *Executor) Serving(node int) (by int, ok bool) {
	if e.seeded != nil {
		return node, true
	}
	ds := e.byNode[node]
	if ds == nil {
		return 0, false
	}
	return ds[0].node, true
}

// Nodes returns the memory nodes that have workers, in ascending order.
func (e *Executor) Nodes() []int {
	var nodes []int
	for _, d := range e.domains {
		nodes = append(nodes, d.node)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// Node returns the memory node where w runs, or ran last; -1: it never ran.
func (w *Worker) Node() int {
	if s := w.seat.Load(); s != nil {
		return s.dom.node
	}
	return -1
}
