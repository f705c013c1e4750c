package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

func TestO1_RefuseNew(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{Bound: 2}, loop)
		s.post(post{text: "1"}, nil)
		s.post(post{text: "2"}, nil)
		s.post(post{text: "3"}, bastion.ErrFull)
		if err := <-s.ask(post{text: "4"}); !errors.Is(err, bastion.ErrFull) {
			t.Error(err)
		}
		if n := s.look(); n.Mailbox != 2 || n.Bound != 2 || !n.InHand {
			t.Errorf("%+v", n)
		}
		s.release()
		s.want("1", "2")
	})
}

func TestO1_DropNew(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{Bound: 1, Full: bastion.DropNew}, loop)
		letters := s.sys.DeadLetters(0)
		s.post(post{text: "1"}, nil)
		s.post(post{text: "2"}, nil)
		if err := <-s.ask(post{text: "3"}); !errors.Is(err, bastion.ErrFull) {
			t.Error(err)
		}
		for _, text := range []string{"2", "3"} {
			if d := <-letters.C(); postOf(d.Message).text != text || !errors.Is(d.Reason, bastion.ErrFull) || d.Receiver != s.to {
				t.Errorf("%+v", d)
			}
		}
		s.release()
		s.want("1")
		s.discarded(bastion.DiscardOverflow, 2)
	})
}

func TestO1_DropOldest(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{Bound: 2, Full: bastion.DropOldest}, loop)
		asked := s.ask(post{text: "1"})
		s.post(post{text: "2"}, nil)
		s.post(post{text: "3"}, nil)
		if err := rigRecv(t, "the displaced ask", asked); !errors.Is(err, bastion.ErrFull) {
			t.Error(err)
		}
		s.post(post{text: "4"}, nil)
		s.release()
		s.want("3", "4")
		s.discarded(bastion.DiscardOverflow, 2)
	})
}

func TestO1_DropOldestSparesHigherPriorities(t *testing.T) {
	s := stuff(t, bastion.Mailbox{Bound: 3, Full: bastion.DropOldest, Priority: func(m any) int { return postOf(m).rank }}, false)
	s.post(post{text: "high", rank: 2}, nil)
	s.post(post{text: "low 1", rank: 1}, nil)
	s.post(post{text: "low 2", rank: 1}, nil)
	s.post(post{text: "low 3", rank: 1}, nil)   // in the place of low 1
	s.post(post{text: "lowest", rank: 0}, nil)  // itself: all others are higher
	s.post(post{text: "highest", rank: 3}, nil) // in the place of low 2
	s.release()
	s.want("highest", "high", "low 3")
	s.discarded(bastion.DiscardOverflow, 3)
}

func TestO1_Bytes(t *testing.T) {
	s := stuff(t, bastion.Mailbox{BoundBytes: 10, Size: func(m any) int { return postOf(m).size }}, false)
	s.post(post{text: "too large", size: 11}, bastion.ErrTooLarge)
	s.post(post{text: "6", size: 6}, nil)
	s.post(post{text: "5", size: 5}, bastion.ErrFull)
	s.post(post{text: "4", size: 4}, nil)
	s.post(post{text: "none counts as one"}, bastion.ErrFull)
	if n := s.look(); n.Bytes != 10 || n.BoundBytes != 10 || n.Mailbox != 2 {
		t.Errorf("%+v", n)
	}
	s.release()
	s.want("6", "4")
}

type sized struct{ n int }

func (s sized) Size() int { return s.n }

// Without a Size function a message is asked itself; if it cannot say, it is known how much its type takes.
func TestO1_SizeOfTheMessage(t *testing.T) {
	for _, c := range []struct {
		msg  any
		want int
	}{{sized{7}, 7}, {"héllo", 6}, {[]byte{1, 2, 3}, 3}, {int32(1), 4}, {[3]int64{}, 24}, {struct{}{}, 1}, {sized{-5}, 1}} {
		s := stuff(t, bastion.Mailbox{BoundBytes: 1000}, false)
		if err := s.to.Tell(context.Background(), c.msg); err != nil {
			t.Fatal(err)
		}
		if n := s.look(); n.Bytes != c.want {
			t.Errorf("%T counts %d bytes, want %d", c.msg, n.Bytes, c.want)
		}
		close(s.let)
	}
}

func TestO3_PriorityIsStable(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{Priority: func(m any) int { return postOf(m).rank }}, loop)
		for i, rank := range []int{0, 1, -1, 0, 1, -1, 0} {
			s.post(post{text: fmt.Sprint(rank, " ", i), rank: rank}, nil)
		}
		s.release()
		s.want("1 1", "1 4", "0 0", "0 3", "0 6", "-1 2", "-1 5")
	})
}

func TestMailbox_Fair(t *testing.T) {
	s := stuff(t, bastion.Mailbox{Fair: true}, false, bastion.ChildSpec{Name: "b", Start: actor()}, bastion.ChildSpec{Name: "c", Start: actor()})
	for i, from := range []string{"b", "b", "b", "b", "c", "c", "b"} {
		s.tell(from, do(func(ctx *bastion.Context) error { return s.to.Tell(ctx, post{text: fmt.Sprint(from, i)}) }))
		s.sync(s.child(from))
	}
	s.post(post{text: "outside"}, nil)
	s.release()
	s.want("b0", "c4", "outside", "b1", "c5", "b2", "b3", "b6")
}

