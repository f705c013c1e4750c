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

var strategies = []bastion.Strategy{bastion.OneForOne, bastion.OneForAll, bastion.RestForOne}

// struck are the siblings that go down with the child at, which has failed.
func struck(s bastion.Strategy, n, at int) (from int) {
	switch s {
	case bastion.OneForAll:
		return 0
	case bastion.RestForOne:
		return at
	}
	return n // none
}

// trio is three children, of which each is a handler: those note their ends with the reason.
func (w *world) trio(s bastion.Strategy, change func(i int, spec *bastion.ChildSpec)) []string {
	w.Helper()
	names := []string{"a", "b", "c"}
	spec := bastion.SupervisorSpec{Strategy: s, Intensity: bastion.Unlimited}
	for i, name := range names {
		c := w.child(name, false)
		if change != nil {
			change(i, &c)
		}
		spec.Children = append(spec.Children, c)
	}
	w.start(spec)
	return names
}

func TestSim_S1_Strategies(t *testing.T) {
	prove(t, func(w *world) {
		s := strategies[w.Choose(3)]
		names := w.trio(s, nil)
		want := []string{"start a@1", "start b@1", "start c@1"}
		lives := []int{1, 1, 1}
		for range 1 + w.Choose(3) {
			at := w.Choose(3)
			for range w.Choose(4) {
				ref := w.sup.Child(names[w.Choose(3)])
				w.send(context.Background(), "", ref, deedNone, ref)
			}
			ref := w.sup.Child(names[at])
			w.send(context.Background(), "", ref, deedError, ref)
			from := struck(s, 3, at)
			want = append(want, fmt.Sprintf("stop %s@%d planned", names[at], lives[at]))
			for i := 2; i >= from; i-- {
				if i != at {
					want = append(want, fmt.Sprintf("stop %s@%d shutdown", names[i], lives[i]))
				}
			}
			for i := range names {
				if i == at || i >= from {
					lives[i]++
					want = append(want, fmt.Sprintf("start %s@%d", names[i], lives[i]))
				}
			}
			w.Until("the restart", func() bool { return len(w.lines) >= len(want) })
			w.Settle()
		}
		w.noted(want...)
	})
}

func TestSim_S1_AGroupIsOneChild(t *testing.T) {
	prove(t, func(w *world) {
		group := w.child("g", false)
		group.Count, group.Intensity = 3, bastion.Unlimited
		w.start(bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited,
			Children: []bastion.ChildSpec{w.child("a", false), group, w.child("z", false)}})
		w.noted("start a@1", "start 0@1", "start 1@1", "start 2@1", "start z@1")
		member := w.sup.Group("g").Member(w.Choose(3))
		w.send(context.Background(), "", member, deedError, member)
		if got := w.incarnation(member); got != 2 {
			w.Errorf("incarnation %d", got)
		}
		w.noted("stop "+member.Name()+"@1 planned", "start "+member.Name()+"@2") // nobody else
		a := w.sup.Child("a")
		w.send(context.Background(), "", a, deedError, a)
		w.Until("the restart", func() bool { return len(w.lines) == 10 })
		members := w.lines[2:5]
		slices.Sort(members) // stopped together
		if w.lines[0] != "stop a@1 planned" || w.lines[1] != "stop z@1 shutdown" || !strings.HasPrefix(members[2], "stop 2@") ||
			w.lines[5] != "start a@2" || !strings.HasPrefix(w.lines[6], "start 0@") || !strings.HasPrefix(w.lines[8], "start 2@") || w.lines[9] != "start z@2" {
			w.Errorf("%q", w.lines)
		}
	})
}

