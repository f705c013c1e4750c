package resizer

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDecide(t *testing.T) {
	spec := Spec{Group: "g", Min: 2, Max: 10, Wait: time.Second}.complete()
	busy := func(n, backlog int) sample {
		return sample{members: n, backlog: backlog, waiting: max(backlog-n, 0), handled: 1000, elapsed: time.Second}
	}
	for _, c := range []struct {
		what       string
		is         sample
		calm       int
		want, then int
	}{
		{"fewer than the lower bound", busy(1, 0), 2, 2, 0},
		{"none at all", busy(0, 0), 0, 2, 0},
		{"more than the upper bound", busy(14, 99), 0, 10, 0},
		{"as much as may be", busy(4, 12), 2, 4, 0},
		{"a little too much", busy(4, 13), 2, 6, 0},
		{"too much, near the bound", busy(9, 90), 0, 10, 0},
		{"too much, at the bound", busy(10, 90), 0, 10, 0},
		{"between the thresholds", busy(10, 4), 2, 10, 0},
		{"idle, not for long", busy(10, 3), 1, 10, 2},
		{"idle for long", busy(10, 3), 2, 9, 0},
		{"idle at the lower bound", busy(2, 0), 2, 2, 0},
		{"too slow", sample{members: 4, backlog: 8, waiting: 4, handled: 3, elapsed: time.Second}, 0, 6, 0},
		{"just fast enough", sample{members: 4, backlog: 8, waiting: 4, handled: 4, elapsed: time.Second}, 0, 4, 0},
		{"nothing moves", sample{members: 4, backlog: 5, waiting: 1, elapsed: time.Second}, 0, 6, 0},
		{"nothing waits and nothing moves", sample{members: 4, backlog: 4, elapsed: time.Second}, 2, 4, 0},
	} {
		if want, calm := spec.decide(c.is, c.calm); want != c.want || calm != c.then {
			t.Errorf("%s: %d members, calm %d; want %d, %d", c.what, want, calm, c.want, c.then)
		}
	}
}

// TestDecide_Bounds: whatever is found, and however odd the spec, the answer is within the bounds.
func TestDecide_Bounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := Spec{
			Group: "g", Min: rapid.IntRange(None, 20).Draw(t, "min"), Max: rapid.SampledFrom([]int{0, 20, 100, Unlimited}).Draw(t, "max"),
			Backlog: rapid.Float64Range(0, 100).Draw(t, "backlog"), Idle: rapid.Float64Range(0, 0.99).Draw(t, "idle"),
			Grow: rapid.Float64Range(0, math.MaxFloat64).Draw(t, "grow"), Shrink: rapid.Float64Range(0, 1).Draw(t, "shrink"),
			Wait: time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "wait")), Calm: rapid.IntRange(0, 5).Draw(t, "calm"),
		}
		if f := spec.faults(); f != nil {
			t.Skip(f)
		}
		spec = spec.complete()
		is := sample{members: rapid.IntRange(0, 200).Draw(t, "members"), waiting: rapid.IntRange(0, 1<<30).Draw(t, "waiting"),
			handled: rapid.Uint64().Draw(t, "handled"), elapsed: time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "elapsed"))}
		is.backlog = is.waiting + rapid.IntRange(0, is.members).Draw(t, "in hand")
		want, calm := spec.decide(is, rapid.IntRange(0, spec.Calm-1).Draw(t, "calm so far"))
		if want < spec.Min || want > spec.Max || calm < 0 || calm >= spec.Calm {
			t.Fatalf("%d members, calm %d, of %+v and %+v", want, calm, spec, is)
		}
		if grows, shrinks := want > is.members && is.members >= spec.Min, want < is.members && is.members <= spec.Max; grows && !spec.tooFew(is) || shrinks && !spec.tooMany(is) {
			t.Fatalf("from %d to %d without a reason", is.members, want)
		}
		if spec.tooFew(is) && spec.tooMany(is) {
			t.Fatal("too few and too many")
		}
	})
}
