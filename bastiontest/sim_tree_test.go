package bastiontest_test

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

func TestSim_S8_TheTreeChangesWhileItRuns(t *testing.T) {
	prove(t, func(w *world) {
		names := w.trio(strategies[w.Choose(3)], nil)
		here := map[string]bool{"a": true, "b": true, "c": true}
		orders := func(ctx context.Context, prefix string) {
			mine := []string{}
			for i := range 5 {
				switch k := w.Choose(5); {
				case k <= 1 || len(mine) == 0:
					name := fmt.Sprintf("%s%d", prefix, i)
					if _, err := w.sup.Add(ctx, w.child(name, w.Choose(2) == 1)); err != nil {
						w.Errorf("Add %s: %v", name, err)
					}
					mine, here[name] = append(mine, name), true
				case k == 2:
					name := mine[len(mine)-1]
					if err := w.sup.Remove(ctx, name); err != nil {
						w.Errorf("Remove %s: %v", name, err)
					}
					mine, here[name] = mine[:len(mine)-1], false
				case k == 3:
					if err := w.sup.Restart(ctx, mine[0]); err != nil {
						w.Errorf("Restart %s: %v", mine[0], err)
					}
				case k == 4:
					if err := w.sup.Move(ctx, mine[0], bastion.Position{Before: "a"}); err != nil {
						w.Errorf("Move %s: %v", mine[0], err)
					}
				}
			}
		}
		left := 2
		w.Go("outside", func() { defer func() { left-- }(); orders(context.Background(), "x") })
		_ = w.sup.Child("b").Tell(context.Background(), func(ctx *bastion.Context) error {
			defer func() { left-- }()
			orders(ctx, "y")
			return nil
		})
		w.Until("all orders", func() bool { return left == 0 })
		for _, c := range w.sup.Children() {
			if !here[c.Name] || c.State != bastion.StateRunning {
				w.Errorf("%s is there and %v", c.Name, c.State)
			}
			delete(here, c.Name)
		}
		for name, there := range here {
			if there {
				w.Errorf("%s is not there", name)
			}
		}
		for _, name := range names {
			w.incarnation(w.sup.Child(name))
		}
	})
}

func TestSim_S8_ToEndOneself(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref, verb := w.either(), w.Choose(5)
		var answer error
		answered := false
		_ = ref.Tell(context.Background(), func(ctx *bastion.Context) error {
			answer = []func() error{
				func() error { return ref.Stop(ctx) },
				func() error { return ref.Restart(ctx) },
				func() error { return w.sup.Restart(ctx, ref.Name()) },
				func() error { return w.sup.Remove(ctx, ref.Name()) },
				func() error { return w.sup.Stop(ctx) },
			}[verb]()
			answered = true
			return nil
		})
		if !w.Within(time.Millisecond, "the answer", func() bool { return answered }) || !errors.Is(answer, bastion.ErrPending) {
			w.Errorf("verb %d: %v", verb, answer)
		}
		w.Sleep(time.Minute)
		err := ref.Tell(context.Background(), &task{})
		if again := verb == 1 || verb == 2; again != (err == nil) || again && w.incarnation(ref) != 2 {
			w.Errorf("verb %d, after: %v", verb, err)
		}
	})
}

func TestSim_S8_StoppedOnPurposeStaysStopped(t *testing.T) {
	prove(t, func(w *world) {
		names := w.trio(bastion.OneForAll, nil)
		down := w.Choose(3)
		if err := w.sup.Child(names[down]).Stop(context.Background()); err != nil {
			w.Errorf("Stop: %v", err)
		}
		ref := w.sup.Child(names[(down+1)%3])
		w.send(context.Background(), "", ref, deedError, ref)
		if got := w.incarnation(ref); got != 2 {
			w.Errorf("incarnation %d", got)
		}
		w.Settle()
		if n := w.node(w.sup.Child(names[down])); n.State != bastion.StateStopped || n.Incarnation != 1 {
			w.Errorf("what was stopped is %v in incarnation %d", n.State, n.Incarnation)
		}
	})
}