func TestSim_S2_RestartTypes(t *testing.T) {
	prove(t, func(w *world) {
		kind := []bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary}[w.Choose(3)]
		loop := w.Choose(2) == 1
		w.pair(func(s *bastion.ChildSpec) { s.Restart = kind })
		ref := w.sup.Child(map[bool]string{false: "h", true: "l"}[loop])
		end := w.Choose(9)
		do := func(f func(ctx *bastion.Context) error) { _ = ref.Tell(context.Background(), f) }
		exit := func(reason error) {
			if err := ref.Exit(context.Background(), reason); err != nil {
				w.Errorf("Exit: %v", err)
			}
		}
		failure := true // else a normal end
		ordered := false
		switch end {
		case 0:
			do(func(*bastion.Context) error { return errPlanned })
		case 1:
			do(func(*bastion.Context) error { panic("planned") })
		case 2:
			do(func(ctx *bastion.Context) error { return ctx.Exit(bastion.ErrNormal) })
			failure = false
		case 3:
			do(func(ctx *bastion.Context) error { return ctx.Exit(fmt.Errorf("enough: %w", bastion.ErrShutdown)) })
			failure = false
		case 4:
			exit(errPlanned)
		case 5:
			exit(bastion.ErrShutdown)
			failure = false
		case 6:
			exit(bastion.ErrKilled)
		case 7:
			_ = ref.Stop(context.Background())
			ordered = true
		case 8:
			_ = ref.Kill(context.Background())
			ordered = true
		}
		w.Sleep(time.Minute)
		again := !ordered && (kind == bastion.Permanent || kind == bastion.Transient && failure)
		if again {
			if got := w.incarnation(ref); got != 2 {
				w.Errorf("%v, end %d: incarnation %d", kind, end, got)
			}
		} else if err := ref.Tell(context.Background(), &task{}); !errors.Is(err, bastion.ErrStopped) {
			w.Errorf("%v, end %d: %v", kind, end, err)
		}
	})
}

func TestSim_S3_IntensityInAnExactWindow(t *testing.T) {
	prove(t, func(w *world) {
		limit := 1 + w.Choose(3)
		const window = 10 * time.Second
		w.sys = w.System(bastion.Config{Name: "sys", Intensity: bastion.Unlimited}, bastion.SupervisorSpec{
			Name: "sup", Intensity: bastion.Intensity{Max: limit, Within: window}, Children: []bastion.ChildSpec{w.child("a", false)}})
		w.sup = w.sys.Root().Supervisor("sup")
		ref, spy := w.sup.Child("a"), w.Spy(w.sys)
		var recent []time.Duration
		escalations := 0
		for range 8 {
			w.Sleep(time.Duration(w.Choose(8)) * time.Second)
			now := w.Elapsed()
			recent = append(slices.DeleteFunc(recent, func(at time.Duration) bool { return now-at > window }), now)
			if len(recent) > limit {
				escalations++
				recent = nil
			}
			w.send(context.Background(), "", ref, deed(1+w.Choose(2)), ref)
			w.Settle()
			if got := spy.Count(bastion.EventEscalated, w.sup.Path()); got != escalations {
				w.Fatalf("%d escalations, want %d (at most %d in %v)", got, escalations, limit, window)
			}
			w.incarnation(ref)
		}
	})
}

func TestSim_S3_EscalationUpToTheRoot(t *testing.T) {
	prove(t, func(w *world) {
		deep := w.Choose(3)
		spec := bastion.SupervisorSpec{Name: "s", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{w.child("a", false)}}
		path := "/s/a"
		for range deep {
			spec = bastion.SupervisorSpec{Name: "s", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
				w.child("bystander", true), {Start: bastion.Subtree(spec)}}}
			path = "/s" + path
		}
		w.sys = w.System(bastion.Config{Name: "sys", Intensity: bastion.NoRestarts}, spec)
		ref := w.Ref("/sys" + path)
		w.send(context.Background(), "", ref, deedError, ref)
		err := w.sys.Wait()
		var chain *bastion.EscalationError
		if !errors.As(err, &chain) || !errors.Is(err, errPlanned) || len(chain.Chain()) != deep+3 {
			w.Errorf("depth %d: %v", deep, err)
		}
		for path, n := range w.running {
			if n != 0 {
				w.Errorf("%s runs", path)
			}
		}
	})
}

