package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// seen collects what a child has handled, outside the child.
func recorder(l *transcript) bastion.Behavior {
	return withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
		if n, ok := msg.(int); ok {
			l.note("%d@%d", n, ctx.Incarnation())
			return nil
		}
		return react(ctx, msg)
	}})
}

func TestL1_SameReferenceThroughRestartOfTheChild(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "h", Start: actor()}, bastion.ChildSpec{Name: "l", Start: looper()})
	for _, name := range []string{"h", "l"} {
		ref := r.child(name)
		for inc := uint64(1); inc < 5; inc++ {
			if got := r.sync(ref); got != inc {
				t.Fatalf("%s: incarnation %d, want %d", name, got, inc)
			}
			r.tell(name, fail{})
		}
		if again := r.child(name); again != ref {
			t.Errorf("another reference: %v, %v", again, ref)
		}
	}
}

// nest is a group and a single child in a subtree that the first failure of anything in it ends.
func nest(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Start: bastion.Subtree(bastion.SupervisorSpec{
		Intensity: bastion.NoRestarts,
		Children: []bastion.ChildSpec{
			{Name: "one", Start: actor()},
			{Name: "many", Start: looper(), Count: 3, Intensity: bastion.NoRestarts},
		},
	})}
}

func TestL1_SameReferenceThroughRestartOfGroupAndSupervisor(t *testing.T) {
	r := rigOf(t, nest("nest"), bastion.ChildSpec{Name: "g", Start: actor(), Count: 3, Intensity: bastion.NoRestarts})
	inner := r.sup.Supervisor("nest")
	refs := append([]bastion.Ref{inner.Child("one")}, inner.Group("many").Members()...)
	refs = append(refs, r.sup.Group("g").Members()...)
	kill := func(ref bastion.Ref) {
		if err := ref.Tell(context.Background(), fail{}); err != nil {
			t.Fatal(err)
		}
	}
	for round := range uint64(4) {
		for _, ref := range refs {
			if got := r.sync(ref); got != round+1 {
				t.Fatalf("%v: incarnation %d, want %d", ref, got, round+1)
			}
		}
		kill(refs[round%4]) // any of the subtree ends the group or the subtree
		kill(refs[4+round%3])
		r.awaitRound(refs, round+2)
	}
	if got := r.sup.Supervisor("nest"); got.Path() != inner.Path() || got.Child("one") != refs[0] {
		t.Error("the subtree's references changed")
	}
}

// awaitRound waits until all refs run in incarnation inc.
func (r *rig) awaitRound(refs []bastion.Ref, inc uint64) {
	r.t.Helper()
	want := map[string]bool{}
	for _, ref := range refs {
		want[ref.Path()] = true
	}
	for len(want) > 0 {
		e := rigRecv(r.t, "event", r.events.C())
		if e.Kind == bastion.EventStarted && e.Incarnation == inc {
			delete(want, e.Path)
		}
	}
}

func TestL2_FreshStateInEachIncarnation(t *testing.T) {
	made := 0
	counts := make(chan int, 10)
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.Handle(func() bastion.Receiver {
		made++
		state := 0
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			state++
			counts <- state
			return react(ctx, msg)
		})
	})})
	for range 2 {
		r.tell("c", 1)
		r.tell("c", fail{})
	}
	r.sync(r.child("c"))
	for _, want := range []int{1, 2, 1, 2, 1} {
		if got := <-counts; got != want {
			t.Fatalf("state %d, want %d", got, want)
		}
	}
	if made != 3 {
		t.Errorf("the factory was called %d times, want 3", made)
	}
}

