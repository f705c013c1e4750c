package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

// A tally keeps what a process got, outside of it, through its incarnations.
type tally struct {
	mu  sync.Mutex
	got []any
}

func (l *tally) add(msg any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, msg)
}

func (l *tally) all() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.got)
}

// keeps is a behavior that keeps what react does not know in l, as a handler and as a loop.
func (l *tally) keeps() map[string]bastion.Behavior {
	take := func(ctx *bastion.Context, msg any) error {
		switch msg.(type) {
		case barrier, do, fail, hang:
		default:
			l.add(msg)
		}
		return react(ctx, msg)
	}
	return map[string]bastion.Behavior{
		"handler": bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(take) }),
		"loop": bastion.Loop(func(ctx *bastion.Context) error {
			for {
				msg, err := ctx.Recv()
				if err != nil {
					return err
				}
				if err := take(ctx, msg); err != nil {
					return err
				}
			}
		}),
	}
}

// kept runs f with a process "a" of either kind that keeps what it gets.
func kept(t *testing.T, f func(t *testing.T, r *rig, a bastion.Ref, l *tally)) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			leaveNothing(t)
			l := new(tally)
			r := rigOf(t, bastion.ChildSpec{Name: "a", Start: l.keeps()[kind]}, bastion.ChildSpec{Name: "b", Start: actor()})
			f(t, r, r.child("a"), l)
		})
	}
}

func upTo(n int) []any {
	var all []any
	for i := range n {
		all = append(all, i)
	}
	return all
}

func TestD2_OrderThroughRestarts(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		for i := range 100 {
			r.tell("a", i)
			if i%10 == 5 {
				r.tell("a", fail{})
			}
		}
		if inc := r.sync(a); inc != 11 {
			t.Errorf("incarnation %d", inc)
		}
		if got := l.all(); !slices.Equal(got, upTo(100)) {
			t.Errorf("got %v", got)
		}
	})
}

func TestD1_D2_ManySenders(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		var senders sync.WaitGroup
		for s := range 32 { // more than there are magazines
			senders.Go(func() {
				for i := range 200 {
					r.tell("a", [2]int{s, i})
				}
			})
		}
		senders.Wait()
		r.sync(a)
		next := make(map[int]int)
		for _, m := range l.all() {
			pair := m.([2]int)
			if pair[1] != next[pair[0]] {
				t.Fatalf("sender %d: number %d, want %d", pair[0], pair[1], next[pair[0]])
			}
			next[pair[0]]++
		}
		for s := range 32 {
			if next[s] != 200 {
				t.Errorf("%d messages of sender %d", next[s], s)
			}
		}
	})
}

func TestD3_SendsBeforeTheStartAreKept(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			l := new(tally)
			r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: l.keeps()[kind]}}})
			for i := range 10 {
				r.tell("a", i)
			}
			if b := r.sys.Inspector().Books(); b.Accepted != 10 || b.Mailboxes != 10 || !b.Balanced() {
				t.Errorf("before the start: %v", b)
			}
			if err := r.sys.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.sync(r.child("a"))
			if got := l.all(); !slices.Equal(got, upTo(10)) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestD3_HonestErrors(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		ctx := t.Context()
		wantErr(t, "nil", a.Tell(ctx, nil), bastion.ErrNilMessage)
		wantErr(t, "zero Ref", bastion.Ref{}.Tell(ctx, 1), bastion.ErrNoProcess)
		var none context.Context
		wantErr(t, "nil context", a.Tell(none, 1), nil)
		r.sync(a)
		if err := a.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		wantErr(t, "stopped", a.Tell(ctx, 2), bastion.ErrStopped)
		if b := r.sys.Inspector().Books(); b.Accepted != 2 || !b.Balanced() {
			t.Errorf("what was refused is in the books: %v", b)
		}
		if err := r.sup.Restart(ctx, "a"); err != nil {
			t.Fatal(err)
		}
		r.tell("a", 3)
		r.sync(a)
		if got := l.all(); !slices.Equal(got, []any{1, 3}) {
			t.Errorf("got %v", got)
		}
		if err := r.sys.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		wantErr(t, "system stopped", a.Tell(ctx, 4), bastion.ErrStopped)
	})
}

func TestD4_EveryReasonToDiscard(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		letters := r.sys.DeadLetters(64)
		fill := func(order func() error) {
			release := r.hold("a")
			for i := range 5 {
				r.tell("a", i)
			}
			done := make(chan error, 1)
			go func() { done <- order() }()
			r.awaitState("a", bastion.StateStopping)
			release()
			if err := rigRecv(t, "order", done); err != nil {
				t.Fatal(err)
			}
		}
		books := func(stopped, killed uint64) {
			t.Helper()
			b := r.sys.Inspector().Books()
			if b.Reason(bastion.DiscardStopped) != stopped || b.Reason(bastion.DiscardKilled) != killed || !b.Balanced() {
				t.Errorf("want %d stopped, %d killed: %v", stopped, killed, b)
			}
		}
		fill(func() error { return a.Stop(context.Background()) })
		books(5, 0)
		if err := r.sup.Restart(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		fill(func() error { return a.Kill(context.Background()) })
		books(5, 5)
		for i := range 10 {
			d := rigRecv(t, "dead letter", letters.C())
			if d.Message != i%5 || d.Receiver != a || !errors.Is(d.Reason, bastion.ErrStopped) || d.Time.IsZero() {
				t.Errorf("dead letter %d: %+v", i, d)
			}
		}
		if got := l.all(); len(got) > 0 {
			t.Errorf("handled all the same: %v", got)
		}
	})
}