func TestSim_S9_SignificantChildren(t *testing.T) {
	prove(t, func(w *world) {
		auto := []bastion.AutoShutdown{bastion.AnySignificant, bastion.AllSignificant}[w.Choose(2)]
		var specs []bastion.ChildSpec
		significant := 0
		for i := range 4 {
			c := w.child(string(rune('a'+i)), w.Choose(2) == 1)
			c.Restart = bastion.Transient
			if c.Significant = w.Choose(2) == 1; c.Significant {
				significant++
			}
			specs = append(specs, c)
		}
		specs = append(specs, bastion.ChildSpec{Name: "sub", Restart: bastion.Temporary, Start: bastion.Subtree(bastion.SupervisorSpec{
			AutoShutdown: auto, Intensity: bastion.Unlimited, Children: slices.Clone(specs)})})
		w.start(bastion.SupervisorSpec{Children: specs[4:]})
		sub, over := w.sup.Supervisor("sub"), false
		left := significant
		for _, i := range []int{2, 0, 3, 1} {
			ref := sub.Child(specs[i].Name)
			if w.Choose(3) == 0 { // a failure is no end
				w.send(context.Background(), "", ref, deedError, ref)
				w.Settle()
			}
			_ = ref.Tell(context.Background(), func(ctx *bastion.Context) error { return ctx.Exit(bastion.ErrNormal) })
			w.Settle()
			if specs[i].Significant {
				left--
				over = over || auto == bastion.AnySignificant || left == 0
			}
			if gone := len(w.sup.Children()) == 0; gone != over {
				w.Fatalf("%v, %d of %d significant ones left: gone %t, want %t", auto, left, significant, gone, over)
			}
			if over {
				return
			}
		}
	})
}

func TestSim_S10_MonitorsFireExactly(t *testing.T) {
	prove(t, func(w *world) {
		subject, watcher := w.child("s", w.Choose(2) == 1), bastion.ChildSpec{Name: "w"}
		var got []bastion.Down
		var heard []string // what the subject said, and its ends
		watcher.Start = bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				switch m := msg.(type) {
				case bastion.Down:
					got = append(got, m)
					heard = append(heard, fmt.Sprintf("end %d", m.Incarnation))
				case string:
					heard = append(heard, m)
				case func(ctx *bastion.Context) error:
					return m(ctx)
				}
				return nil
			})
		})
		w.start(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{subject, watcher}})
		s, by := w.sup.Child("s"), w.sup.Child("w")
		spans := map[bastion.Monitor]bastion.Span{}
		var cut bastion.Monitor
		ready := false
		_ = by.Tell(context.Background(), func(ctx *bastion.Context) error {
			for _, span := range []bastion.Span{bastion.ThisIncarnation, bastion.UntilGone, bastion.EachIncarnation} {
				m, err := ctx.Monitor(s, span)
				if err != nil {
					w.Errorf("Monitor: %v", err)
				}
				spans[m] = span
			}
			var err error
			if cut, err = ctx.Monitor(s, bastion.EachIncarnation); err != nil {
				w.Errorf("Monitor: %v", err)
			}
			ctx.Demonitor(cut)
			ready = true
			return nil
		})
		w.Until("the monitors", func() bool { return ready })
		failures := w.Choose(4)
		for range failures {
			_ = s.Tell(context.Background(), func(ctx *bastion.Context) error {
				_ = by.Tell(ctx, fmt.Sprintf("said by %d", ctx.Incarnation()))
				return errPlanned
			})
		}
		w.incarnation(s)
		if err := s.Stop(context.Background()); err != nil {
			w.Errorf("Stop: %v", err)
		}
		w.Settle()
		count := map[bastion.Span]int{}
		for _, d := range got {
			span, known := spans[d.Monitor]
			if !known || d.Monitor == cut || d.Ref != s {
				w.Errorf("%+v", d)
			}
			count[span]++
			if span != bastion.UntilGone && d.Incarnation <= uint64(failures) && !errors.Is(d.Reason, errPlanned) {
				w.Errorf("%v of %d: %v", span, d.Incarnation, d.Reason)
			}
		}
		if count[bastion.ThisIncarnation] != 1 || count[bastion.UntilGone] != 1 || count[bastion.EachIncarnation] != failures+1 {
			w.Errorf("%d failures and a stop: %v", failures, count)
		}
		for i := 1; i <= failures; i++ {
			said, end := slices.Index(heard, fmt.Sprint("said by ", i)), slices.Index(heard, fmt.Sprint("end ", i))
			if said < 0 || end < said {
				w.Errorf("incarnation %d: %q", i, heard)
			}
		}
	})
}

func TestSim_S10_Links(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		a, b := w.sup.Child("h"), w.sup.Child("l")
		if w.Choose(2) == 1 {
			a, b = b, a
		}
		unlink, linked := w.Choose(2) == 1, false
		_ = a.Tell(context.Background(), func(ctx *bastion.Context) error {
			if err := ctx.Link(b); err != nil {
				w.Errorf("Link: %v", err)
			}
			if unlink {
				ctx.Unlink(b)
			}
			linked = true
			return nil
		})
		w.Until("the link", func() bool { return linked })
		from, to := a, b
		if w.Choose(2) == 1 {
			from, to = b, a
		}
		w.send(context.Background(), "", from, deedError, from)
		w.Settle()
		want := uint64(2)
		if unlink {
			want = 1
		}
		if got := w.incarnation(to); got != want {
			w.Errorf("the linked one is in incarnation %d, want %d", got, want)
		}
		// The link has ended with its incarnation.
		w.send(context.Background(), "", from, deedError, from)
		w.Settle()
		if got := w.incarnation(to); got != want {
			w.Errorf("after another failure: incarnation %d, want %d", got, want)
		}
	})
}