func TestMailbox_LatestOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{Bound: 3, Key: func(m any) any {
			if p := postOf(m); p.key != "" {
				return p.key
			}
			return nil
		}}, loop)
		asked := s.ask(post{text: "x1", key: "x"})
		s.post(post{text: "-"}, nil)
		s.post(post{text: "y1", key: "y"}, nil)
		s.post(post{text: "full"}, bastion.ErrFull)
		s.post(post{text: "x2", key: "x"}, nil) // needs no room
		s.post(post{text: "y2", key: "y"}, nil)
		if err := rigRecv(t, "the replaced ask", asked); !errors.Is(err, bastion.ErrReplaced) {
			t.Error(err)
		}
		s.release()
		s.want("x2", "-", "y2")
		s.discarded(bastion.DiscardReplaced, 2)
	})
}

func TestMailbox_TTL(t *testing.T) {
	eachKind(t, func(t *testing.T, loop bool) {
		s := stuff(t, bastion.Mailbox{TTL: time.Hour, Bound: 3, TTLOf: func(m any) time.Duration { return postOf(m).ttl }}, loop)
		asked := s.ask(post{text: "short", ttl: 1})
		s.post(post{text: "long"}, nil)
		s.post(post{text: "short, too", ttl: 1}, nil)
		s.post(post{text: "finds room, since what has expired is gone"}, nil)
		if err := rigRecv(t, "the expired ask", asked); !errors.Is(err, bastion.ErrExpired) {
			t.Error(err)
		}
		s.release()
		s.want("long", "finds room, since what has expired is gone")
		s.discarded(bastion.DiscardExpired, 2)
	})
}

// D7: a broadcast never waits, and displaces nobody.
func TestD7_FullMember(t *testing.T) {
	for _, full := range []bastion.Overflow{bastion.RefuseNew, bastion.DropNew, bastion.DropOldest, bastion.WaitForRoom} {
		t.Run(full.String(), func(t *testing.T) {
			s := stuff(t, bastion.Mailbox{Bound: 1, Full: full}, false, bastion.ChildSpec{Name: "b", Start: actor()})
			for i := range 3 {
				n, err := s.sup.Broadcast(context.Background(), post{text: fmt.Sprint(i)})
				if want := 2; i > 0 && (n != want-1 || err != nil) || i == 0 && n != want {
					t.Errorf("broadcast %d: %d took it, %v", i, n, err)
				}
			}
			s.release()
			s.want("0")
			if s.lost() > 0 {
				t.Error(s.sys.Inspector().Books())
			}
		})
	}
}

// A function of the spec that panics costs its sender one send, and nobody else anything.
func TestMailbox_FunctionPanics(t *testing.T) {
	s := stuff(t, bastion.Mailbox{Key: func(m any) any {
		if postOf(m).text == "func" {
			return []int{1} // cannot be compared
		}
		return nil
	}}, false)
	err := s.to.Tell(context.Background(), post{text: "func"})
	var p *bastion.PanicError
	if !errors.As(err, &p) || !strings.Contains(err.Error(), "/sys/sup/a") || !strings.Contains(p.Stack(), "measure") {
		t.Errorf("%v\n%s", err, p.Stack())
	}
	s.post(post{text: "next"}, nil)
	s.release()
	s.want("next")
}

// L3: what waits in a store is handled by the next incarnation, in order, or dropped as the spec says.
func TestL3_Store(t *testing.T) {
	for _, drop := range []bool{false, true} {
		eachKind(t, func(t *testing.T, loop bool) {
			s := stuff(t, bastion.Mailbox{Bound: 10, Full: bastion.WaitForRoom}, loop)
			spec, err := s.sup.ChildSpec("a")
			if err != nil {
				t.Fatal(err)
			}
			spec.DropMailbox = drop
			if err := s.sup.ChangeChild(context.Background(), "a", spec); err != nil {
				t.Fatal(err)
			}
			if err := s.to.Tell(context.Background(), fail{}); err != nil {
				t.Fatal(err)
			}
			var texts []string
			for i := range 9 {
				texts = append(texts, fmt.Sprint(i))
				s.post(post{text: texts[i]}, nil)
			}
			waits := s.ask(post{text: "waits for room"})
			s.release()
			if err := rigRecv(t, "who waited for room", waits); err != nil && !(drop && errors.Is(err, bastion.ErrStopped)) {
				t.Error(err)
			}
			if !drop {
				s.want(append(texts, "waits for room")...)
				return
			}
			// It came in when the failing message was taken out, or after the drop.
			if b := s.sys.Inspector().Books(); b.Reason(bastion.DiscardDropped) < 9 {
				t.Error(b)
			}
		})
	}
}

// Typed doors lead into stores as well; what is discarded there comes out as it was sent.
func TestMailbox_TypedDoor(t *testing.T) {
	let, in := make(chan struct{}), make(chan struct{})
	var got []string
	r := rigOf(t, bastion.ChildSpec{Name: "a", Mailbox: bastion.Mailbox{
		Bound: 2, Full: bastion.DropOldest, Priority: func(m any) int { return m.(post).rank },
	}, Start: bastion.HandleTyped(func() bastion.TypedReceiver[post] {
		return bastion.TypedReceiverFunc[post](func(_ *bastion.Context, p post) error {
			if p.text == "hold" {
				close(in)
				<-let
			}
			got = append(got, p.text)
			return nil
		})
	})})
	letters := r.sys.DeadLetters(0)
	door, err := bastion.Typed[post](r.child("a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []post{{text: "hold"}, {text: "1"}, {text: "2"}, {text: "3", rank: 1}} {
		if err := door.Tell(context.Background(), p); err != nil {
			t.Fatal(err)
		}
		if p.text == "hold" {
			rigRecv(t, "hold", in)
		}
	}
	if d := <-letters.C(); d.Message != (post{text: "1"}) {
		t.Errorf("%+v", d)
	}
	close(let)
	r.stop()
	if slices.Contains(got, "1") {
		t.Error(got)
	}
}