func TestD4_DrainDiscardsNothing(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		release := r.hold("a")
		for i := range 50 {
			r.tell("a", i)
		}
		done := make(chan error, 1)
		go func() { done <- a.Drain(context.Background()) }()
		r.awaitState("a", bastion.StateStopping)
		release()
		wantErr(t, "Drain", rigRecv(t, "Drain", done), nil)
		if got := l.all(); !slices.Equal(got, upTo(50)) {
			t.Errorf("got %v", got)
		}
		if b := r.sys.Inspector().Books(); b.Discarded != 0 || !b.Balanced() {
			t.Errorf("books: %v", b)
		}
	})
}

func TestD4_StopBeforeTheStartDiscards(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
		{Name: "a", Start: actor()}, {Name: "g", Count: 3, Start: looper()},
	}})
	n, err := r.sys.Broadcast(t.Context(), 1)
	if n != 4 || err != nil {
		t.Fatal(n, err)
	}
	wantErr(t, "Stop", r.sys.Stop(t.Context()), bastion.ErrNotStarted)
	if b := r.sys.Inspector().Books(); b.Reason(bastion.DiscardStopped) != 4 || !b.Balanced() {
		t.Errorf("books: %v", b)
	}
}

func TestD5_PoisonDiesWithItsVictim(t *testing.T) {
	kept(t, func(t *testing.T, r *rig, a bastion.Ref, l *tally) {
		handled := 0
		poison := do(func(*bastion.Context) error { handled++; panic("poison") })
		r.tell("a", poison)
		r.tell("a", 1)
		if inc := r.sync(a); inc != 2 || handled != 1 {
			t.Errorf("incarnation %d, handled %d times", inc, handled)
		}
		e := r.await(bastion.EventFailed, a.Path())
		if _, ok := e.Report.Message.(do); !ok || e.Report.MailboxLen > 2 {
			t.Errorf("report: %v", e.Report)
		}
		if b := r.sys.Inspector().Books(); b.Failed != 1 || b.Handled < 1 {
			t.Errorf("books: %v", b)
		}
		if got := l.all(); !slices.Equal(got, []any{1}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestD7_BroadcastCounts(t *testing.T) {
	leaveNothing(t)
	l := new(tally)
	kinds := l.keeps()
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: kinds["handler"]}, bastion.ChildSpec{Name: "g", Count: 5, Start: kinds["loop"]},
		bastion.ChildSpec{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "deep", Children: []bastion.ChildSpec{{Start: kinds["handler"]}}})})
	g := r.sup.Group("g")
	for what, want := range map[string]int{"system": 7, "supervisor": 7, "group": 5, "subtree": 1} {
		cast := map[string]func(context.Context, any) (int, error){
			"system": r.sys.Broadcast, "supervisor": r.sup.Broadcast, "group": g.Broadcast,
			"subtree": r.sup.Supervisor("deep").Broadcast,
		}[what]
		if n, err := cast(t.Context(), what); n != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", what, n, err, want)
		}
		_, err := cast(t.Context(), nil)
		wantErr(t, what+": nil", err, bastion.ErrNilMessage)
	}
	got := func(n int) {
		t.Helper()
		eventually(t, func() bool { return len(l.all()) == n }, func() string { return fmt.Sprint(l.all()) })
	}
	got(20)
	// One that has stopped does not rob the others.
	if err := g.Member(2).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.child("a").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := r.sys.Broadcast(t.Context(), "system"); n != 5 || err != nil {
		t.Errorf("after two have stopped: %d, %v", n, err)
	}
	got(25)
	count := make(map[any]int)
	for _, m := range l.all() {
		count[m]++
	}
	if count["system"] != 12 || count["supervisor"] != 7 || count["group"] != 5 || count["subtree"] != 1 {
		t.Errorf("got %v", count)
	}
}

func TestD8_SlowWatcherMissesAndIsTold(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			if _, ok := msg.(barrier); ok {
				return react(ctx, msg)
			}
			return ctx.Unhandled()
		})
	})})
	slow, fast := r.sys.DeadLetters(3), r.sys.DeadLetters(100)
	for i := range 50 {
		r.tell("a", i)
	}
	r.sync(r.child("a"))
	if slow.Missed() != 47 || fast.Missed() != 0 {
		t.Errorf("missed %d and %d", slow.Missed(), fast.Missed())
	}
	for i := range 50 {
		if d := <-fast.C(); d.Message != i {
			t.Fatalf("letter %d is %v", i, d.Message)
		}
	}
	for i := range 3 {
		if d := <-slow.C(); d.Message != i {
			t.Fatalf("letter %d is %v", i, d.Message)
		}
	}
	slow.Close()
	slow.Close()
	if _, open := <-slow.C(); open {
		t.Error("open after Close")
	}
	if err := r.sys.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, open := <-fast.C(); open {
		t.Error("open after the system has stopped")
	}
	if _, open := <-r.sys.DeadLetters(1).C(); open {
		t.Error("a new subscription to a stopped system is open")
	}
}