// The same failures at the same times are answered in the same way, in whatever order everything else happens.
func TestSim_S11_TheDecisionIsPure(t *testing.T) {
	prove(t, func(w *world) {
		s := strategies[w.Choose(3)]
		limit := 1 + w.Choose(3)
		exceeded := []bastion.Exceeded{bastion.EndSupervisor, bastion.GiveUpChild, bastion.RetryLater}[w.Choose(3)]
		type failure struct {
			after time.Duration
			child string
		}
		var failures []failure
		for range 6 { // never at the moment of a restart: which is first is for the schedule to say
			failures = append(failures, failure{time.Duration(w.Choose(5))*time.Second + 300*time.Millisecond, string(rune('a' + w.Choose(3)))})
		}
		decisions := func(name string) (told []string) {
			var specs []bastion.ChildSpec
			for i := range 3 {
				c := w.child(string(rune('a'+i)), i == 1)
				c.Backoff = bastion.Linear{First: time.Second, Step: time.Second}
				specs = append(specs, c)
			}
			sys := w.System(bastion.Config{Name: name, Intensity: bastion.Unlimited}, bastion.SupervisorSpec{Name: "sup", Strategy: s,
				Intensity: bastion.Intensity{Max: limit, Within: 5 * time.Second, Exceeded: exceeded}, Children: specs})
			spy, began := w.Spy(sys), w.Elapsed()
			sup := sys.Root().Supervisor("sup")
			for _, f := range failures {
				for range w.Choose(3) { // what must not matter
					_ = sup.Child("a").Tell(context.Background(), &task{})
					_ = sup.Child("c").Tell(context.Background(), &task{})
				}
				w.Sleep(f.after)
				_ = sup.Child(f.child).Exit(context.Background(), errPlanned)
				w.Settle()
			}
			w.Sleep(time.Minute)
			for _, e := range spy.Events() {
				if e.Kind == bastion.EventRestarting || e.Kind == bastion.EventEscalated || e.Kind == bastion.EventStarted || e.Kind == bastion.EventStopped {
					text := fmt.Sprintf("%v %v %s@%d", e.Time.Sub(w.Now().Add(-w.Elapsed()))-began, e, e.Path, e.Incarnation)
					told = append(told, strings.ReplaceAll(text, "/"+name, ""))
				}
			}
			return told
		}
		first, second := decisions("one"), decisions("two")
		if !slices.Equal(first, second) {
			w.Errorf("%v, %v:\n\t%q\n\t%q", s, failures, first, second)
		}
	})
}

func TestSim_S12_Conditions(t *testing.T) {
	prove(t, func(w *world) {
		then := []bastion.Outcome{bastion.RestartChild, bastion.StopChild, bastion.Resume, bastion.Escalate, bastion.StopSystem}[w.Choose(5)]
		kind := []bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary}[w.Choose(3)]
		panics := w.Choose(2) == 1
		condition := bastion.Condition{Is: errPlanned, Then: then}
		c := w.child("a", false)
		c.Restart = kind
		other := w.child("z", true)
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{c, other}}
		if w.Choose(2) == 1 {
			spec.Conditions = []bastion.Condition{condition}
		} else {
			spec.Children[0].Conditions = []bastion.Condition{{Is: bastion.ErrNormal, Then: bastion.StopSystem}, condition}
		}
		w.start(spec)
		ref := w.sup.Child("a")
		_ = ref.Tell(context.Background(), func(*bastion.Context) error {
			if panics {
				panic(errPlanned)
			}
			return errPlanned
		})
		w.Settle()
		switch {
		case then == bastion.Resume && !panics:
			if got := w.incarnation(ref); got != 1 {
				w.Errorf("resumed in incarnation %d", got)
			}
		case then == bastion.RestartChild || then == bastion.Resume:
			if got := w.incarnation(ref); got != 2 {
				w.Errorf("%v: incarnation %d", then, got)
			}
		case then == bastion.StopChild:
			if err := ref.Tell(context.Background(), &task{}); !errors.Is(err, bastion.ErrStopped) || w.incarnation(w.sup.Child("z")) != 1 {
				w.Errorf("stopped: %v", err)
			}
		case then == bastion.Escalate: // the root bears it and starts everything again, temporary ones too
			if w.incarnation(w.sup.Child("z")) != 2 || w.incarnation(ref) != 2 {
				w.Error("its siblings were not restarted with their supervisor")
			}
		case then == bastion.StopSystem:
			if err := w.sys.Wait(); !errors.Is(err, bastion.ErrSystemStop) || !errors.Is(err, errPlanned) {
				w.Errorf("Wait: %v", err)
			}
		}
	})
}
