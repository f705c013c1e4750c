package bastion_test

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/bastion-go/bastion"
)

// The tests named TestAllocs… hold P9: what a message may allocate. They count objects over many messages, so that a
// handful for the whole system (a magazine of nodes, a grown table) does not count as one for each.

// allocMessages is how many messages one count is over.
const allocMessages = 20_000

// allocsEach runs f, which sends n messages and waits until they were handled, and fails the test if it allocated more
// than most objects for each. The least of three counts is taken: whatever else the process does can only add.
func allocsEach(t *testing.T, most float64, f func(n int)) {
	t.Helper()
	if raceDetector {
		t.Skip("NOT CHECKED: the race detector allocates on its own; run this test without -race too")
	}
	f(allocMessages) // free lists and pools fill
	least := math.Inf(1)
	for range 3 {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f(allocMessages)
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/allocMessages)
	}
	if least > most+0.01 {
		t.Errorf("%.3f objects for each message, more than %v", least, most)
	}
}

type allocToken struct {
	left int
	done chan struct{}
}

// allocCrew starts two handlers, "a" and "b", on a system that ends with the test.
func allocCrew(t *testing.T, a, b bastion.Behavior) (bastion.Ref, bastion.Ref) {
	t.Helper()
	sys, err := bastion.New(bastion.Config{Name: "allocs"})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name:     "pair",
		Children: []bastion.ChildSpec{{Name: "a", Start: a}, {Name: "b", Start: b}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sup.Child("a"), sup.Child("b")
}

// bouncer hands tokens, pointers or values, to the process of the other name.
func bouncer(other string) bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		var to bastion.Ref
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			if to.IsZero() {
				to = ctx.Supervisor().Child(other)
			}
			switch m := msg.(type) {
			case *allocToken:
				if m.left--; m.left > 0 {
					return to.Tell(ctx, m)
				}
				m.done <- struct{}{}
			case allocToken:
				if m.left--; m.left > 0 {
					return to.Tell(ctx, m)
				}
				m.done <- struct{}{}
			}
			return nil
		})
	})
}

func typedBouncer(other string) bastion.Behavior {
	return bastion.HandleTyped(func() bastion.TypedReceiver[allocToken] {
		var to bastion.TypedRef[allocToken]
		return bastion.TypedReceiverFunc[allocToken](func(ctx *bastion.Context, m allocToken) error {
			if to.Ref().IsZero() {
				var err error
				if to, err = bastion.Typed[allocToken](ctx.Supervisor().Child(other)); err != nil {
					return err
				}
			}
			if m.left--; m.left > 0 {
				return to.Tell(ctx, m)
			}
			m.done <- struct{}{}
			return nil
		})
	})
}

func TestAllocsHopPointer(t *testing.T) {
	a, _ := allocCrew(t, bouncer("b"), bouncer("a"))
	token := &allocToken{done: make(chan struct{})}
	allocsEach(t, 0, func(n int) {
		token.left = n
		if err := a.Tell(context.Background(), token); err != nil {
			t.Fatal(err)
		}
		<-token.done
	})
}

func TestAllocsHopValue(t *testing.T) {
	a, _ := allocCrew(t, bouncer("b"), bouncer("a"))
	done := make(chan struct{})
	allocsEach(t, 1, func(n int) { // the box that every value in an interface needs
		if err := a.Tell(context.Background(), allocToken{left: n, done: done}); err != nil {
			t.Fatal(err)
		}
		<-done
	})
}

func TestAllocsHopTyped(t *testing.T) {
	a, _ := allocCrew(t, typedBouncer("b"), typedBouncer("a"))
	to, err := bastion.Typed[allocToken](a)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	allocsEach(t, 0, func(n int) {
		if err := to.Tell(context.Background(), allocToken{left: n, done: done}); err != nil {
			t.Fatal(err)
		}
		<-done
	})
}

// TestAllocsTellOutside sends by the hundred: a queue that grows has to lie somewhere, so a flood is another matter.
func TestAllocsTellOutside(t *testing.T) {
	const portion = 100
	got, done := 0, make(chan struct{})
	sink := bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(*bastion.Context, any) error {
			if got++; got%portion == 0 {
				done <- struct{}{}
			}
			return nil
		})
	})
	to, _ := allocCrew(t, sink, bouncer("a"))
	token := new(allocToken)
	allocsEach(t, 0, func(n int) {
		for range n / portion {
			for range portion {
				if err := to.Tell(context.Background(), token); err != nil {
					t.Fatal(err)
				}
			}
			<-done
		}
	})
}

