package bastiontest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// flood has three senders send tasks to a process that does not take any until they have had their way, and returns its
// mailbox's longest. With a policy that waits the process goes on as soon as two wait.
func (w *world) flood(box bastion.Mailbox, loop bool) (ref bastion.Ref, most int) {
	spec := w.child("s", loop)
	spec.Mailbox = box
	w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}})
	ref = w.sup.Child("s")
	first, free := w.send(context.Background(), "", ref, deedNone, ref), false
	first.do = func(*bastion.Context) error {
		w.Until("its release", func() bool { return free })
		return nil
	}
	w.Until("it to be busy", func() bool { return len(first.received) == 1 })
	left := 3
	for i := range left {
		name := fmt.Sprint("client ", i)
		w.Go(name, func() {
			defer func() { left-- }()
			for range 4 {
				w.send(context.Background(), name, ref, deedNone, ref)
				most = max(most, w.node(ref).Mailbox)
			}
		})
	}
	if box.Full == bastion.WaitForRoom {
		w.Sleep(time.Second)
		if n := w.node(ref).Mailbox; n != box.Bound || left == 0 {
			w.Errorf("%d wait in a mailbox of %d, and %d of 3 senders are left", n, box.Bound, left)
		}
		free = true
	}
	w.Until("the senders", func() bool { return left == 0 })
	free = true
	w.Until("it to be at rest", func() bool { n := w.node(ref); return n.Mailbox == 0 && !n.InHand })
	return ref, most
}

func TestSim_O1_BoundsAreExact(t *testing.T) {
	prove(t, func(w *world) {
		bound := 1 + w.Choose(4)
		policy := []bastion.Overflow{bastion.RefuseNew, bastion.DropNew, bastion.DropOldest, bastion.WaitForRoom}[w.Choose(4)]
		_, most := w.flood(bastion.Mailbox{Bound: bound, Full: policy}, w.Choose(2) == 1)
		if most > bound || policy != bastion.WaitForRoom && most != bound {
			w.Errorf("%v: %d waited in a mailbox of %d", policy, most, bound)
		}
		received, refused := 0, 0
		for _, x := range w.tasks[1:] {
			received += len(x.received)
			if x.err != nil {
				refused++
				if !errors.Is(x.err, bastion.ErrFull) || len(x.received) > 0 {
					w.Errorf("%v: task %d: %v, received by %v", policy, x.id, x.err, x.received)
				}
			}
		}
		over := int(w.sys.Inspector().Books().Reason(bastion.DiscardOverflow))
		want := [3]int{bound, 0, 12 - bound} // received, refused, discarded
		switch policy {
		case bastion.RefuseNew:
			want = [3]int{bound, 12 - bound, 0}
		case bastion.WaitForRoom:
			want = [3]int{12, 0, 0}
		}
		if got := [3]int{received, refused, over}; got != want {
			w.Errorf("%v, bound %d: received, refused, discarded %v, want %v", policy, bound, got, want)
		}
	})
}

func TestSim_O2_WaitingSendersBlockNobody(t *testing.T) {
	prove(t, func(w *world) {
		var specs []bastion.ChildSpec
		for i := range 3 {
			c := w.child(string(rune('a'+i)), w.Choose(2) == 1)
			c.Mailbox = bastion.Mailbox{Bound: 1, Full: bastion.WaitForRoom}
			specs = append(specs, c)
		}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: specs})
		refs := []bastion.Ref{w.sup.Child("a"), w.sup.Child("b"), w.sup.Child("c")}
		rings, left := 0, 3
		for i, ref := range refs {
			w.Go("client", func() {
				defer func() { left-- }()
				for range 4 { // each makes its process send to the next: all together are a ring
					_ = ref.Tell(context.Background(), func(ctx *bastion.Context) error {
						for range 2 {
							if err := refs[(i+1)%3].Tell(ctx, &task{}); errors.Is(err, bastion.ErrDeadlock) {
								rings++
							}
						}
						return nil
					})
				}
			})
		}
		if !w.Within(time.Minute, "everybody", func() bool { return left == 0 }) {
			w.Errorf("%d senders hang, %d rings were refused", left, rings)
		}
		w.Until("all to be at rest", func() bool {
			return !slices.ContainsFunc(refs, func(r bastion.Ref) bool { n := w.node(r); return n.Mailbox > 0 || n.InHand })
		})
		// An order goes past a full mailbox.
		ref, at, free := refs[w.Choose(3)], false, false
		_ = ref.Tell(context.Background(), func(*bastion.Context) error {
			at = true
			w.Until("the order", func() bool { return free })
			return nil
		})
		w.Until("it to be busy", func() bool { return at })
		_ = ref.Tell(context.Background(), &task{})
		stopped := false
		w.Go("stopper", func() { _ = ref.Stop(context.Background()); stopped = true })
		w.Settle()
		free = true
		if !w.Within(time.Millisecond, "the stop", func() bool { return stopped }) {
			w.Error("an order waits behind a full mailbox")
		}
	})
}

func TestSim_O3_Priorities(t *testing.T) {
	prove(t, func(w *world) {
		var order []*task
		rank := func(msg any) int {
			x, ok := msg.(*task)
			if !ok {
				return -1 // after all tasks
			}
			return x.id % 3
		}
		spec := w.child("s", w.Choose(2) == 1)
		spec.Mailbox = bastion.Mailbox{Priority: rank}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}})
		ref, at, free := w.sup.Child("s"), false, false
		_ = ref.Tell(context.Background(), func(*bastion.Context) error {
			at = true
			w.Until("all to wait", func() bool { return free })
			return nil
		})
		w.Until("it to be busy", func() bool { return at })
		n := 3 + w.Choose(8)
		for i := range n {
			x := &task{id: w.Choose(9), seq: i}
			x.do = func(*bastion.Context) error { order = append(order, x); return nil }
			_ = ref.Tell(context.Background(), x)
		}
		free = true
		w.incarnation(ref)
		sorted := slices.IsSortedFunc(order, func(a, b *task) int {
			if ra, rb := rank(a), rank(b); ra != rb {
				return rb - ra
			}
			return a.seq - b.seq
		})
		if len(order) != n || !sorted {
			w.Errorf("%d of %d, in order: %t", len(order), n, sorted)
		}
	})
}

func TestSim_O4_MemoryStaysBounded(t *testing.T) {
	prove(t, func(w *world) {
		limit := 2 + w.Choose(6)
		policy := []bastion.Overflow{bastion.RefuseNew, bastion.DropNew, bastion.DropOldest}[w.Choose(3)]
		size := func(msg any) int {
			if x, ok := msg.(*task); ok {
				return 1 + x.id%2
			}
			return 1
		}
		ref, most := w.flood(bastion.Mailbox{BoundBytes: limit, Size: size, Full: policy}, w.Choose(2) == 1)
		if most > limit {
			w.Errorf("%d messages in %d bytes", most, limit)
		}
		if n := w.node(ref); n.Bytes != 0 || n.BoundBytes != limit {
			w.Errorf("at rest %d of %d bytes are taken", n.Bytes, n.BoundBytes)
		}
	})
}
