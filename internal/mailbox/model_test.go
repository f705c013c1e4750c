package mailbox

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A model is the obvious mailbox: two slices, who owns it, what is in hand.
type model struct {
	user, sys []int
	owned     bool
	shut      bool // user lane
	shutSys   bool
	inHand    int // number of the value in hand; 0: none
	folded    bool
}

// A modelRun steps a Box and a model together, as one owner and one pusher that never cross.
type modelRun struct {
	box  Box[int]
	m    model
	node *Node[int] // in hand
	last int        // number given to the last value pushed
}

func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &modelRun{m: model{owned: true}}
		t.Repeat(map[string]func(*rapid.T){
			"":        r.check,
			"push":    r.push,
			"pushSys": r.pushSys,
			"own":     r.own,
			"take":    r.take,
			"finish":  r.finish,
			"takeSys": r.takeSys,
			"release": r.release,
			"pick":    r.pick,
			"unread":  r.releaseUnread,
			"drain":   r.drain,
			"shut":    r.shut,
			"seal":    r.seal,
			"shutSys": r.shutSys,
			"reopen":  r.reopen,
			"seize":   r.seize,
		})
	})
}

// check compares what can be read without changing anything.
func (r *modelRun) check(t *rapid.T) {
	waiting := len(r.m.user)
	if r.m.folded {
		waiting++ // still in the box
	}
	if got := r.box.Len(); got != waiting {
		t.Fatalf("Len %d, want %d", got, waiting)
	}
	for most := range 4 {
		if got := r.box.LenUpTo(most); got != min(waiting, most) {
			t.Fatalf("LenUpTo(%d) %d, of %d", most, got, waiting)
		}
	}
	if got := r.box.Idle(); got != (!r.m.owned && !r.m.shut) {
		t.Fatalf("Idle %v", got)
	}
	if got := r.box.IsShut(); got != r.m.shut {
		t.Fatalf("IsShut %v", got)
	}
	if got := r.box.HasSys(); got != (len(r.m.sys) > 0) {
		t.Fatalf("HasSys %v", got)
	}
	if r.m.owned && !r.m.shut {
		if got := r.box.Pending(); got != (waiting > 0) {
			t.Fatalf("Pending %v", got)
		}
	}
}

func (r *modelRun) next() *Node[int] {
	r.last++
	return &Node[int]{Value: r.last}
}

func (r *modelRun) push(t *rapid.T) {
	want := Queued
	switch {
	case r.m.shut:
		want = Closed
	case !r.m.owned:
		want = First
		r.m.owned = true
	}
	if got := r.box.Push(r.next()); got != want {
		t.Fatalf("Push: %v, want %v", got, want)
	}
	if want != Closed {
		r.m.user = append(r.m.user, r.last)
	}
}

func (r *modelRun) pushSys(t *rapid.T) {
	want := Queued
	switch {
	case r.m.shutSys:
		want = Closed
	case !r.m.owned:
		want = First
		r.m.owned = true
	}
	if got := r.box.PushSys(r.next()); got != want {
		t.Fatalf("PushSys: %v, want %v", got, want)
	}
	if want != Closed {
		r.m.sys = append(r.m.sys, r.last)
	}
}

func (r *modelRun) own(t *rapid.T) {
	want := !r.m.owned
	if got := r.box.Own(); got != want {
		t.Fatalf("Own: %v", got)
	}
	r.m.owned = true
}

// owner skips what only the owner may do, and only with nothing (or something) in hand.
func (r *modelRun) owner(t *rapid.T, inHand bool) {
	if !r.m.owned || r.m.shut || (r.m.inHand != 0) != inHand {
		t.Skip("not now")
	}
}

func (r *modelRun) take(t *rapid.T) {
	r.owner(t, false)
	n, folded := r.box.Take()
	if len(r.m.user) == 0 {
		if n != nil {
			t.Fatalf("Take: %d from an empty box", n.Value)
		}
		return
	}
	if n == nil || n.Value != r.m.user[0] {
		t.Fatalf("Take: %v, want %d", n, r.m.user[0])
	}
	if folded && len(r.m.user) > 1 {
		t.Fatal("folded with others behind it")
	}
	r.node, r.m.inHand, r.m.folded = n, n.Value, folded
	r.m.user = r.m.user[1:]
}

