package mailbox

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

const pushers = 64

// An arena is one box with a receiver that is run by whoever comes to own it.
type arena struct {
	t      *testing.T
	box    Box[[2]int]
	owners atomic.Int32 // never more than one
	inside int          // written by the owner alone, without a lock: the race detector watches
	next   [pushers]int
	got    int
	sys    int
	done   chan struct{}
	all    int
}

// run is a receiver: it takes what is there, and gives the box up.
func (a *arena) run(budget int) {
	if a.owners.Add(1) != 1 {
		a.t.Error("two owners")
	}
	for ; ; budget-- {
		for n := a.box.TakeSys(); n != nil; n = n.Next() {
			a.sys++
		}
		if budget == 0 { // handed on
			a.leave()
			go a.run(1 << 20)
			return
		}
		n, folded := a.box.Take()
		if n == nil {
			a.leave()
			if a.box.Release() && !a.lookBack() {
				return
			}
			a.enter()
			continue
		}
		a.handle(n.Value)
		if !folded {
			continue
		}
		a.leave()
		if a.box.Fold(n) {
			if !a.lookBack() {
				return
			}
			a.enter()
			continue
		}
		a.enter()
		a.box.Unfold(n)
	}
}

func (a *arena) lookBack() bool { return a.box.HasSys() && a.box.Own() }

func (a *arena) enter() {
	if a.owners.Add(1) != 1 {
		a.t.Error("two owners")
	}
}

// leave comes before what may give the box up, so the check is a little weaker than the truth, and never wrong.
func (a *arena) leave() {
	if a.got+a.sys == a.all {
		select {
		case a.done <- struct{}{}:
		default:
		}
	}
	a.owners.Add(-1)
}

func (a *arena) handle(v [2]int) {
	a.inside++
	if v[1] != a.next[v[0]] {
		a.t.Errorf("pusher %d: number %d, want %d", v[0], v[1], a.next[v[0]])
	}
	a.next[v[0]] = v[1] + 1
	a.got++
}

func TestConcurrent(t *testing.T) {
	const each, eachSys = 500, 50
	a := &arena{t: t, done: make(chan struct{}, 1), all: pushers * (each + eachSys)}
	a.box.Release()
	depot := NewDepot[[2]int]()
	var senders sync.WaitGroup
	stop := make(chan struct{})
	for p := range pushers {
		senders.Go(func() {
			for i := range each {
				n := &Node[[2]int]{Value: [2]int{p, i}}
				if m := depot.Borrow(uintptr(p)); m != nil {
					m.Count.Store(m.Count.Load() + 1)
					m.Return()
				}
				if a.box.Push(n) == First {
					go a.run(1 + i%7)
				}
				if i%(each/eachSys) == 0 && a.box.PushSys(new(Node[[2]int])) == First {
					go a.run(1 << 20)
				}
				if i%50 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	go func() { // Len never disturbs anybody
		for {
			select {
			case <-stop:
				return
			default:
				if n := a.box.Len(); n < 0 || n > a.all {
					t.Errorf("Len %d", n)
				}
			}
		}
	}()
	senders.Wait()
	<-a.done
	close(stop)
	for !a.box.Own() {
		runtime.Gosched()
	}
	if a.got != pushers*each || a.sys != pushers*eachSys || a.box.Len() != 0 {
		t.Errorf("got %d and %d, Len %d", a.got, a.sys, a.box.Len())
	}
}

// A box that is shut under fire has handed out or refused everything.
func TestConcurrentShut(t *testing.T) {
	for range 200 {
		var b Box[int]
		var accepted, refused atomic.Int64
		var senders sync.WaitGroup
		for range 8 {
			senders.Go(func() {
				for range 20 {
					if b.Push(new(Node[int])) == Closed {
						refused.Add(1)
					} else {
						accepted.Add(1)
					}
				}
			})
		}
		runtime.Gosched()
		taken := int64(len(takeAll(&b)))
		taken += int64(len(values(b.Shut())))
		senders.Wait()
		if accepted.Load() != taken || accepted.Load()+refused.Load() != 160 {
			t.Fatalf("accepted %d, refused %d, taken %d", accepted.Load(), refused.Load(), taken)
		}
	}
}

// However many try, an idle box gets one owner.
func TestConcurrentOwn(t *testing.T) {
	for range 500 {
		var b Box[int]
		b.Release()
		var owners atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				var got bool
				switch i % 3 {
				case 0:
					got = b.Push(new(Node[int])) == First
				case 1:
					got = b.PushSys(new(Node[int])) == First
				default:
					got = b.Own()
				}
				if got {
					owners.Add(1)
				}
			})
		}
		all.Wait()
		if owners.Load() != 1 {
			t.Fatalf("%d owners", owners.Load())
		}
	}
}

// An owner that comes back finds out with Fold whether the box was taken from it, if whoever took it pushed a marker.
func TestConcurrentSeize(t *testing.T) {
	for range 500 {
		var b Box[int]
		b.Push(node(1))
		stuck, _ := b.Take()
		marker := node(-1)
		var folded bool
		var first Pushed
		var both sync.WaitGroup
		both.Go(func() { folded = b.Fold(stuck) })
		both.Go(func() { first = b.Push(marker) })
		both.Wait()
		if folded != (first == First) {
			t.Fatalf("folded %v, but the marker found %v", folded, first)
		}
	}
}
