package mailboxtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A Message is what the tests tell.
type Message struct {
	Sender int // from 0
	Number int // the sender's, from 0
}

// A Question is what the tests ask; it is answered with its Number.
type Question struct {
	bastion.Returns[int]
	Message
}

// limit is what only a hang reaches.
const limit = time.Minute

// A scene is a system with one process, "receiver", that has the mailbox under test, and a group of senders.
type scene struct {
	t        *testing.T
	m        bastion.Mailbox
	sys      *bastion.System
	sup      *bastion.Supervisor
	receiver bastion.Ref
	senders  []bastion.Ref
	letters  *bastion.Subscription[bastion.DeadLetter]

	gate   chan struct{} // the receiver handles nothing before it is closed
	inGate chan struct{} // closed when the receiver has the first message in hand
	first  sync.Once
	orders int // that senders were given
	every  int // above 0: the receiver fails with each so-manyth message

	accepted atomic.Int64 // sends that returned nil
	received atomic.Int64
	busy     atomic.Int64 // senders at work, or waiting

	mu   sync.Mutex
	last map[[2]int]int // number of the last message of a sender, by priority
	seen map[Message]int
}

// run is an order to a sender.
type run struct {
	do   func(ctx *bastion.Context)
	done *sync.WaitGroup
}

const (
	processes = 32 // senders that are processes
	outside   = 32 // and that are goroutines outside
)

func newScene(t *testing.T, m bastion.Mailbox, loop bool) *scene {
	t.Helper()
	s := &scene{t: t, m: m, gate: make(chan struct{}), inGate: make(chan struct{}), last: make(map[[2]int]int), seen: make(map[Message]int)}
	sys, err := bastion.New(bastion.Config{Name: "mailboxtest", Logger: slog.New(slog.DiscardHandler), Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	s.sys = sys
	s.letters = sys.DeadLetters(1 << 16)
	start := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(s.receive) })
	if loop {
		start = bastion.Loop(s.loop)
	}
	s.sup, err = sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		{Name: "receiver", Start: start, Mailbox: m, Shutdown: limit},
		{Name: "senders", Count: processes, Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(send) }), Shutdown: limit},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.receiver, s.senders = s.sup.Child("receiver"), s.sup.Group("senders").Members()
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func send(ctx *bastion.Context, msg any) error {
	r := msg.(run)
	defer r.done.Done()
	r.do(ctx)
	return nil
}

func (s *scene) loop(ctx *bastion.Context) error { return receiveAll(ctx, s.receive) }

func (s *scene) receive(ctx *bastion.Context, msg any) error {
	n := s.received.Add(1)
	s.first.Do(func() { close(s.inGate) })
	select {
	case <-s.gate:
	case <-ctx.Done():
	}
	switch m := msg.(type) {
	case Message:
		s.note(m, msg)
	case Question:
		s.note(m.Message, msg)
		_ = m.Reply(ctx, m.Number)
	default:
		return ctx.Unhandled()
	}
	if s.every > 0 && n%int64(s.every) == 0 {
		return errOnPurpose
	}
	return nil
}

// note checks that a message comes once, and in its sender's order.
func (s *scene) note(m Message, msg any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[m]++; s.seen[m] > 1 {
		s.t.Errorf("%+v was handled %d times", m, s.seen[m])
	}
	if s.m.Key != nil || s.m.Queue != nil {
		return
	}
	at := [2]int{m.Sender, 0}
	if s.m.Priority != nil {
		at[1] = s.m.Priority(msg)
	}
	if last, ok := s.last[at]; ok && last >= m.Number {
		s.t.Errorf("sender %d, priority %d: number %d after %d", m.Sender, at[1], m.Number, last)
	}
	s.last[at] = m.Number
}

// crowd has all senders do something at once, and returns what waits until they have.
func (s *scene) crowd(do func(ctx context.Context, sender int)) (wait func()) {
	var all sync.WaitGroup
	for i := range outside {
		s.busy.Add(1)
		all.Go(func() { defer s.busy.Add(-1); do(context.Background(), i) })
	}
	s.orders += len(s.senders)
	for i, r := range s.senders {
		all.Add(1)
		s.busy.Add(1)
		if err := r.Tell(context.Background(), run{do: func(ctx *bastion.Context) { defer s.busy.Add(-1); do(ctx, outside+i) }, done: &all}); err != nil {
			s.t.Fatal(err)
		}
	}
	return func() { s.within("the senders", all.Wait) }
}

// hold gives the receiver a message that it has in hand until the gate is opened.
func (s *scene) hold() {
	s.t.Helper()
	n := 0
	s.until("the first message", func() bool {
		select {
		case <-s.inGate:
			return true
		default:
		}
		if s.node().Mailbox == 0 { // the one before has expired, or is in hand
			if s.receiver.Tell(context.Background(), Message{-1, n}) == nil {
				s.accepted.Add(1)
			}
			n++
		}
		return false
	})
}

// within fails the test if f hangs.
func (s *scene) within(what string, f func()) {
	s.t.Helper()
	done := make(chan struct{})
	new(sync.WaitGroup).Go(func() { defer close(done); f() })
	guard := time.NewTimer(limit)
	defer guard.Stop()
	select {
	case <-done:
	case <-guard.C:
		s.hangs(what)
	}
}

func (s *scene) hangs(what string) {
	s.t.Helper()
	all := make([]byte, 1<<20)
	s.t.Fatalf("%s: hangs\n%s", what, all[:runtime.Stack(all, true)])
}

func (s *scene) node() bastion.Node {
	n, err := s.sys.Inspector().Node(s.receiver.Path())
	if err != nil {
		s.t.Error(err)
	}
	return n
}

// until waits for something that must come to be.
func (s *scene) until(what string, holds func() bool) {
	s.t.Helper()
	for began := time.Now(); !holds(); runtime.Gosched() {
		if time.Since(began) > limit {
			s.hangs(fmt.Sprintf("%s (%d senders at work, receiver %+v)", what, s.busy.Load(), s.node()))
		}
	}
}

// inBound checks the bound, as it stands at this moment.
func (s *scene) inBound() {
	n := s.node()
	if s.m.Bound > 0 && n.Mailbox > s.m.Bound || s.m.BoundBytes > 0 && n.Bytes > s.m.BoundBytes {
		s.t.Errorf("%d messages, %d bytes are waiting; the bound is %d, %d", n.Mailbox, n.Bytes, s.m.Bound, s.m.BoundBytes)
	}
}

// stop stops the system and holds its books against what the senders and the receiver have counted.
func (s *scene) stop() {
	s.t.Helper()
	s.within("stop", func() {
		// A loaded machine may let what was killed look as if it did not return.
		if err := s.sys.Stop(context.Background()); err != nil && !errors.Is(err, bastion.ErrAbandoned) {
			s.t.Error(err)
		}
	})
	lost := 0
	for d := range s.letters.C() {
		if d.Receiver == s.receiver {
			lost++
		}
	}
	b := s.sys.Inspector().Books()
	other := uint64(s.orders)
	if b.Accepted != uint64(s.accepted.Load())+other {
		s.t.Errorf("the books say %v; %d sends and %d orders were accepted", b, s.accepted.Load(), other)
	}
	if b.Handled+b.Failed != uint64(s.received.Load())+other || b.Discarded != uint64(lost) {
		s.t.Errorf("the books say %v; %d were handled, %d and %d orders came out as dead letters", b, s.received.Load(), lost, other)
	}
	if !b.Balanced() || b.InHand+b.Mailboxes > 0 {
		s.t.Errorf("the books do not balance at rest: %v", b)
	}
}
