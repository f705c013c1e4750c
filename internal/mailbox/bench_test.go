package mailbox

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

// BenchmarkHop is one value from a sender to an idle receiver and out of it, the case that counts most. BenchmarkBurst
// is sixteen at a time. BenchmarkContended is many senders. Each runs the designs that were rejected beside the box.

// A queue is what the designs have in common: push says whether the receiver has to be scheduled; take gives the
// receiver one value, or (false) tells it that it is idle now.
type queue interface {
	push(v int) (first bool)
	take() (v int, ok bool)
}

var designs = []struct {
	name string
	make func() queue
}{
	{"box", func() queue { return newBoxQueue() }},
	{"mutexSlices", func() queue { return new(slicesQueue) }},
	{"vyukov", func() queue { return newVyukovQueue() }},
	{"channel", func() queue { return &chanQueue{c: make(chan int, 1024)} }},
}

// boxQueue uses the box as a slice of a process does: folding, and nodes from a cache.
type boxQueue struct {
	b     Box[int]
	depot *Depot[int]
	cache Cache[int]
}

func newBoxQueue() *boxQueue {
	q := &boxQueue{depot: NewDepot[int]()}
	q.cache = q.depot.Cache()
	q.b.Release()
	return q
}

func (q *boxQueue) push(v int) bool {
	n := q.cache.Get()
	n.Value = v
	return q.b.Push(n) == First
}

func (q *boxQueue) take() (int, bool) {
	for {
		n, folded := q.b.Take()
		if n == nil {
			if q.b.Release() {
				return 0, false
			}
			continue
		}
		v := n.Value
		if folded && q.b.Fold(n) {
			q.cache.Put(n)
			return v, false // the last one, and idle
		} else if folded {
			q.b.Unfold(n)
		}
		q.cache.Put(n)
		return v, true
	}
}

// slicesQueue: a mutex and two slices that are swapped.
type slicesQueue struct {
	mu   sync.Mutex
	in   []int
	busy bool
	out  []int
	at   int
}

func (q *slicesQueue) push(v int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.in = append(q.in, v)
	first := !q.busy
	q.busy = true
	return first
}

func (q *slicesQueue) take() (int, bool) {
	if q.at == len(q.out) {
		q.mu.Lock()
		q.in, q.out, q.at = q.out[:0], q.in, 0
		if len(q.out) == 0 {
			q.busy = false
			q.mu.Unlock()
			return 0, false
		}
		q.mu.Unlock()
	}
	v := q.out[q.at]
	q.at++
	return v, true
}

// vyukovQueue: Vyukov's list with a stub, and a counter that says who is first.
type vyukovQueue struct {
	head  atomic.Pointer[vyukovNode]
	tail  *vyukovNode
	count atomic.Int64
}

type vyukovNode struct {
	next atomic.Pointer[vyukovNode]
	v    int
}

func newVyukovQueue() *vyukovQueue {
	q := &vyukovQueue{tail: new(vyukovNode)}
	q.head.Store(q.tail)
	return q
}

func (q *vyukovQueue) push(v int) bool {
	n := &vyukovNode{v: v}
	q.head.Swap(n).next.Store(n)
	return q.count.Add(1) == 1
}

func (q *vyukovQueue) take() (int, bool) {
	n := q.tail.next.Load()
	for n == nil { // pushed, but not linked yet
		n = q.tail.next.Load()
	}
	q.tail = n
	return n.v, q.count.Add(-1) > 0
}

// chanQueue: a channel, which is bounded, and a counter that says who is first.
type chanQueue struct {
	c     chan int
	count atomic.Int64
}

func (q *chanQueue) push(v int) bool {
	q.c <- v
	return q.count.Add(1) == 1
}

func (q *chanQueue) take() (int, bool) { return <-q.c, q.count.Add(-1) > 0 }

func BenchmarkHop(b *testing.B)   { burst(b, 1) }
func BenchmarkBurst(b *testing.B) { burst(b, 16) }

func burst(b *testing.B, size int) {
	for _, d := range designs {
		b.Run(d.name, func(b *testing.B) {
			q := d.make()
			b.ReportAllocs()
			sum := 0
			for i := 0; i < b.N; i += size {
				for range size {
					q.push(1)
				}
				for {
					v, more := q.take()
					sum += v
					if !more {
						break
					}
				}
			}
			if sum < b.N {
				b.Fatal("lost", sum)
			}
		})
	}
}

// BenchmarkContended has every sender push nodes of its own; whoever finds the receiver idle runs it.
func BenchmarkContended(b *testing.B) {
	for _, d := range designs[1:] {
		b.Run(d.name, func(b *testing.B) {
			q := d.make()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if q.push(1) {
						for _, more := q.take(); more; _, more = q.take() {
						}
					}
				}
			})
		})
	}
	b.Run(designs[0].name, func(b *testing.B) {
		depot := NewDepot[int]()
		var box Box[int]
		box.Release()
		b.RunParallel(func(pb *testing.PB) {
			cache := depot.Cache()
			for pb.Next() {
				if n := cache.Get(); box.Push(n) == First {
					contendedRun(&box, &cache)
				}
			}
		})
	})
}

// contendedRun runs the receiver, on the goroutine that the cache belongs to.
func contendedRun(box *Box[int], cache *Cache[int]) {
	for {
		n, folded := box.Take()
		switch {
		case n == nil:
			if box.Release() {
				return
			}
			continue
		case folded && box.Fold(n):
			cache.Put(n)
			return
		case folded:
			box.Unfold(n)
		}
		cache.Put(n)
	}
}

func TestAllocsPushAndTake(t *testing.T) {
	for _, size := range []int{1, 16} {
		q := newBoxQueue()
		round := func() {
			for range size {
				q.push(1)
			}
			for _, more := q.take(); more; _, more = q.take() {
			}
		}
		round()
		if n := testing.AllocsPerRun(100, round); n > 0 {
			t.Errorf("%v objects for %d values", n, size)
		}
	}
}

// A box is what every idle process keeps.
func TestSizeOfBox(t *testing.T) {
	if size := unsafe.Sizeof(Box[int]{}); size > 32 {
		t.Errorf("%d bytes", size)
	}
}

// BenchmarkPick takes the newest of so many out of a box: what a selective receive costs that has to look past them.
func BenchmarkPick(b *testing.B) {
	for _, behind := range []int{0, 10, 1000} {
		b.Run(strconv.Itoa(behind), func(b *testing.B) {
			var box Box[int]
			for range behind {
				box.Push(new(Node[int]))
			}
			n := &Node[int]{Value: 1}
			b.ReportAllocs()
			for b.Loop() {
				box.Push(n)
				var last *Node[int]
				for at := box.After(nil); at.Value != 1; at = box.After(at) {
					last = at
				}
				box.Pick(last)
			}
		})
	}
}
