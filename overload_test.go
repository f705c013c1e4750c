package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// O4: whatever floods a bounded mailbox, it holds no more than its bound; nor does anything beside it grow.
func TestO4_Memory(t *testing.T) {
	number := func(m any) int {
		if block, ok := m.(*[1024]byte); ok {
			return int(block[0])
		}
		return 0
	}
	for name, m := range map[string]bastion.Mailbox{
		"refuse new":  {Bound: 100},
		"drop new":    {Bound: 100, Full: bastion.DropNew},
		"drop oldest": {Bound: 100, Full: bastion.DropOldest},
		"everything": {Bound: 100, Full: bastion.DropOldest, Priority: number, Fair: true, Key: func(m any) any { return number(m) % 50 },
			TTL: time.Hour},
		"bytes": {BoundBytes: 100 << 10, Full: bastion.DropOldest, Size: func(any) int { return 1024 }},
		"queue": {Bound: 100, Full: bastion.DropOldest, Queue: func() bastion.Queue { return new(lifo) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := stuff(t, m, false)
			heap := func() uint64 {
				var ms runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&ms)
				return ms.HeapAlloc
			}
			before := heap()
			for i := range 20_000 { // 20 MiB
				msg := new([1024]byte)
				msg[0] = byte(i)
				if err := s.to.Tell(context.Background(), msg); err != nil && !errors.Is(err, bastion.ErrFull) {
					t.Fatal(err)
				}
			}
			if now := heap(); now > before+2<<20 {
				t.Errorf("the heap grew from %d to %d bytes", before, now)
			}
			close(s.let)
		})
	}
}

// A lifo is a queue of a user's own.
type lifo struct{ letters []bastion.Letter }

func (q *lifo) Push(l bastion.Letter) { q.letters = append(q.letters, l) }

func (q *lifo) Pop() (l bastion.Letter, ok bool) {
	last := len(q.letters) - 1
	if last < 0 {
		return l, false
	}
	l, q.letters[last] = q.letters[last], bastion.Letter{}
	q.letters = q.letters[:last]
	return l, true
}

// A badQueue breaks its contract from some call on.
type badQueue struct {
	lifo
	bad func(q *badQueue) (bastion.Letter, bool)
}

func (q *badQueue) Push(l bastion.Letter) {
	if q.bad == nil {
		panic("no room here")
	}
	q.lifo.Push(l)
}

func (q *badQueue) Pop() (bastion.Letter, bool) { return q.bad(q) }

// A queue that breaks down is put aside: nothing is lost, doubled or left behind, and the log says why.
func TestMailbox_QueueBreaksDown(t *testing.T) {
	for name, bad := range map[string]func(q *badQueue) (bastion.Letter, bool){
		"panics in Push": nil,
		"panics in Pop":  func(*badQueue) (bastion.Letter, bool) { panic("mislaid") },
		"loses":          func(*badQueue) (bastion.Letter, bool) { return bastion.Letter{}, false },
		"forges":         func(*badQueue) (bastion.Letter, bool) { return bastion.Letter{Message: post{text: "forged"}}, true },
		"doubles":        func(q *badQueue) (bastion.Letter, bool) { return q.letters[0], true },
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, loop bool) {
				s := stuff(t, bastion.Mailbox{Bound: 3, Full: bastion.WaitForRoom, Queue: func() bastion.Queue { return &badQueue{bad: bad} }}, loop)
				for i := range 3 {
					s.post(post{text: fmt.Sprint(i)}, nil)
				}
				waits := s.ask(post{text: "3"})
				s.release()
				if err := rigRecv(t, "the ask", waits); err != nil {
					t.Error(err)
				}
				s.post(post{text: "4"}, nil)
				s.settle()
				s.want("0", "1", "2", "3", "4")
			})
		})
	}
	s := stuff(t, bastion.Mailbox{Queue: func() bastion.Queue { return nil }}, false)
	s.post(post{text: "1"}, nil)
	s.release()
	s.want("1")
}

