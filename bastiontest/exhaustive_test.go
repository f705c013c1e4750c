package bastiontest

import (
	"slices"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

// strands has each of some strands do two things with a point in between, and returns in which order.
func strands(s *Sim, names ...string) string {
	said, left := "", len(names)
	for _, name := range names {
		s.Go(name, func() {
			said += name
			s.Seeded().Point()
			said += strings.ToUpper(name)
			left--
		})
	}
	s.Until("all", func() bool { return left == 0 })
	return said
}

func TestExhaustive_RunsEveryOrder(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 6, 3: 90} { // (2n)!/2^n
		seen := map[string]bool{}
		done := Exhaustive{}.Run(t, func(s *Sim) { seen[strands(s, []string{"a", "b", "c"}[:n]...)] = true })
		if len(seen) != want || !done.Complete {
			t.Errorf("%d strands: %d orders, want %d: %+v", n, len(seen), want, done)
		}
	}
}

// What is independent is run in one order; what is not, in all.
func TestExhaustive_SleepsThroughWhatIsIndependent(t *testing.T) {
	whole, reduced := map[string]bool{}, map[string]bool{}
	shared := func(a, b string) bool { return (a == "c") != (b == "c") && a != "driver" && b != "driver" } // a and b share, c is apart
	all := Exhaustive{}.Run(t, func(s *Sim) { whole[strands(s, "a", "b", "c")] = true })
	some := Exhaustive{Independent: shared}.Run(t, func(s *Sim) { reduced[strands(s, "a", "b", "c")] = true })
	ab := func(orders map[string]bool) (all []string) {
		for o := range orders {
			if o = strings.NewReplacer("c", "", "C", "").Replace(o); !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
		return all
	}
	if !some.Complete || len(ab(reduced)) != 6 || len(ab(whole)) != 6 {
		t.Errorf("orders of a and b: %v, all: %v", ab(reduced), ab(whole))
	}
	if some.Runs*3 > all.Runs {
		t.Errorf("%+v, with independence %+v", all, some)
	}
}

func TestExhaustive_FindsTheOneOrderAndPrintsIt(t *testing.T) {
	main := func(s *Sim) {
		if strands(s, "a", "b", "c") == "cbaCBA" {
			s.Error("found")
		}
	}
	j := &judge{TB: t, name: "TestX"}
	o, _ := Options{}.check()
	done := Exhaustive{Limit: 100_000}.walk(&campaign{t: j, main: main, c: command{Options: o}, tell: &j.said})
	j.wants(t, "found", "-bastion.schedule=")
	t.Logf("%+v", done)
}

func TestExhaustive_ChancesAndDrawsAreTried(t *testing.T) {
	seen := map[string]bool{}
	done := Exhaustive{}.Run(t, func(s *Sim) {
		text := string(rune('a' + s.Choose(3)))
		if s.Chance(0.0001) {
			text += "!"
		}
		seen[text] = true
	})
	if len(seen) != 6 || done.Runs != 6 {
		t.Errorf("%v, %+v", seen, done)
	}
}

func TestExhaustive_SaysWhenThereIsNoEnd(t *testing.T) {
	j := &judge{TB: t, name: "TestX"}
	o, _ := Options{}.check()
	done := Exhaustive{Limit: 50}.walk(&campaign{t: j, main: func(s *Sim) { writers(s) }, c: command{Options: o}})
	if j.wants(t, "no end after 50 runs"); done.Complete {
		t.Error("it says that it is complete")
	}
}

// Two processes, each with a message of its own that it passes on to a third.
func TestExhaustive_OfATree(t *testing.T) {
	orders := map[string]int{}
	done := Exhaustive{Limit: 200_000}.Run(t, func(s *Sim) {
		got := ""
		pass := handle(func(ctx *bastion.Context, msg any) error { return s.Ref("/t/sup/sink").Tell(ctx, msg) })
		s.Calm(func() {
			tree(s, "t", bastion.ChildSpec{Name: "sink", Start: handle(func(_ *bastion.Context, msg any) error { got += msg.(string); return nil })},
				bastion.ChildSpec{Name: "a", Start: pass}, bastion.ChildSpec{Name: "b", Start: pass})
		})
		_ = s.Ref("/t/sup/a").Tell(s.Context(), "a")
		_ = s.Ref("/t/sup/b").Tell(s.Context(), "b")
		s.Until("both", func() bool { return len(got) == 2 })
		orders[got]++
	})
	if !done.Complete || len(orders) != 2 {
		t.Errorf("%+v, %v", done, orders)
	}
	t.Logf("%+v, %v", done, orders)
}
