package bastiontest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// pair is a handler h and a loop l.
func (w *world) pair(change func(*bastion.ChildSpec)) {
	w.Helper()
	specs := []bastion.ChildSpec{w.child("h", false), w.child("l", true)}
	for i := range specs {
		if change != nil {
			change(&specs[i])
		}
	}
	w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: specs})
	w.lines = nil
}

// either is one of the two.
func (w *world) either() bastion.Ref { return w.sup.Child([]string{"h", "l"}[w.Choose(2)]) }

// incarnation asks for it.
func (w *world) incarnation(ref bastion.Ref) uint64 {
	w.Helper()
	n, err := bastion.Ask(context.Background(), ref, who{})
	if err != nil {
		w.Errorf("who is %v: %v", ref, err)
	}
	return n
}

func TestSim_L1_AReferenceStaysValid(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(func(s *bastion.ChildSpec) {
			s.Backoff = bastion.Constant{Delay: time.Duration(w.Choose(2)) * time.Second}
		})
		ref := w.either()
		lives := uint64(1)
		for range 1 + w.Choose(4) {
			if w.Choose(3) == 0 {
				if err := ref.Restart(context.Background()); err != nil {
					w.Errorf("Restart: %v", err)
				}
			} else {
				w.send(context.Background(), "", ref, deed(1+w.Choose(4)), ref)
			}
			lives++
			if got := w.incarnation(ref); got != lives {
				w.Errorf("incarnation %d, want %d", got, lives)
			}
			if again := w.sup.Child(ref.Name()); again != ref {
				w.Errorf("%v is now %v", ref, again)
			}
		}
	})
}

// counting is a handler with a state.
type counting struct{ n int }

func (c *counting) Receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case who:
		return m.Reply(ctx, uint64(c.n))
	case error:
		return m
	}
	c.n++
	return nil
}

func TestSim_L2_EachIncarnationIsMadeAnew(t *testing.T) {
	prove(t, func(w *world) {
		made := 0
		group := w.Choose(2) == 1
		spec := bastion.ChildSpec{Name: "c", Start: bastion.Handle(func() bastion.Receiver { made++; return new(counting) })}
		if group {
			spec.Group, spec.Count, spec.Intensity = true, 1, bastion.Unlimited
		}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}})
		ref := w.sup.Child("c")
		if group {
			ref = w.sup.Group("c").Member(0)
		}
		for life := range 1 + w.Choose(4) {
			n := w.Choose(4)
			for range n {
				_ = ref.Tell(context.Background(), 1)
			}
			if got := w.incarnation(ref); got != uint64(n) || made != life+1 {
				w.Errorf("life %d counted to %d, want %d; %d were made", life+1, got, n, made)
			}
			_ = ref.Tell(context.Background(), errPlanned)
			w.incarnation(ref)
		}
	})
}

func TestSim_L3_WhatWaitsIsKept(t *testing.T) {
	prove(t, func(w *world) {
		drops := w.Choose(2) == 1
		w.pair(func(s *bastion.ChildSpec) {
			s.DropMailbox, s.Backoff = drops, bastion.Constant{Delay: time.Second}
		})
		ref := w.either()
		first := w.send(context.Background(), "", ref, deedNone, ref)
		free := false
		first.do = func(*bastion.Context) error {
			w.Until("the others", func() bool { return free })
			return errPlanned
		}
		w.Until("the first", func() bool { return len(first.received) == 1 })
		before, after := 1+w.Choose(4), 1+w.Choose(4)
		for range before {
			w.send(context.Background(), "", ref, deedNone, ref)
		}
		spy := w.Spy(w.sys)
		free = true
		spy.Expect(time.Second, bastion.EventFailed, ref.Path())
		for range after { // while it waits for its restart
			w.send(context.Background(), "", ref, deedNone, ref)
		}
		w.Until("the next life", func() bool { return w.node(ref).Incarnation == 2 })
		if got := w.incarnation(ref); got != 2 {
			w.Errorf("incarnation %d", got)
		}
		kept := 0
		for _, x := range w.tasks[1:] {
			if len(x.received) == 1 && x.received[0] == ref.Path()+"@2" {
				kept++
			} else if len(x.received) > 0 {
				w.Errorf("task %d: %v", x.id, x.received)
			}
		}
		dropped := w.sys.Inspector().Books().Reason(bastion.DiscardDropped)
		switch {
		case !drops && (kept != before+after || dropped != 0):
			w.Errorf("%d of %d were kept, %d dropped", kept, before+after, dropped)
		case drops && (kept != 0 || int(dropped) != before+after):
			w.Errorf("%d kept, %d dropped, of %d before and %d after", kept, dropped, before, after)
		}
	})
}

