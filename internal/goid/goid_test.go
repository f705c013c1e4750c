package goid

import (
	"runtime"
	"sync"
	"testing"
)

func known(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("no identity on ", runtime.GOARCH)
	}
}

//go:noinline
func grow(n int) byte {
	var pad [4096]byte
	if n > 0 {
		pad[0] = grow(n - 1)
	}
	return pad[n]
}

func TestSelf_StableOnOneGoroutine(t *testing.T) {
	known(t)
	was := Self()
	if was == 0 {
		t.Fatal("no identity")
	}
	grow(200) // the stack moves; the record does not
	for range 100 {
		runtime.Gosched()
		if Self() != was {
			t.Fatal("a goroutine changed its identity")
		}
	}
}

func TestSelf_DiffersBetweenLiveGoroutines(t *testing.T) {
	known(t)
	const n = 100
	var mu sync.Mutex
	seen := map[uintptr]bool{Self(): true}
	var all, done sync.WaitGroup
	all.Add(n)
	for range n {
		done.Go(func() {
			mu.Lock()
			seen[Self()] = true
			mu.Unlock()
			all.Done()
			all.Wait() // all alive at once
		})
	}
	done.Wait()
	if len(seen) != n+1 {
		t.Fatalf("%d identities for %d goroutines", len(seen), n+1)
	}
}

func BenchmarkSelf(b *testing.B) {
	var sum uintptr
	for b.Loop() {
		sum += Self()
	}
	_ = sum
}