// A selective receive looks into a store as well; what it leaves there counts for the bound and keeps its order.
func TestMailbox_SelectiveReceive(t *testing.T) {
	for name, m := range map[string]bastion.Mailbox{
		"bound": {Bound: 4},
		"fair":  {Bound: 4, Fair: true},
		"ranks": {Bound: 4, Priority: func(m any) int { return postOf(m).rank }},
		"queue": {Bound: 4, Queue: func() bastion.Queue { return new(lifo) }},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &transcript{t: t}
			ready, let := make(chan struct{}), make(chan struct{})
			r := rigOf(t, bastion.ChildSpec{Name: "a", Mailbox: m, Start: bastion.Loop(func(ctx *bastion.Context) error {
				close(ready)
				<-let
				for _, key := range []string{"y", "z", "x"} {
					msg, err := ctx.RecvWhere(func(m any) bool { return postOf(m).key == key })
					if err != nil {
						return err
					}
					tr.note("%s", postOf(msg).text)
				}
				for {
					msg, err := ctx.Recv()
					if err != nil {
						return err
					}
					if err := react(ctx, msg); err != nil {
						return err
					}
					if _, ok := msg.(post); ok {
						tr.note("%s", postOf(msg).text)
					}
				}
			})})
			a := r.child("a")
			rigRecv(t, "the loop", ready)
			for _, p := range []post{{text: "x1", key: "x"}, {text: "y1", key: "y"}, {text: "x2", key: "x"}, {text: "y2", key: "y"}} {
				if err := a.Tell(context.Background(), p); err != nil {
					t.Fatal(err)
				}
			}
			close(let)
			look := func() bastion.Node { n, _ := r.sys.Inspector().Node(a.Path()); return n }
			eventually(t, func() bool { return look().Mailbox == 3 }, func() string { return fmt.Sprintf("%+v", look()) })
			if err := a.Tell(context.Background(), post{text: "z1", key: "z", rank: 1}); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return look().Mailbox <= 2 }, func() string { return fmt.Sprintf("%+v", look()) })
			r.sync(a)
			if name == "queue" {
				tr.want("y1", "z1", "x1", "y2", "x2")
				return
			}
			tr.want("y1", "z1", "x1", "x2", "y2")
		})
	}
}

// A timer finds a full mailbox as everybody does; one that recurs goes on.
func TestMailbox_TimersMeetItsBound(t *testing.T) {
	for _, full := range []bastion.Overflow{bastion.RefuseNew, bastion.DropNew, bastion.DropOldest, bastion.WaitForRoom} {
		t.Run(full.String(), func(t *testing.T) {
			s := stuff(t, bastion.Mailbox{Bound: 1, Full: full}, false, bastion.ChildSpec{Name: "b", Start: actor()})
			s.post(post{text: "full"}, nil)
			s.tell("b", do(func(ctx *bastion.Context) error {
				_, err := ctx.SendEvery(time.Millisecond, s.to, post{text: "tick"})
				return err
			}))
			if full != bastion.DropOldest {
				eventually(t, func() bool { return s.lost() >= 2 }, func() string { return "no tick is refused" })
			} else {
				eventually(t, func() bool { return s.lost() >= 1 }, func() string { return "no tick displaces" })
			}
			close(s.let)
			s.mu.Lock()
			seen := len(s.lines)
			s.mu.Unlock()
			eventually(t, func() bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return len(s.lines) >= seen+3
			}, func() string { return "the ticks end" })
			if err := s.sup.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What is wrong with a mailbox is said with the name of its field.
func TestMailbox_BadSpecs(t *testing.T) {
	q := func() bastion.Queue { return new(lifo) }
	for _, c := range []struct {
		m    bastion.Mailbox
		want string
	}{
		{bastion.Mailbox{Bound: -1}, "Children[0].Mailbox.Bound: must not be negative, is -1"},
		{bastion.Mailbox{BoundBytes: -2}, "Children[0].Mailbox.BoundBytes: must not be negative, is -2"},
		{bastion.Mailbox{Full: bastion.DropNew}, "Children[0].Mailbox.Full: drop new says nothing without Bound or BoundBytes"},
		{bastion.Mailbox{Full: 77, Bound: 1}, "Children[0].Mailbox.Full: unknown policy 77"},
		{bastion.Mailbox{Bound: 1, Size: func(any) int { return 1 }}, "Children[0].Mailbox.Size: says nothing without BoundBytes"},
		{bastion.Mailbox{TTL: -1}, "Children[0].Mailbox.TTL: must not be negative, is -1ns"},
		{bastion.Mailbox{Queue: q, Priority: func(any) int { return 0 }}, "Children[0].Mailbox.Priority: does not go with Queue"},
		{bastion.Mailbox{Queue: q, Fair: true}, "Children[0].Mailbox.Fair: does not go with Queue"},
		{bastion.Mailbox{Queue: q, Key: func(any) any { return 0 }}, "Children[0].Mailbox.Key: does not go with Queue"},
	} {
		sys, err := bastion.New(bastion.Config{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Start: actor(), Mailbox: c.m}}})
		if spec := new(bastion.SpecError); !errors.As(err, &spec) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v\n\twant %s", err, c.want)
		}
	}
}

// A mailbox is for life: another one is refused, the same is not.
func TestMailbox_CannotBeChanged(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor(), Mailbox: bastion.Mailbox{Bound: 2, Priority: func(any) int { return 0 }}})
	spec, err := r.sup.ChildSpec("a")
	if err != nil {
		t.Fatal(err)
	}
	spec.Tries = 3
	if err := r.sup.ChangeChild(context.Background(), "a", spec); err != nil {
		t.Error(err)
	}
	spec.Mailbox.Bound = 3
	if err := r.sup.ChangeChild(context.Background(), "a", spec); err == nil || !strings.Contains(err.Error(), "Mailbox: cannot be changed") {
		t.Error(err)
	}
}
