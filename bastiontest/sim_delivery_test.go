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

func TestSim_D1_AtMostOnce(t *testing.T) {
	prove(t, func(w *world) {
		w.storm()
		for _, x := range w.tasks {
			if len(x.received) > 1 {
				w.Errorf("task %d was given to %v", x.id, x.received)
			}
		}
	})
}

func TestSim_D2_Order(t *testing.T) {
	prove(t, func(w *world) {
		a, b := w.child("a", false), w.child("b", true)
		a.Backoff = bastion.Constant{Delay: time.Second}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{a, b}})
		var order []*task
		left := 3
		for i := range left {
			name := fmt.Sprint("client ", i)
			w.Go(name, func() {
				defer func() { left-- }()
				for range 8 {
					to := w.sup.Child([]string{"a", "b"}[w.Choose(2)])
					x := w.send(context.Background(), name, to, deedNone, to)
					fails := w.Chance(0.1)
					x.do = func(*bastion.Context) error {
						order = append(order, x)
						if fails {
							return errPlanned
						}
						return nil
					}
				}
			})
		}
		w.Until("all", func() bool { return left == 0 && len(order) == 24 })
		last := map[string]int{}
		for _, x := range order {
			key := x.from + " to " + x.to
			if x.seq != last[key]+1 {
				w.Errorf("%s: number %d after %d", key, x.seq, last[key])
			}
			last[key] = x.seq
		}
	})
}

func TestSim_D3_AnHonestAnswer(t *testing.T) {
	prove(t, func(w *world) {
		letters, _ := w.storm()
		dead := map[*task]int{}
		for _, l := range letters {
			if x, ok := l.Message.(*task); ok {
				dead[x]++
			}
		}
		for _, x := range w.tasks {
			ends := len(x.received) + dead[x]
			switch {
			case x.err == nil && ends != 1:
				w.Errorf("task %d to %s was accepted, received by %v and %d times among the dead letters", x.id, x.to, x.received, dead[x])
			case x.err != nil && ends != 0:
				w.Errorf("task %d to %s was refused (%v), and received by %v", x.id, x.to, x.err, x.received)
			case x.err != nil && !errors.Is(x.err, bastion.ErrStopped) && !errors.Is(x.err, bastion.ErrEnded):
				w.Errorf("task %d: %v", x.id, x.err)
			}
		}
	})
}

func TestSim_D4_TheBooksBalance(t *testing.T) {
	prove(t, func(w *world) {
		letters, _ := w.storm()
		var accepted, received, failed uint64
		for _, x := range w.tasks {
			if x.err == nil {
				accepted++
			}
			received += uint64(len(x.received))
			if len(x.received) > 0 && x.deed.failing() {
				failed++
			}
		}
		b := w.sys.Inspector().Books()
		if b.Live || b.Accepted != accepted || b.Handled+b.Failed != received || b.Failed < failed || b.Discarded != uint64(len(letters)) ||
			b.InHand+b.Mailboxes != 0 || !b.Balanced() {
			w.Errorf("%v; accepted %d, received %d, failed %d, letters %d", b, accepted, received, failed, len(letters))
		}
	})
}

func TestSim_D5_APoisonMessageDies(t *testing.T) {
	prove(t, func(w *world) {
		_, events := w.storm()
		shown := map[any]int{}
		for _, e := range events {
			if e.Kind == bastion.EventFailed && e.Report != nil && e.Report.Message != nil {
				shown[e.Report.Message]++
			}
		}
		for _, x := range w.tasks {
			if x.deed.failing() && (len(x.received) > 1 || shown[x] != len(x.received)) {
				w.Errorf("task %d was received by %v and shown in %d reports", x.id, x.received, shown[x])
			}
		}
	})
}

// puzzle is asked; it answers with the same number, or does not.
type puzzle struct {
	bastion.Returns[int]
	n    int
	deed int
	next bastion.Ref
}

// solve answers in one of the ways there are.
func (w *world) solve(ctx *bastion.Context, q puzzle) error {
	switch q.deed {
	case 0:
		return q.Reply(ctx, q.n)
	case 1:
		return errPlanned
	case 2: // no answer
		return nil
	case 3:
		return q.Fail(ctx, errPlanned)
	case 4: // later, perhaps too late
		_ = q.Hold(ctx)
		return ctx.Go(func(ctx *bastion.Context) error {
			_ = ctx.Sleep(time.Duration(w.Choose(4)) * time.Millisecond)
			_ = q.Reply(ctx, q.n)
			return nil
		})
	case 5:
		_ = ctx.Forward(q.next)
		return nil
	case 6:
		n, err := bastion.Ask(ctx, q.next, puzzle{n: -q.n, deed: w.Choose(7), next: ctx.Self()})
		if err != nil {
			_ = q.Fail(ctx, err)
		} else if n != -q.n {
			w.Errorf("asked with %d, got %d", -q.n, n)
		}
		_ = q.Reply(ctx, q.n)
		return nil
	case 7: // without waiting
		_ = q.Hold(ctx)
		err := bastion.AskThen(ctx, q.next, puzzle{n: -q.n, deed: w.Choose(5)}, func(ctx *bastion.Context, n int, err error) error {
			if err != nil {
				_ = q.Fail(ctx, err)
			} else if n != -q.n {
				w.Errorf("asked with %d, got %d", -q.n, n)
			}
			_ = q.Reply(ctx, q.n)
			return nil
		})
		if err != nil {
			_ = q.Fail(ctx, err)
		}
		return nil
	}
	return ctx.Unhandled()
}