type allocQuestion struct {
	bastion.Returns[int]
	n int
}

func allocAnswerer() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			q, ok := msg.(allocQuestion)
			if !ok {
				return ctx.Unhandled()
			}
			return q.Reply(ctx, q.n)
		})
	})
}

func TestAllocsAskOutside(t *testing.T) {
	to, _ := allocCrew(t, allocAnswerer(), bouncer("a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	allocsEach(t, 2, func(n int) { // the question's box and the answer's
		for i := range n {
			if answer, err := bastion.Ask(ctx, to, allocQuestion{n: i}); err != nil || answer != i {
				t.Fatal(answer, err)
			}
		}
	})
}

func TestAllocsAskThen(t *testing.T) {
	_, asker := allocCrew(t, allocAnswerer(), bastion.Handle(func() bastion.Receiver { return new(allocAsker) }))
	token := &allocToken{done: make(chan struct{})}
	allocsEach(t, 2, func(n int) { // the question's box and the answer's
		token.left = n
		if err := asker.Tell(context.Background(), token); err != nil {
			t.Fatal(err)
		}
		<-token.done
	})
}

// allocAsker asks as often as the token says, each time in the answer to the last.
type allocAsker struct {
	to    bastion.Ref
	token *allocToken
	then  func(ctx *bastion.Context, answer int, err error) error
}

func (a *allocAsker) Receive(ctx *bastion.Context, msg any) error {
	a.token = msg.(*allocToken)
	if a.then == nil {
		a.to, a.then = ctx.Supervisor().Child("a"), a.answered
	}
	return bastion.AskThen(ctx, a.to, allocQuestion{}, a.then)
}

func (a *allocAsker) answered(ctx *bastion.Context, _ int, err error) error {
	if err != nil {
		return err
	}
	if a.token.left--; a.token.left == 0 {
		a.token.done <- struct{}{}
		return nil
	}
	return bastion.AskThen(ctx, a.to, allocQuestion{}, a.then)
}

// TestAllocsRecvWhere looks past a message that stays, for each one that is taken.
func TestAllocsRecvWhere(t *testing.T) {
	const portion = 100
	done := make(chan struct{})
	loop := bastion.Loop(func(ctx *bastion.Context) error {
		want := func(msg any) bool { _, ok := msg.(*allocToken); return ok }
		for {
			for range portion {
				if _, err := ctx.RecvWhere(want); err != nil {
					return err
				}
			}
			done <- struct{}{}
		}
	})
	to, _ := allocCrew(t, loop, bouncer("a"))
	token := new(allocToken)
	if err := to.Tell(context.Background(), "unwanted"); err != nil {
		t.Fatal(err)
	}
	allocsEach(t, 0, func(n int) {
		for range n / portion {
			for range portion {
				if err := to.Tell(context.Background(), token); err != nil {
					t.Fatal(err)
				}
			}
			<-done
		}
	})
}

// TestAllocsAskTyped saves the question's box; the answer has one.
func TestAllocsAskTyped(t *testing.T) {
	c, _ := allocCrew(t, bastion.HandleTyped(func() bastion.TypedReceiver[allocQuestion] {
		return bastion.TypedReceiverFunc[allocQuestion](func(ctx *bastion.Context, q allocQuestion) error { return q.Reply(ctx, q.n) })
	}), bouncer("a"))
	to, err := bastion.Typed[allocQuestion](c)
	if err != nil {
		t.Fatal(err)
	}
	allocsEach(t, 1, func(n int) {
		for i := range n {
			if answer, err := bastion.AskTyped(context.Background(), to, allocQuestion{n: i}); err != nil || answer != i {
				t.Fatal(answer, err)
			}
		}
	})
}

// TestAllocsTypedOutside is TestAllocsTellOutside through a typed door.
func TestAllocsTypedOutside(t *testing.T) {
	const portion = 100
	got, done := 0, make(chan struct{})
	sink, _ := allocCrew(t, bastion.HandleTyped(func() bastion.TypedReceiver[allocToken] {
		return bastion.TypedReceiverFunc[allocToken](func(*bastion.Context, allocToken) error {
			if got++; got%portion == 0 {
				done <- struct{}{}
			}
			return nil
		})
	}), bouncer("a"))
	to, err := bastion.Typed[allocToken](sink)
	if err != nil {
		t.Fatal(err)
	}
	allocsEach(t, 0, func(n int) {
		for range n / portion {
			for i := range portion {
				if err := to.Tell(context.Background(), allocToken{left: i}); err != nil {
					t.Fatal(err)
				}
			}
			<-done
		}
	})
}
