package mailbox

import (
	"sync"
	"testing"
)

func TestCacheGivesBackWhatItTook(t *testing.T) {
	c := NewDepot[*int]().Cache()
	n := c.Get()
	n.Value = new(int)
	c.Put(n)
	if m := c.Get(); m != n || m.Value != nil {
		t.Error("not the same node, or not emptied")
	}
}

// What a receiver has too many of, a sender gets, by way of the depot.
func TestCachesExchangeThroughTheDepot(t *testing.T) {
	d := NewDepot[int]()
	full, empty := d.Cache(), d.Cache()
	seen := make(map[*Node[int]]bool)
	for range 3 * chunk {
		n := new(Node[int])
		seen[n] = true
		full.Put(n)
	}
	if full.n >= 2*chunk || d.n == 0 {
		t.Fatalf("the cache keeps %d, the depot has %d chunks", full.n, d.n)
	}
	reused := 0
	for range 3 * chunk {
		if n := empty.Get(); seen[n] {
			delete(seen, n) // each only once
			reused++
		}
	}
	if reused < chunk || reused%chunk != 0 {
		t.Errorf("%d nodes were handed on, want whole chunks of %d", reused, chunk)
	}
	for range chunk {
		if n := full.Get(); seen[n] {
			delete(seen, n)
		} else {
			t.Fatal("a node of both caches")
		}
	}
}

func TestDepotIsBounded(t *testing.T) {
	d := NewDepot[int]()
	c := d.Cache()
	for range (maxChunks + 10) * chunk {
		c.Put(new(Node[int]))
	}
	if d.n != maxChunks {
		t.Errorf("%d chunks", d.n)
	}
	for range d.n {
		if d.take() == nil {
			t.Fatal("fewer chunks than counted")
		}
	}
	if d.take() != nil {
		t.Error("more chunks than counted")
	}
}

func TestMagazinesAreLentOnce(t *testing.T) {
	d := NewDepot[int]()
	var lent []*Magazine[int]
	seen := make(map[*Magazine[int]]bool)
	for i := range magazines {
		m := d.Borrow(uintptr(i) * 0x1234567)
		if m == nil || seen[m] {
			t.Fatalf("number %d: %p", i, m)
		}
		seen[m] = true
		m.Count.Store(uint64(i))
		lent = append(lent, m)
	}
	if d.Borrow(1) != nil {
		t.Error("more than there are")
	}
	lent[3].Return()
	if d.Borrow(99) != lent[3] {
		t.Error("not the one that was returned")
	}
	if got := d.Counts(); got != magazines*(magazines-1)/2 {
		t.Errorf("Counts %d", got)
	}
}

// Magazines under many goroutines: the race detector watches the caches, the counters add up.
func TestMagazinesConcurrent(t *testing.T) {
	d := NewDepot[int]()
	var all sync.WaitGroup
	const each = 2000
	var without [32]uint64
	for g := range uintptr(32) {
		all.Go(func() {
			for range each {
				m := d.Borrow(g)
				if m == nil {
					without[g]++
					continue
				}
				n := m.Get()
				n.Value = int(g)
				if n.Value != int(g) {
					t.Error("a node of two")
				}
				m.Put(n)
				m.Count.Store(m.Count.Load() + 1)
				m.Return()
			}
		})
	}
	all.Wait()
	sum := d.Counts()
	for _, n := range without {
		sum += n
	}
	if sum != 32*each {
		t.Errorf("counted %d, want %d", sum, 32*each)
	}
}