func TestSim_D6_AnAskResolvesExactlyOnce(t *testing.T) {
	prove(t, func(w *world) {
		var specs []bastion.ChildSpec
		for _, name := range []string{"a", "b", "c"} {
			specs = append(specs, bastion.ChildSpec{Name: name, Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					q := msg.(puzzle)
					if q.next == ctx.Self() && q.deed == 5 { // forwarded: once is enough
						q.deed = 0
					}
					return w.solve(ctx, q)
				})
			})})
		}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: specs})
		any3 := func() bastion.Ref { return w.sup.Child(specs[w.Choose(3)].Name) }
		left, patient := 3, w.Choose(2) == 1 // who waits for ever must not have to
		for i := range left {
			w.Go("asker", func() {
				defer func() { left-- }()
				for k := range 4 {
					limit := time.Duration(1+w.Choose(6)) * time.Millisecond
					if patient {
						limit = time.Hour
					}
					ctx, cancel := w.Timeout(context.Background(), limit)
					n := 1 + i*100 + k
					got, err := bastion.Ask(ctx, any3(), puzzle{n: n, deed: w.Choose(9), next: any3()})
					cancel()
					if err == nil && got != n {
						w.Errorf("asked with %d, got %d", n, got)
					}
				}
			})
		}
		if w.Choose(2) == 0 {
			_ = any3().Stop(context.Background())
		}
		if !w.Within(time.Minute, "all asks", func() bool { return left == 0 }) {
			w.Errorf("%d askers hang", left)
		}
	})
}

func TestSim_D7_Broadcast(t *testing.T) {
	prove(t, func(w *world) {
		group := w.child("g", false)
		group.Count, group.Intensity = 4, bastion.Unlimited
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{group}})
		g := w.sup.Group("g")
		before := g.Members()
		gone := before[w.Choose(len(before))]
		left := 2
		w.Go("remover", func() {
			defer func() { left-- }()
			if err := gone.Stop(context.Background()); err != nil {
				w.Errorf("Stop: %v", err)
			}
		})
		var came bastion.Ref
		w.Go("spawner", func() {
			defer func() { left-- }()
			var err error
			if came, err = g.Spawn(context.Background()); err != nil {
				w.Errorf("Spawn: %v", err)
			}
		})
		x := &task{}
		n, err := g.Broadcast(context.Background(), x)
		if err != nil || n < 3 || n > 5 {
			w.Errorf("%d took it, %v", n, err)
		}
		w.Until("both", func() bool { return left == 0 })
		if err := w.sys.Root().Supervisor("sup").Drain(context.Background()); err != nil {
			w.Errorf("Drain: %v", err)
		}
		for _, ref := range before {
			got := slices.Index(x.received, ref.Path()+"@1") >= 0
			if ref != gone && !got {
				w.Errorf("%v was a member all the time, and did not get it", ref)
			}
		}
		if len(x.received) > n || len(x.received) < n-1 { // the one that was stopped may have it unread
			w.Errorf("%d took it, received by %v", n, x.received)
		}
		slices.Sort(x.received)
		if len(slices.Compact(x.received)) < len(x.received) {
			w.Errorf("received twice: %v (%v came)", x.received, came)
		}
	})
}

func TestSim_D8_DeadLettersBlockNobody(t *testing.T) {
	prove(t, func(w *world) {
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{w.child("a", false), w.child("b", true)}})
		slow, fast := w.sys.DeadLetters(2), w.sys.DeadLetters(1000)
		sent := 0
		left := 2
		for _, name := range []string{"a", "b"} {
			ref := w.sup.Child(name)
			w.Go("sender", func() {
				defer func() { left-- }()
				for range 10 {
					if w.send(context.Background(), name, ref, deedNone, ref).err == nil {
						sent++
					}
				}
			})
			w.Go("stopper", func() { _ = ref.Stop(context.Background()) })
		}
		w.Until("the senders", func() bool { return left == 0 })
		if err := w.sys.Stop(context.Background()); err != nil {
			w.Errorf("Stop: %v", err)
		}
		letters := 0
		for d := range fast.C() {
			x, ok := d.Message.(*task)
			if !ok || d.Receiver.Path() != x.to || !errors.Is(d.Reason, bastion.ErrStopped) || !d.Sender.IsZero() || len(x.received) > 0 {
				w.Errorf("%+v", d)
			}
			letters++
		}
		seen := uint64(0)
		for range slow.C() {
			seen++
		}
		for _, x := range w.tasks {
			sent -= len(x.received)
		}
		if letters != sent || seen+slow.Missed() != uint64(letters) || fast.Missed() != 0 {
			w.Errorf("%d were accepted and not received; letters %d; the slow one saw %d and missed %d", sent, letters, seen, slow.Missed())
		}
	})
}
