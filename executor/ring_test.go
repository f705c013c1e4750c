package executor

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// numbered tasks let a model say which one is which.
func numbered(n int) ([]Task, map[*Task]int) {
	ts, of := make([]Task, n), map[*Task]int{}
	for i := range ts {
		of[&ts[i]] = i
	}
	return ts, of
}

func drain(l *list, of map[*Task]int) (out []int) {
	for t := l.pop(); t != nil; t = l.pop() {
		out = append(out, of[t])
	}
	return out
}

// TestRing_AgainstModel does the same random acts to rings of 2 to 4 slots and to slices.
func TestRing_AgainstModel(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		capacity := 2 + int(seed%3)
		mine, victim := newRing(capacity), newRing(capacity)
		var mineModel, victimModel []int
		ts, of := numbered(400)
		fail := func(act string, got, want any) {
			t.Helper()
			t.Fatalf("seed %d, capacity %d: %s: %v, want %v", seed, capacity, act, got, want)
		}
		for i := range ts {
			switch r, m := &victim, &victimModel; rnd.IntN(6) {
			case 0, 1, 2:
				ok := r.push(&ts[i])
				if want := len(*m) < capacity; ok != want {
					fail("push", ok, want)
				}
				if ok {
					*m = append(*m, i)
				}
			case 3:
				got := r.pop()
				if (got == nil) != (len(*m) == 0) || got != nil && of[got] != (*m)[0] {
					fail("pop", of[got], *m)
				}
				*m = (*m)[min(1, len(*m)):]
			case 4:
				var l list
				n := r.takeHalf(&l)
				want := (*m)[:(len(*m)+1)/2]
				if got := drain(&l, of); n != len(want) || !equal(got, want) {
					fail("takeHalf", got, want)
				}
				*m = (*m)[len(want):]
			case 5:
				for p := mine.pop(); p != nil; p = mine.pop() { // a thief's ring is empty
					if of[p] != mineModel[0] {
						fail("pop of a stolen one", of[p], mineModel[0])
					}
					mineModel = mineModel[1:]
				}
				got := mine.stealFrom(r)
				n := (len(*m) + 1) / 2
				if (got == nil) != (n == 0) || got != nil && of[got] != (*m)[0] {
					fail("stealFrom", of[got], *m)
				}
				if n > 0 {
					mineModel = append([]int(nil), (*m)[1:n]...)
					*m = (*m)[n:]
				}
				r.clear()
			}
			if victim.len() != len(victimModel) || mine.len() != len(mineModel) {
				fail("len", []int{victim.len(), mine.len()}, []int{len(victimModel), len(mineModel)})
			}
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestRing_EachTaskIsTakenOnce has an owner and thieves of all three kinds at one small ring.
func TestRing_EachTaskIsTakenOnce(t *testing.T) {
	const n = 20_000
	for _, capacity := range []int{2, 3, 4} {
		ts, of := numbered(n)
		victim := newRing(capacity)
		var mu sync.Mutex
		times := make([]int, n)
		taken := 0
		took := func(t *Task) {
			mu.Lock()
			defer mu.Unlock()
			times[of[t]]++
			taken++
		}
		done := func() bool {
			mu.Lock()
			defer mu.Unlock()
			return taken == n
		}
		var thieves sync.WaitGroup
		thieves.Go(func() { // another worker
			own := newRing(capacity)
			for !done() {
				if t := own.stealFrom(&victim); t != nil {
					took(t)
				}
				for t := own.pop(); t != nil; t = own.pop() {
					took(t)
				}
			}
		})
		thieves.Go(func() { // the watcher
			for !done() {
				var l list
				victim.takeHalf(&l)
				for t := l.pop(); t != nil; t = l.pop() {
					took(t)
				}
			}
		})
		for i := range ts {
			for !victim.push(&ts[i]) {
				if t := victim.pop(); t != nil {
					took(t)
				}
			}
			if i%7 == 0 {
				victim.clear()
			}
		}
		for t := victim.pop(); t != nil; t = victim.pop() {
			took(t)
		}
		thieves.Wait()
		for i, k := range times {
			if k != 1 {
				t.Fatalf("capacity %d: task %d taken %d times", capacity, i, k)
			}
		}
	}
}

func TestRing_ClearForgetsWhatWasTaken(t *testing.T) {
	r := newRing(4)
	ts, _ := numbered(11)
	for i := range ts {
		if !r.push(&ts[i]) {
			t.Fatal("full")
		}
		if i >= 2 {
			r.pop()
		}
	}
	r.clear()
	kept := 0
	for i := range r.slots {
		if r.slots[i].Load() != nil {
			kept++
		}
	}
	if kept != r.len() {
		t.Fatalf("%d slots hold a task, %d are queued", kept, r.len())
	}
}

func TestInjection_IsOldestFirstAndFillsTheRing(t *testing.T) {
	var j injection
	ts, of := numbered(10)
	for i := range ts {
		j.put(&ts[i])
	}
	r := newRing(4)
	if got := of[j.take(&r, 100)]; got != 0 {
		t.Fatalf("first is %d", got)
	}
	for want := 1; want <= 4; want++ {
		if got := of[r.pop()]; got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
	if got := j.size.Load(); got != 5 {
		t.Fatalf("%d left, want 5", got)
	}
	if got := of[j.take(&r, 0)]; got != 5 || r.len() != 0 {
		t.Fatalf("got %d and %d in the ring", got, r.len())
	}
}
