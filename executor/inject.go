package executor

import (
	"sync"
	"sync/atomic"
)

// list is a singly linked list of tasks, oldest first, through Task.next. It belongs to whoever holds it.
type list struct {
	first, last *Task
	n           int
}

func (l *list) push(t *Task) {
	t.next = nil
	if l.last == nil {
		l.first = t
	} else {
		l.last.next = t
	}
	l.last = t
	l.n++
}

func (l *list) pop() *Task {
	t := l.first
	if t == nil {
		return nil
	}
	l.first = t.next
	if l.first == nil {
		l.last = nil
	}
	t.next = nil
	l.n--
	return t
}

// append moves all of m behind l.
func (l *list) append(m *list) {
	if m.first == nil {
		return
	}
	if l.last == nil {
		l.first = m.first
	} else {
		l.last.next = m.first
	}
	l.last = m.last
	l.n += m.n
	*m = list{}
}

// injection is a domain's queue for what comes from outside its workers, and for what they cannot keep: overflow, and
// the belongings of a worker that lost its permit. A mutex and a list: it is off the fast path, and cannot be full.
type injection struct {
	mu sync.Mutex
	q  list // guarded by mu
	// size mirrors q.n. Written under mu; read by anybody without it, to see whether taking mu is worth while. Its
	// store pairs with the load of the idle word in [Executor.wake], as ring.tail does.
	size atomic.Int64
}

// put appends t.
func (j *injection) put(t *Task) {
	j.mu.Lock()
	j.q.push(t)
	j.size.Store(int64(j.q.n))
	j.mu.Unlock()
}

// putAll appends all of l and empties it.
func (j *injection) putAll(l *list) {
	if l.n == 0 {
		return
	}
	j.mu.Lock()
	j.q.append(l)
	j.size.Store(int64(j.q.n))
	j.mu.Unlock()
}

// take returns the oldest task (nil: none) and moves up to more others into r, which the caller owns.
func (j *injection) take(r *ring, more int) *Task {
	if j.size.Load() == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	t := j.q.pop()
	// Others only make room in r, so what fits now fits later. Each is unlinked before the push, which gives it away:
	// a thief may run it, and have it linked into another injection, before the next line here.
	for more = min(more, len(r.slots)-r.len(), j.q.n); more > 0; more-- {
		r.push(j.q.pop())
	}
	j.size.Store(int64(j.q.n))
	return t
}