func TestSim_L4_HooksInOrder(t *testing.T) {
	prove(t, func(w *world) {
		spec := w.child("h", false)
		if w.Choose(2) == 1 {
			spec.Backoff = bastion.Constant{Delay: time.Second}
		}
		spec.Callbacks = bastion.Callbacks{
			BeforeStart: func(*bastion.Context) error { w.note("before start"); return nil },
			AfterStart:  func(*bastion.Context) error { w.note("after start"); return nil },
			BeforeRestart: func(_ *bastion.Context, f bastion.Failure) error {
				w.note("before restart: %s, %T", inShort(f.Reason), f.Message)
				return nil
			},
			AfterRestart: func(*bastion.Context, bastion.Failure) error { w.note("after restart"); return nil },
			AfterStop:    func(bastion.Failure) { w.note("after stop") },
		}
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}})
		ref := w.sup.Child("h")
		want := []string{"before start", "start h@1", "after start"}
		life := 1
		for range w.Choose(4) {
			d, reason := deedError, "planned"
			if w.Choose(2) == 1 {
				d, reason = deedPanic, "panic"
			}
			w.send(context.Background(), "", ref, deedNone, ref)
			w.send(context.Background(), "", ref, d, ref)
			want = append(want, fmt.Sprintf("stop h@%d %s", life, reason), "before restart: "+reason+", *bastiontest_test.task",
				fmt.Sprintf("start h@%d", life+1), "after restart")
			life++
			w.incarnation(ref)
		}
		if err := ref.Stop(context.Background()); err != nil {
			w.Errorf("Stop: %v", err)
		}
		w.Until("the last hook", func() bool { return slices.Contains(w.lines, "after stop") })
		w.noted(append(want, fmt.Sprintf("stop h@%d shutdown", life), "after stop")...)
	})
}

// troublesome panics while it is described.
type troublesome struct{}

func (troublesome) Error() string { panic("in Error") }

func TestSim_L5_FailuresAreContained(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref, life := w.either(), uint64(1)
		for range 3 {
			kind := w.Choose(9)
			w.send(context.Background(), "", ref, deedNone, ref).do = func(ctx *bastion.Context) error {
				switch kind {
				case 0:
					return errPlanned
				case 1:
					panic("planned")
				case 2:
					panic(errPlanned)
				case 3:
					panic(nil) //nolint // a panic with nil is one of the cases
				case 4:
					var p *task
					p.id++
				case 5:
					runtime.Goexit()
				case 6:
					defer func() { panic("again") }()
					panic("planned")
				case 7:
					return troublesome{}
				}
				return ctx.Go(func(*bastion.Context) error { panic("in a goroutine") })
			}
			life++
			w.Until("the next life", func() bool { return w.node(ref).Incarnation == life })
			if got := w.incarnation(ref); got != life {
				w.Errorf("after failure %d: incarnation %d, want %d", kind, got, life)
			}
		}
		for _, other := range []string{"h", "l"} {
			if r := w.sup.Child(other); r != ref && w.incarnation(r) != 1 {
				w.Errorf("%v was restarted", r)
			}
		}
		if w.sys.Inspector().State() != "running" {
			w.Error("the system has not borne it")
		}
	})
}

func (w *world) node(ref bastion.Ref) bastion.Node {
	n, err := w.sys.Inspector().Node(ref.Path())
	if err != nil {
		w.Errorf("%v: %v", ref, err)
	}
	return n
}

