package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

func waitingMailbox(bound int) bastion.Mailbox {
	return bastion.Mailbox{Bound: bound, Full: bastion.WaitForRoom}
}

// O1: those who wait come in in the order in which they came, and nobody overtakes them.
func TestO1_WaitForRoomIsFIFO(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, waitingMailbox(1), loop)
		s.post(post{text: "0"}, nil)
		var all []<-chan error
		want := []string{"0"}
		for i := 1; i < 20; i++ {
			all = append(all, s.ask(post{text: fmt.Sprint(i)}))
			want = append(want, fmt.Sprint(i))
		}
		if n := s.look(); n.Mailbox != 1 || n.Senders != 19 {
			t.Errorf("%+v", n)
		}
		s.release()
		s.want(want...)
		for _, out := range all {
			if err := rigRecv(t, "an ask", out); err != nil {
				t.Error(err)
			}
		}
	})
}

// A context that ends withdraws the message; those behind it move up.
func TestO1_WaitForRoomWithdrawn(t *testing.T) {
	s := stuff(t, bastion.Mailbox{BoundBytes: 10, Full: bastion.WaitForRoom, Size: func(m any) int { return postOf(m).size }}, false)
	s.post(post{text: "6", size: 6}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan error, 1)
	go func() { out <- s.to.Tell(ctx, post{text: "never", size: 8}) }()
	eventually(t, func() bool { return s.look().Senders == 1 }, func() string { return "nobody waits" })
	behind := s.ask(post{text: "4", size: 4}) // there is room, but nobody overtakes
	cancel()
	if err := rigRecv(t, "the withdrawn", out); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, func() bool { return s.look().Mailbox == 2 }, func() string { return "the next does not move up" })
	s.release()
	s.want("6", "4")
	if err := rigRecv(t, "the next", behind); err != nil {
		t.Error(err)
	}
	if err := s.to.Tell(ctx, post{text: "there is room, so the context does not matter"}); err != nil {
		t.Error(err)
	}
}

// Before the start nobody makes room, so nobody waits for it.
func TestO1_WaitForRoomBeforeStart(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: actor(), Mailbox: waitingMailbox(2)}}})
	a := r.child("a")
	for i, want := range []error{nil, nil, bastion.ErrNotStarted} {
		if err := a.Tell(context.Background(), i); !errors.Is(err, want) {
			t.Errorf("tell %d: %v", i, err)
		}
	}
	if err := r.sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if inc := r.sync(a); inc != 1 {
		t.Error(inc)
	}
}

// O2, D6: a wait that would close a ring is refused with the ring's names: two mailboxes, a mailbox and an ask, oneself.
func TestO2_Rings(t *testing.T) {
	filler := func(n int, to bastion.Ref) {
		for range n {
			if err := to.Tell(context.Background(), 1); err != nil {
				panic(err)
			}
		}
	}
	eachKind(t, func(t *testing.T, loop bool) {
		kind := actor()
		if loop {
			kind = looper()
		}
		r := rigOf(t, bastion.ChildSpec{Name: "a", Start: kind, Mailbox: waitingMailbox(2)}, bastion.ChildSpec{Name: "b", Start: kind, Mailbox: waitingMailbox(2)})
		a, b := r.child("a"), r.child("b")
		ring := func(err error, paths ...string) {
			t.Helper()
			var found *bastion.RingError
			if !errors.Is(err, bastion.ErrDeadlock) || !errors.As(err, &found) || !slices.Equal(found.Ring, paths) {
				t.Errorf("%v, want a ring of %v", err, paths)
			}
		}
		out := make(chan error, 1)
		// Oneself.
		r.tell("a", do(func(ctx *bastion.Context) error {
			filler(2, a)
			out <- a.Tell(ctx, 1)
			return nil
		}))
		ring(rigRecv(t, "tell oneself", out), "/sys/sup/a")
		// a waits for room at b; b wants room at a.
		bIsIn, aIsFull := make(chan struct{}), make(chan struct{})
		r.tell("b", do(func(ctx *bastion.Context) error {
			close(bIsIn)
			<-aIsFull
			eventually(t, func() bool { n, _ := r.sys.Inspector().Node(b.Path()); return n.Senders == 1 }, func() string { return "a does not wait" })
			out <- a.Tell(ctx, 1)
			_, err := bastion.Ask(ctx, a, barrier{})
			out <- err
			return nil
		}))
		rigRecv(t, "b", bIsIn)
		filler(2, b)
		told := make(chan error, 1)
		eventually(t, func() bool { n, _ := r.sys.Inspector().Node(a.Path()); return n.Mailbox == 0 }, func() string { return "a is busy" })
		r.tell("a", do(func(ctx *bastion.Context) error {
			filler(2, a)
			close(aIsFull)
			told <- b.Tell(ctx, 1)
			return nil
		}))
		ring(rigRecv(t, "tell each other", out), "/sys/sup/b", "/sys/sup/a")
		ring(rigRecv(t, "ask who waits for room", out), "/sys/sup/b", "/sys/sup/a")
		if err := rigRecv(t, "the first", told); err != nil {
			t.Error(err)
		}
	})
}