func TestSim_S5_NobodyRunsTwice(t *testing.T) {
	prove(t, func(w *world) {
		s := strategies[1+w.Choose(2)]
		names := w.trio(s, func(i int, c *bastion.ChildSpec) { c.Start = w.child(c.Name, w.Choose(2) == 1).Start })
		left := 3
		for range left {
			w.Go("trouble", func() {
				defer func() { left-- }()
				for range 3 {
					ref := w.sup.Child(names[w.Choose(3)])
					w.send(context.Background(), "", ref, []deed{deedError, deedSleep, deedPanic, deedRestart}[w.Choose(4)], w.sup.Child(names[w.Choose(3)]))
				}
			})
		}
		watch := func() bool {
			for path, n := range w.running {
				if n > 1 {
					w.Fatalf("%s runs %d times", path, n)
				}
			}
			return left == 0
		}
		w.Until("all trouble", watch)
		w.Sleep(time.Minute)
		up := map[string]bool{}
		for _, line := range w.lines { // whoever starts finds all behind it down
			verb, rest, _ := strings.Cut(line, " ")
			name := rest[:1]
			up[name] = verb == "start"
			if s != bastion.OneForOne && verb == "start" {
				for _, later := range names[slices.Index(names, name)+1:] {
					if up[later] && w.sameRestart() {
						w.Errorf("%s starts while %s runs: %q", name, later, w.lines)
					}
				}
			}
		}
		watch()
	})
}

// sameRestart says whether every start of the run belongs to a failure: an order restarts one child alone.
func (w *world) sameRestart() bool {
	return !slices.ContainsFunc(w.tasks, func(x *task) bool { return x.deed == deedRestart })
}

func TestSim_S6_BackoffBlocksNobody(t *testing.T) {
	prove(t, func(w *world) {
		s := bastion.OneForOne
		w.trio(s, func(i int, c *bastion.ChildSpec) {
			if i == 0 {
				c.Backoff = bastion.Constant{Delay: time.Hour}
			}
		})
		spy, a, b := w.Spy(w.sys), w.sup.Child("a"), w.sup.Child("b")
		w.send(context.Background(), "", a, deedError, a)
		spy.Expect(0, bastion.EventRestarting, a.Path())
		began := w.Elapsed()
		left := 3
		w.Go("failing", func() {
			w.send(context.Background(), "", b, deedError, b)
			w.incarnation(b)
			left--
		})
		w.Go("adding", func() {
			if _, err := w.sup.Add(context.Background(), w.child("d", true)); err != nil {
				w.Errorf("Add: %v", err)
			}
			left--
		})
		w.Go("stopping", func() {
			if err := w.sup.Child("c").Stop(context.Background()); err != nil {
				w.Errorf("Stop: %v", err)
			}
			left--
		})
		w.Until("all", func() bool { return left == 0 })
		if w.Elapsed() != began || w.node(a).State != bastion.StateWaiting {
			w.Errorf("it took %v, and a is %v", w.Elapsed()-began, w.node(a).State)
		}
		if got := w.incarnation(a); got != 2 || w.Elapsed()-began != time.Hour {
			w.Errorf("a is back in incarnation %d after %v", got, w.Elapsed()-began)
		}
	})
}

func TestSim_S6_AFailureJoinsThePlan(t *testing.T) {
	prove(t, func(w *world) {
		delays := []time.Duration{time.Minute, time.Hour, 2 * time.Hour}
		names := w.trio(bastion.OneForAll, func(i int, c *bastion.ChildSpec) { c.Backoff = bastion.Constant{Delay: delays[i]} })
		w.lines = nil
		i := w.Choose(3)
		ref := w.sup.Child(names[i])
		w.send(context.Background(), "", ref, deedError, ref)
		w.Sleep(time.Second)
		if len(w.lines) != 3 {
			w.Errorf("after the failure of %s: %q", names[i], w.lines)
		}
		w.lines = nil
		w.Sleep(delays[i] - 2*time.Second)
		w.noted()
		w.Sleep(time.Second)
		w.Settle()
		w.noted("start a@2", "start b@2", "start c@2")
	})
}