func TestSim_L6_StopDrainKill(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref, letters := w.sup.Child("h"), w.sys.DeadLetters(0)
		inHand, finished := false, false
		w.send(context.Background(), "", ref, deedNone, ref).do = func(ctx *bastion.Context) error {
			inHand = true
			err := ctx.Sleep(100 * time.Millisecond)
			finished = err == nil
			return nil
		}
		w.Until("it to be at work", func() bool { return inHand })
		waiting := 1 + w.Choose(3)
		for range waiting {
			w.send(context.Background(), "", ref, deedNone, ref)
		}
		var answer error
		asked := false
		w.Go("asker", func() { _, answer = bastion.Ask(context.Background(), ref, who{}); asked = true })
		w.Until("the ask", func() bool { return w.node(ref).Mailbox == waiting+1 })
		verb := w.Choose(3)
		err := []func(context.Context) error{ref.Stop, ref.Drain, ref.Kill}[verb](context.Background())
		w.Until("the answer", func() bool { return asked })
		handled := 0
		for _, x := range w.tasks[1:] {
			handled += len(x.received)
		}
		hook := slices.Contains(w.lines, "stop h@1 shutdown")
		dead := len(letters.C())
		ok := err == nil
		switch verb {
		case 0:
			ok = ok && finished && hook && handled == 0 && dead == waiting+1 && errors.Is(answer, bastion.ErrStopped)
		case 1:
			ok = ok && finished && hook && handled == waiting && dead == 0 && answer == nil
		case 2:
			w.Sleep(time.Second)
			ok = ok && !finished && !hook && handled == 0 && dead == waiting+1 && errors.Is(answer, bastion.ErrStopped)
		}
		if !ok {
			w.Errorf("verb %d: %v; finished %t, hook %t, handled %d of %d, letters %d, answer %v", verb, err, finished, hook, handled, waiting, dead, answer)
		}
	})
}

// Nobody sleeps over an order: it is never the shutdown time that ends one who has nothing to do.
func TestSim_L6_AnOrderIsNotSleptOver(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref := w.either()
		for range w.Choose(3) {
			w.send(context.Background(), "", ref, deedNone, ref)
		}
		verb := w.Choose(4)
		err := []func(context.Context) error{ref.Stop, ref.Drain, ref.Kill, ref.Restart}[verb](context.Background())
		if err != nil || w.Elapsed() != 0 {
			w.Errorf("verb %d: %v after %v", verb, err, w.Elapsed())
		}
	})
}

func TestSim_L7_Abandoned(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref, spy := w.either(), w.Spy(w.sys)
		stuck, free, back := false, false, false
		w.send(context.Background(), "", ref, deedNone, ref).do = func(ctx *bastion.Context) error {
			stuck = true
			w.Until("its release", func() bool { return free })
			x := w.send(ctx, "ghost", ref, deedNone, ref)
			_, asked := bastion.Ask(ctx, ref, who{})
			_, added := ctx.Supervisor().Add(ctx, w.child("x", false))
			gone := ctx.Go(func(*bastion.Context) error { w.Error("a ghost has a goroutine"); return nil })
			for what, err := range map[string]error{"Tell": x.err, "Ask": asked, "Add": added, "Go": gone} {
				if !errors.Is(err, bastion.ErrEnded) && (what != "Ask" || !errors.Is(err, context.Canceled)) {
					w.Errorf("%s of an abandoned one: %v", what, err)
				}
			}
			back = true
			return errPlanned // nobody hears of it
		}
		w.Until("it to be stuck", func() bool { return stuck })
		began := w.Elapsed()
		if err := ref.Restart(context.Background()); err != nil {
			w.Errorf("Restart: %v", err)
		}
		if took := w.Elapsed() - began; took < time.Second || took > 2*time.Second {
			w.Errorf("the restart took %v, with a shutdown time of 1 s", took)
		}
		if got := w.incarnation(ref); got != 2 {
			w.Errorf("incarnation %d", got)
		}
		e := spy.Expect(0, bastion.EventAbandoned, ref.Path())
		if e.Incarnation != 1 || !strings.Contains(e.Text, "sim_life_test.go") {
			w.Errorf("%v of incarnation %d with the stack\n%s", e, e.Incarnation, e.Text)
		}
		free = true
		w.Until("it to come back", func() bool { return back })
		if got := w.incarnation(ref); got != 2 {
			w.Errorf("after its return: incarnation %d", got)
		}
	})
}