// O2, E5: handlers that wait for room give their slots on, and are not counted as blocked.
func TestO2_WaitersGiveTheirSlotsOn(t *testing.T) {
	apart(t) // elsewhere the watcher finds them, and they are counted
	const senders = 50
	s := &stuffed{let: make(chan struct{})}
	s.rig = rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
		{Name: "a", Start: actor(), Mailbox: waitingMailbox(1)},
		{Name: "senders", Start: actor(), Count: senders},
		{Name: "free", Start: actor()},
	}}, func(c *bastion.Config) { c.Workers, c.MaxBlocked = 2, 4 })
	s.to = s.child("a")
	s.hold()
	for _, r := range s.sup.Group("senders").Members() {
		if err := r.Tell(context.Background(), do(func(ctx *bastion.Context) error { return s.to.Tell(ctx, 1) })); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { return s.look().Senders == senders-1 }, func() string { return fmt.Sprintf("%+v", s.look()) })
	s.sync(s.child("free"))
	if st := s.sys.Inspector().Workers(); st.Blocked > 1 {
		t.Errorf("%d blocked", st.Blocked)
	}
	s.release()
}

// O2: with each policy, handlers that occupy all workers and send into one another's full mailboxes do not deadlock.
func TestO2_NoDeadlock(t *testing.T) {
	for _, m := range []bastion.Mailbox{
		{Bound: 2}, {Bound: 2, Full: bastion.DropNew}, {Bound: 2, Full: bastion.DropOldest}, waitingMailbox(2),
		{BoundBytes: 3, Full: bastion.WaitForRoom}, {Bound: 2, Full: bastion.WaitForRoom, Priority: func(any) int { return 0 }, Fair: true},
	} {
		t.Run(fmt.Sprint(m.Full, m.Bound, m.Fair), func(t *testing.T) {
			eachKind(t, func(t *testing.T, loop bool) { hops(t, m, loop) })
		})
	}
}

// A hop is sent on by whoever gets it, to two others, until its life is over.
type hop int

func (hop) Size() int { return 1 }

func hops(t *testing.T, m bastion.Mailbox, loop bool) {
	const members = 16
	var rings atomic.Int64
	on := func(ctx *bastion.Context, msg any) error {
		h, ok := msg.(hop)
		if !ok || h == 0 {
			return react(ctx, msg)
		}
		for i := range 2 {
			n := (ctx.Index()*(5+2*i) + int(h) + i) % members
			switch err := ctx.Supervisor().Group("g").Member(n).Tell(ctx, h-1); {
			case errors.Is(err, bastion.ErrDeadlock):
				rings.Add(1)
			case err != nil && !errors.Is(err, bastion.ErrFull):
				t.Errorf("%v", err)
			}
		}
		return nil
	}
	start := withHooks(hooked{on: on})
	if loop {
		start = bastion.Loop(func(ctx *bastion.Context) error {
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
	r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "g", Count: members, Start: start, Mailbox: m}}},
		func(c *bastion.Config) { c.Workers = 2 })
	var outside sync.WaitGroup
	for i := range members {
		outside.Go(func() {
			for range 20 {
				if err := r.sup.Group("g").Member(i).Tell(context.Background(), hop(4)); err != nil && !errors.Is(err, bastion.ErrFull) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	rigRecv(t, "the senders outside", closed(outside.Wait))
	eventually(t, func() bool {
		b := r.sys.Inspector().Books()
		return !b.Live && b.Mailboxes+b.InHand == 0 && b.Balanced()
	},
		func() string { return fmt.Sprint(r.sys.Inspector().Books(), "\n", stacks()) })
	t.Logf("%v; %d rings refused", r.sys.Inspector().Books(), rings.Load())
}

// closed is closed when f has returned.
func closed(f func()) <-chan struct{} {
	c := make(chan struct{})
	go func() { defer close(c); f() }()
	return c
}

// L6, D6: who waits for room at a process that stops for good is told at once, whatever ends it; so are the askers.
func TestL6_StopsThroughAFullMailbox(t *testing.T) {
	for name, order := range map[string]func(bastion.Ref, context.Context) error{
		"stop": bastion.Ref.Stop, "kill": bastion.Ref.Kill,
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, loop bool) {
				s := stuff(t, waitingMailbox(1), loop)
				s.left = true // a killed handler may be late
				inside, waits := s.ask(post{text: "inside"}), s.ask(post{text: "waits"})
				ordered := make(chan error, 1)
				go func() { ordered <- order(s.to, context.Background()) }()
				eventually(t, func() bool { return s.look().State != bastion.StateRunning }, func() string { return "still running" })
				close(s.let)
				for _, out := range []<-chan error{inside, waits} {
					if err := rigRecv(t, "who waits", out); !errors.Is(err, bastion.ErrStopped) {
						t.Error(err)
					}
				}
				if err := rigRecv(t, "the order", ordered); err != nil {
					t.Error(err)
				}
				s.post(post{text: "later"}, bastion.ErrStopped)
				s.want()
			})
		})
	}
}