func TestL3_MailboxIsKeptInOrderThroughRestartAndBackoff(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []int
				on := func(ctx *bastion.Context, msg any) error {
					if n, ok := msg.(int); ok {
						got = append(got, n)
						return nil
					}
					return react(ctx, msg)
				}
				start := withHooks(hooked{on: on})
				if kind == "loop" {
					start = loopOn(on)
				}
				r := rigOf(t, bastion.ChildSpec{Name: "c", Start: start, Backoff: bastion.Constant{Delay: 5 * time.Second}})
				gate := make(chan struct{})
				r.tell("c", hang{gate})
				for i := range 10 {
					if i%4 == 3 {
						r.tell("c", fail{})
					}
					r.tell("c", i)
				}
				close(gate)
				synctest.Wait()
				r.tell("c", 10) // while it waits
				if got := r.sync(r.child("c")); got != 3 {
					t.Errorf("incarnation %d, want 3", got)
				}
				if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(got, want) {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}

func loopOn(on func(ctx *bastion.Context, msg any) error) bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := on(ctx, msg); err != nil {
				return err
			}
		}
	})
}

func TestL3_DropMailboxIsCounted(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), DropMailbox: true})
	letters := r.sys.DeadLetters(16)
	release := r.hold("c")
	r.tell("c", fail{})
	asked := make(chan error, 1)
	for i := range 3 {
		r.tell("c", i)
	}
	go func() { _, err := bastion.Ask(context.Background(), r.child("c"), barrier{}); asked <- err }()
	r.awaitMailbox("c", 5)
	release()
	for i := range 3 {
		d := rigRecv(t, "dead letter", letters.C())
		if d.Message != i || d.Receiver != r.child("c") {
			t.Errorf("dead letter %+v, want %d", d, i)
		}
	}
	if err := rigRecv(t, "ask", asked); !errors.Is(err, bastion.ErrStopped) {
		t.Errorf("the ask that was dropped: %v", err)
	}
	if got := r.sync(r.child("c")); got != 2 {
		t.Errorf("incarnation %d, want 2", got)
	}
	if b := r.sys.Inspector().Books(); b.Reason(bastion.DiscardDropped) != 4 {
		t.Errorf("books: %v", b)
	}
}

// hold gives the child something to do until release is called, and returns when it does it.
func (r *rig) hold(name string) (release func()) {
	r.t.Helper()
	in, out := make(chan struct{}), make(chan struct{})
	r.tell(name, do(func(*bastion.Context) error { close(in); <-out; return nil }))
	rigRecv(r.t, "hold", in)
	return sync.OnceFunc(func() { close(out) })
}

// awaitState spins until the child is in that state.
func (r *rig) awaitState(name string, want bastion.NodeState) {
	r.t.Helper()
	for limit := time.Now().Add(rigLimit); time.Now().Before(limit); runtime.Gosched() {
		node, err := r.sys.Inspector().Node(r.sup.Path() + "/" + name)
		if err == nil && node.State == want {
			return
		}
	}
	r.t.Fatalf("%s was never %v", name, want)
}

// awaitMailbox spins until so many messages wait.
func (r *rig) awaitMailbox(name string, n int) {
	r.t.Helper()
	for limit := time.Now().Add(rigLimit); time.Now().Before(limit); runtime.Gosched() {
		node, err := r.sys.Inspector().Node(r.child(name).Path())
		if err != nil {
			r.t.Fatal(err)
		}
		if node.Mailbox == n {
			return
		}
	}
	r.t.Fatalf("%s never had %d messages waiting", name, n)
}

func TestL3_RestartByOrderKeepsTheMailbox(t *testing.T) {
	r := rigOf(t)
	if _, err := r.sup.Add(context.Background(), bastion.ChildSpec{Name: "c", Start: recorder(r.transcript)}); err != nil {
		t.Fatal(err)
	}
	release := r.hold("c")
	for i := range 3 {
		r.tell("c", i)
	}
	done := make(chan error, 1)
	go func() { done <- r.sup.Restart(context.Background(), "c") }()
	r.awaitState("c", bastion.StateStopping)
	release()
	if err := rigRecv(t, "Restart", done); err != nil {
		t.Fatal(err)
	}
	r.sync(r.child("c"))
	var want []string
	for i := range 3 {
		want = append(want, fmt.Sprintf("%d@2", i))
	}
	r.want(want...)
}
