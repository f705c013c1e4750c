package mailbox

import (
	"slices"
	"testing"
)

func node(v int) *Node[int] { return &Node[int]{Value: v} }

// values reads a chain.
func values(n *Node[int]) (all []int) {
	for ; n != nil; n = n.Next() {
		all = append(all, n.Value)
	}
	return all
}

// takeAll takes and finishes all user values, and keeps the box.
func takeAll(b *Box[int]) (all []int) {
	for {
		n, folded := b.Take()
		if n == nil {
			return all
		}
		all = append(all, n.Value)
		if folded {
			b.Unfold(n)
		}
	}
}

func want(t *testing.T, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestZeroBoxIsOwnedOpenAndEmpty(t *testing.T) {
	var b Box[int]
	if b.Idle() || b.IsShut() || b.Pending() || b.HasSys() || b.Len() != 0 || b.Own() {
		t.Error("the zero Box is not owned, open and empty")
	}
	if n, _ := b.Take(); n != nil {
		t.Error("something in it")
	}
	if got := b.Push(node(1)); got != Queued {
		t.Errorf("a push to an owned box: %v", got)
	}
}

func TestOrder(t *testing.T) {
	var b Box[int]
	for i := range 5 {
		b.Push(node(i))
	}
	n, folded := b.Take()
	if n.Value != 0 || folded {
		t.Fatalf("first %d, folded %v", n.Value, folded)
	}
	b.Push(node(5)) // behind what was taken over already
	if b.Len() != 5 {
		t.Errorf("Len %d", b.Len())
	}
	want(t, "the rest", takeAll(&b), []int{1, 2, 3, 4, 5})
}

func TestFirstOnlyWhenIdle(t *testing.T) {
	var b Box[int]
	if !b.Release() || !b.Idle() {
		t.Fatal("an empty box is not released")
	}
	if got := b.Push(node(1)); got != First {
		t.Errorf("push to an idle box: %v", got)
	}
	if got := b.Push(node(2)); got != Queued {
		t.Errorf("the next push: %v", got)
	}
	if b.Release() {
		t.Error("released with something in it")
	}
	want(t, "values", takeAll(&b), []int{1, 2})
}

func TestFoldFinishesAndReleases(t *testing.T) {
	var b Box[int]
	b.Push(node(1))
	n, folded := b.Take()
	if !folded || b.Len() != 1 {
		t.Fatalf("folded %v, Len %d: a single value stays in the box", folded, b.Len())
	}
	if !b.Fold(n) || !b.Idle() || b.Len() != 0 {
		t.Error("not folded")
	}
	if !b.Own() || b.Own() {
		t.Error("an idle box is owned once")
	}
}

func TestUnfoldAfterFoldFailed(t *testing.T) {
	var b Box[int]
	b.Push(node(1))
	n, _ := b.Take()
	b.Push(node(2))
	b.Push(node(3))
	if b.Fold(n) {
		t.Fatal("folded over newer values")
	}
	b.Unfold(n)
	if b.Len() != 2 || !b.Pending() {
		t.Errorf("Len %d", b.Len())
	}
	want(t, "the newer", takeAll(&b), []int{2, 3})
}

func TestSystemLane(t *testing.T) {
	var b Box[int]
	b.Push(node(1))
	if got := b.PushSys(node(10)); got != Queued {
		t.Errorf("PushSys to an owned box: %v", got)
	}
	b.PushSys(node(11))
	if !b.HasSys() || b.Len() != 1 {
		t.Errorf("HasSys %v, Len %d", b.HasSys(), b.Len())
	}
	want(t, "system", values(b.TakeSys()), []int{10, 11})
	if b.TakeSys() != nil || b.HasSys() {
		t.Error("taken twice")
	}
	want(t, "user", takeAll(&b), []int{1})
	b.Release()
	if got := b.PushSys(node(12)); got != First || b.Idle() {
		t.Errorf("PushSys to an idle box: %v", got)
	}
	if b.Release() {
		t.Error("released with something on the system lane")
	}
}

// After it gave the box up, the owner looks at the system lane and takes the box back: whoever pushed there found it
// owned.
func TestOwnerLooksBackAtTheSystemLane(t *testing.T) {
	var b Box[int]
	b.Push(node(1))
	n, _ := b.Take()
	if b.PushSys(node(10)) != Queued {
		t.Fatal("an owned box")
	}
	if !b.Fold(n) {
		t.Fatal("the system lane keeps the user lane from folding")
	}
	if !b.HasSys() || !b.Own() {
		t.Fatal("cannot be taken back")
	}
	if b.PushSys(node(11)) != Queued {
		t.Error("two owners")
	}
	want(t, "system", values(b.TakeSys()), []int{10, 11})
	if !b.Release() {
		t.Error("not released")
	}
}

func TestShut(t *testing.T) {
	var b Box[int]
	for i := range 4 {
		b.Push(node(i))
	}
	n, _ := b.Take()
	b.Push(node(4))
	b.PushSys(node(10))
	if n.Value != 0 {
		t.Fatal(n.Value)
	}
	want(t, "what waited", values(b.Shut()), []int{1, 2, 3, 4})
	if !b.IsShut() || b.Idle() || b.Own() || b.Len() != 0 {
		t.Error("not shut")
	}
	if b.Push(node(5)) != Closed {
		t.Error("accepted by a shut box")
	}
	if b.PushSys(node(11)) != Queued {
		t.Error("the system lane is not shut yet")
	}
	want(t, "system", values(b.ShutSys()), []int{10, 11})
	if b.PushSys(node(12)) != Closed || b.HasSys() || b.TakeSys() != nil {
		t.Error("the system lane is not shut")
	}
	if b.Shut() != nil || b.ShutSys() != nil {
		t.Error("shut twice hands out something")
	}
	b.Reopen()
	if b.IsShut() || b.Push(node(6)) != Queued || b.PushSys(node(13)) != Queued {
		t.Error("not open again")
	}
	b.Reopen() // changes nothing
	want(t, "after Reopen", takeAll(&b), []int{6})
}

func TestDrainLeavesTheBoxOpen(t *testing.T) {
	var b Box[int]
	for i := range 3 {
		b.Push(node(i))
	}
	b.Take()
	b.Push(node(3))
	want(t, "drained", values(b.Drain()), []int{1, 2, 3})
	if b.Push(node(4)) != Queued {
		t.Error("not owned and open after Drain")
	}
	want(t, "the next", takeAll(&b), []int{4})
}

func TestSeizeKeepsWhatWaits(t *testing.T) {
	for _, waiting := range []int{0, 1, 5} {
		var b Box[int]
		b.Push(node(100))
		stuck, folded := b.Take()
		if !folded {
			t.Fatal("not folded")
		}
		for i := range waiting {
			b.Push(node(i))
		}
		marker := node(-1)
		if b.Push(marker) != Queued {
			t.Fatal("not owned")
		}
		if b.Fold(stuck) {
			t.Fatal("the marker does not keep the stuck value from being folded")
		}
		b.Push(node(waiting))
		b.Seize(stuck, marker)
		if b.Len() != waiting+1 {
			t.Errorf("Len %d", b.Len())
		}
		for i, v := range takeAll(&b) {
			if v != i {
				t.Errorf("number %d is %d", i, v)
			}
		}
	}
}

func TestSeizeOfAnOwnerThatHasTakenMore(t *testing.T) {
	var b Box[int]
	for i := range 5 {
		b.Push(node(i))
	}
	b.Take() // in hand, out of the box
	b.Push(node(5))
	b.Seize(nil, nil)
	want(t, "what waits", takeAll(&b), []int{1, 2, 3, 4, 5})
}
