package relaxed

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestUint64_ReaderNeverSeesItFall(t *testing.T) {
	const n = 200_000
	var u Uint64
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			last := uint64(0)
			for last < n {
				v := u.Load()
				if v < last || v > n {
					t.Errorf("read %d after %d", v, last)
					return
				}
				last = v
			}
		})
	}
	for range n {
		u.Add(1)
	}
	readers.Wait()
	u.Store(7)
	if got := u.Load(); got != 7 {
		t.Fatalf("stored 7, loaded %d", got)
	}
}

func TestPointer_ReaderSeesWhatItPointsTo(t *testing.T) {
	type pair struct{ a, b int }
	const n = 100_000
	var p Pointer[pair]
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				v := p.Load()
				if v == nil {
					continue
				}
				if v.a != v.b {
					t.Errorf("a half-built value: %+v", *v)
					return
				}
				if v.a == n {
					return
				}
			}
		})
	}
	for i := 1; i <= n; i++ {
		p.Store(&pair{i, i})
	}
	readers.Wait()
}

func TestPointer_TakersEmptyItOnce(t *testing.T) {
	const n = 100_000
	var p Pointer[int]
	var taken atomic.Int64
	var stop atomic.Bool
	var takers sync.WaitGroup
	for i := range 3 {
		takers.Go(func() {
			for !stop.Load() {
				if v := p.Load(); v != nil && i%2 == 0 {
					if p.CompareAndSwap(v, nil) {
						taken.Add(int64(*v))
					}
				} else if v != nil {
					if v := p.Swap(nil); v != nil {
						taken.Add(int64(*v))
					}
				}
			}
		})
	}
	one, put := 1, int64(0)
	for range n {
		if p.Load() == nil { // only this goroutine fills, so it stays empty
			p.Store(&one)
			put++
		}
	}
	stop.Store(true)
	takers.Wait()
	if v := p.Swap(nil); v != nil {
		taken.Add(int64(*v))
	}
	if taken.Load() != put {
		t.Fatalf("put %d, taken %d", put, taken.Load())
	}
}

func BenchmarkAdd(b *testing.B) {
	b.Run("relaxed", func(b *testing.B) {
		var u Uint64
		for b.Loop() {
			u.Add(1)
		}
	})
	b.Run("atomic", func(b *testing.B) {
		var u atomic.Uint64
		for b.Loop() {
			u.Add(1)
		}
	})
}

func BenchmarkStorePointer(b *testing.B) {
	x := new(int)
	b.Run("relaxed", func(b *testing.B) {
		var p Pointer[int]
		for b.Loop() {
			p.Store(x)
		}
	})
	b.Run("atomic", func(b *testing.B) {
		var p atomic.Pointer[int]
		for b.Loop() {
			p.Store(x)
		}
	})
}