// L7: a process that is stuck with a full mailbox is abandoned, and the next incarnation goes on with what waits.
func TestL7_AbandonedWithAFullMailbox(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, waitingMailbox(2), loop)
		s.left = true
		spec, err := s.sup.ChildSpec("a")
		if err != nil {
			t.Fatal(err)
		}
		spec.Shutdown = time.Millisecond
		if err := s.sup.ChangeChild(context.Background(), "a", spec); err != nil {
			t.Fatal(err)
		}
		s.post(post{text: "1"}, nil)
		s.post(post{text: "2"}, nil)
		waits := s.ask(post{text: "3"})
		if err := s.sup.Restart(context.Background(), "a"); err != nil {
			t.Fatal(err)
		}
		if err := rigRecv(t, "who waited for room", waits); err != nil {
			t.Error(err)
		}
		s.settle()
		s.want("1", "2", "3")
		close(s.let)
	})
}

// L7: a sender that is abandoned while it waits for room is fenced: its message never arrives.
func TestL7_AbandonedWhileItWaitsForRoom(t *testing.T) {
	s := stuff(t, waitingMailbox(1), false, bastion.ChildSpec{Name: "b", Start: actor(), Shutdown: time.Millisecond})
	s.left = true
	s.post(post{text: "1"}, nil)
	told := make(chan error, 1)
	s.tell("b", do(func(ctx *bastion.Context) error {
		told <- s.to.Tell(deaf{ctx}, post{text: "fenced"})
		return nil
	}))
	eventually(t, func() bool { return s.look().Senders == 1 }, func() string { return "nobody waits" })
	if err := s.sup.Restart(context.Background(), "b"); err != nil {
		t.Fatal(err)
	}
	s.release()
	if err := rigRecv(t, "the fenced", told); !errors.Is(err, bastion.ErrEnded) {
		t.Error(err)
	}
	s.want("1")
}

// deaf is a process's context that never ends.
type deaf struct{ context.Context }

func (deaf) Done() <-chan struct{} { return nil }
func (deaf) Err() error            { return nil }

// The inspector and the ring say who waits; a forwarded question waits as well, and is answered in the end.
func TestForwardIntoAFullMailbox(t *testing.T) {
	s := stuff(t, waitingMailbox(1), false, bastion.ChildSpec{Name: "b", Start: withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
		return ctx.Forward(ctx.Supervisor().Child("a"))
	}})})
	s.post(post{text: "1"}, nil)
	out := make(chan error, 1)
	go func() {
		answer, err := bastion.Ask(context.Background(), s.child("b"), postQuestion{post: post{text: "forwarded"}})
		if err == nil && !strings.Contains(answer, "forwarded") {
			err = errBoom
		}
		out <- err
	}()
	eventually(t, func() bool { return s.look().Senders == 1 }, func() string { return "nobody waits" })
	s.release()
	if err := rigRecv(t, "the answer", out); err != nil {
		t.Error(err)
	}
	s.want("1", "forwarded")
}

// AskThen stands in line as well.
func TestAskThenIntoAFullMailbox(t *testing.T) {
	s := stuff(t, waitingMailbox(1), false, bastion.ChildSpec{Name: "b", Start: actor()})
	s.post(post{text: "1"}, nil)
	out := make(chan error, 1)
	s.tell("b", do(func(ctx *bastion.Context) error {
		return bastion.AskThen(ctx, s.to, postQuestion{post: post{text: "2"}}, func(_ *bastion.Context, _ string, err error) error {
			out <- err
			return nil
		})
	}))
	eventually(t, func() bool { return s.look().Senders == 1 }, func() string { return "nobody waits" })
	s.release()
	if err := rigRecv(t, "the answer", out); err != nil {
		t.Error(err)
	}
}