// finish ends what take began.
func (r *modelRun) finish(t *rapid.T) {
	r.owner(t, true)
	if r.m.folded {
		released := r.box.Fold(r.node)
		if released != (len(r.m.user) == 0) {
			t.Fatalf("Fold: %v with %d behind it", released, len(r.m.user))
		}
		if released {
			r.m.owned = false
		} else {
			r.box.Unfold(r.node)
		}
	}
	r.node, r.m.inHand, r.m.folded = nil, 0, false
}

func (r *modelRun) takeSys(t *rapid.T) {
	if !r.m.owned {
		t.Skip("not now")
	}
	if got := values(r.box.TakeSys()); !slices.Equal(got, r.m.sys) {
		t.Fatalf("TakeSys: %v, want %v", got, r.m.sys)
	}
	r.m.sys = nil
}

func (r *modelRun) release(t *rapid.T) {
	r.owner(t, false)
	want := len(r.m.user)+len(r.m.sys) == 0
	if got := r.box.Release(); got != want {
		t.Fatalf("Release: %v", got)
	}
	r.m.owned = !want
}

// pick looks through what waits up to some value, which it takes out, or to the end.
func (r *modelRun) pick(t *rapid.T) {
	r.owner(t, false)
	at := rapid.IntRange(0, len(r.m.user)).Draw(t, "at")
	var last *Node[int]
	for i := range at {
		if last = r.box.After(last); last == nil || last.Value != r.m.user[i] {
			t.Fatalf("After: %v as number %d of %v", last, i, r.m.user)
		}
	}
	picked := r.box.Pick(last)
	if at == len(r.m.user) {
		if picked != nil || r.box.After(last) != nil {
			t.Fatalf("Pick: %v after the end", picked)
		}
		return
	}
	if picked == nil || picked.Value != r.m.user[at] {
		t.Fatalf("Pick: %v, want %d", picked, r.m.user[at])
	}
	r.m.user = slices.Delete(slices.Clone(r.m.user), at, at+1)
}

// releaseUnread gives the box up with what is in it, once all of that was looked at.
func (r *modelRun) releaseUnread(t *rapid.T) {
	r.owner(t, false)
	if len(r.m.user) > 0 && rapid.Bool().Draw(t, "too early") {
		r.box.After(nil)
		r.push(t) // behind the owner's back
		if r.box.ReleaseUnread() {
			t.Fatal("ReleaseUnread: released with something new")
		}
		return
	}
	for n := r.box.After(nil); n != nil; n = r.box.After(n) {
	}
	want := len(r.m.sys) == 0
	if got := r.box.ReleaseUnread(); got != want {
		t.Fatalf("ReleaseUnread: %v", got)
	}
	r.m.owned = !want
}

func (r *modelRun) drain(t *rapid.T) {
	r.owner(t, false)
	r.same(t, "Drain", r.box.Drain())
}

func (r *modelRun) shut(t *rapid.T) {
	r.owner(t, false)
	r.same(t, "Shut", r.box.Shut())
	r.m.shut = true
}

func (r *modelRun) seal(t *rapid.T) {
	r.owner(t, false)
	want := r.m.shut || len(r.m.user) == 0
	if got := r.box.Seal(); got != want {
		t.Fatalf("Seal %v, want %v", got, want)
	}
	r.m.shut = want
}

func (r *modelRun) same(t *rapid.T, what string, chain *Node[int]) {
	if got := values(chain); !slices.Equal(got, r.m.user) {
		t.Fatalf("%s: %v, want %v", what, got, r.m.user)
	}
	r.m.user = nil
}

func (r *modelRun) shutSys(t *rapid.T) {
	if !r.m.shut {
		t.Skip("not now")
	}
	if got := values(r.box.ShutSys()); !slices.Equal(got, r.m.sys) {
		t.Fatalf("ShutSys: %v, want %v", got, r.m.sys)
	}
	r.m.sys, r.m.shutSys = nil, true
}

func (r *modelRun) reopen(t *rapid.T) {
	if !r.m.shut {
		t.Skip("not now")
	}
	r.box.Reopen()
	r.m.shut, r.m.shutSys = false, false
}

// seize takes the box away from its owner, who has something in hand or not.
func (r *modelRun) seize(t *rapid.T) {
	if !r.m.owned || r.m.shut {
		t.Skip("not now")
	}
	marker := &Node[int]{Value: -1}
	r.box.Push(marker)
	var stuck *Node[int]
	if r.m.folded {
		if r.box.Fold(r.node) {
			t.Fatal("folded in spite of the marker")
		}
		stuck = r.node
	}
	r.box.Seize(stuck, marker)
	r.node, r.m.inHand, r.m.folded = nil, 0, false
}
