package executor

import (
	"container/heap"
	"math"
	"sync/atomic"
	"time"
)

// virtualClock is the clock of a seeded run: it moves only when nothing can go on.
type virtualClock struct {
	s     *Seeded
	start time.Time
	now   atomic.Int64 // nanoseconds since start. Written by the holder of the baton; read by all
	// heap holds the timers that are set, due those whose time has come, in the order of their times and then of
	// their making. Both under s.mu.
	heap    timerHeap
	pending []*virtualTimer
	seq     uint64
}

type virtualTimer struct {
	c   *virtualClock
	at  int64
	seq uint64
	id  uint64 // as a candidate
	pos int    // in the heap; -1: not there
	// lost says that it will never fire, and was not stopped. Under s.mu.
	lost bool
	f    func()
}

// Now implements Clock.
func (c *virtualClock) Now() time.Time { return c.start.Add(c.elapsed()) }

func (c *virtualClock) elapsed() time.Duration { return time.Duration(c.now.Load()) }

// AfterFunc implements Clock.
func (c *virtualClock) AfterFunc(d time.Duration, f func()) Timer {
	at := c.now.Load()
	if at += max(int64(d), 0); at < 0 {
		at = math.MaxInt64
	}
	lost := false
	if late := c.s.cfg.Late; late != nil && c.s.Mine() {
		by := int64(late(d))
		lost = by < 0
		if at += max(by, 0); at < 0 {
			at = math.MaxInt64
		}
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.seq++
	c.s.lastID++
	t := &virtualTimer{c: c, at: at, seq: c.seq, id: c.s.lastID, pos: -1, lost: lost, f: f}
	if !lost {
		heap.Push(&c.heap, t)
	}
	return t
}

// Timers is how many timers are set that have not fired.
func (s *Seeded) Timers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clock.heap) + len(s.clock.pending)
}

// Stop implements Timer.
func (t *virtualTimer) Stop() bool {
	t.c.s.mu.Lock()
	defer t.c.s.mu.Unlock()
	return t.c.strike(t)
}

// strike removes a timer that has not fired. Under s.mu.
func (c *virtualClock) strike(t *virtualTimer) bool {
	if t.lost {
		t.lost = false
		return true
	}
	if t.pos >= 0 {
		heap.Remove(&c.heap, t.pos)
		return true
	}
	for i, p := range c.pending {
		if p == t {
			c.pending = append(c.pending[:i:i], c.pending[i+1:]...)
			return true
		}
	}
	return false
}

// due returns the timers whose time has come. Under s.mu.
func (c *virtualClock) due() []*virtualTimer {
	for len(c.heap) > 0 && c.heap[0].at <= c.now.Load() {
		c.pending = append(c.pending, heap.Pop(&c.heap).(*virtualTimer))
	}
	return c.pending
}

// fired takes a timer out: its function is about to be called.
func (c *virtualClock) fired(t *virtualTimer) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.strike(t)
}

// advance jumps to the next timer. False: there is none.
func (c *virtualClock) advance() bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if len(c.heap) == 0 {
		return false
	}
	c.now.Store(max(c.heap[0].at, c.now.Load()))
	return true
}

// timerHeap is a heap of timers, the earliest first, and of those the first made.
type timerHeap []*virtualTimer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t := x.(*virtualTimer)
	t.pos = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.pos = -1
	return t
}
