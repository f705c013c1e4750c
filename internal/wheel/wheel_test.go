package wheel

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A thing is what the tests put in.
type thing struct {
	due int64
	n   int // in the order of adding
	off bool
}

func (t *thing) dead() bool { return t.off }

func newWheel() *Wheel[*thing] { return &Wheel[*thing]{Dead: (*thing).dead} }

// A model is the same, slowly: a list.
type model []*thing

// pop takes out what is due and alive, in order.
func (m *model) pop(now int64) (due []*thing) {
	var rest []*thing
	for _, t := range *m {
		switch {
		case t.off:
		case t.due <= now:
			due = append(due, t)
		default:
			rest = append(rest, t)
		}
	}
	*m = rest
	slices.SortStableFunc(due, func(a, b *thing) int {
		if a.due != b.due {
			return int(max(-1, min(1, a.due-b.due)))
		}
		return a.n - b.n
	})
	return due
}

// delays are of every size, so that every level and its borders are met.
func delays(t *rapid.T) int64 {
	bits := rapid.IntRange(0, 60).Draw(t, "bits")
	return rapid.Int64Range(0, 1<<bits).Draw(t, "delay")
}

func TestWheelAgainstAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, now, made := newWheel(), int64(0), 0
		var m model
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				x := &thing{due: now + delays(t), n: made}
				made++
				for range rapid.SampledFrom([]int{1, 1, 1, 100}).Draw(t, "times") {
					w.Add(x.due, x)
					m = append(m, x)
					x = &thing{due: x.due, n: made}
					made++
				}
			},
			"gone": func(t *rapid.T) {
				for range min(len(m), rapid.SampledFrom([]int{1, 200}).Draw(t, "times")) {
					x := m[rapid.IntRange(0, len(m)-1).Draw(t, "which")]
					if !x.off {
						x.off = true
						w.Gone(x.due)
					}
				}
			},
			"orphan": func(t *rapid.T) {
				k, modulo := 0, rapid.IntRange(1, 5).Draw(t, "modulo")
				for _, x := range m {
					if !x.off && x.n%modulo == 0 {
						x.off = true
						k++
					}
				}
				if w.Orphan(k) {
					w.Sweep()
				}
			},
			"pop": func(t *rapid.T) {
				if rapid.Bool().Draw(t, "jump") {
					if due, ok := w.Next(); ok && due > now {
						now = due
					}
				} else {
					now += delays(t)
				}
				room := make([]*thing, 0, rapid.IntRange(1, 64).Draw(t, "room"))
				var got []*thing
				for due, ok := w.Next(); ok && due <= now; due, ok = w.Next() {
					got = append(got, w.Pop(now, room[:0])...)
				}
				if want := m.pop(now); !slices.Equal(got, want) {
					t.Fatalf("at %d: got %d, want %d", now, len(got), len(want))
				}
			},
			"": func(t *rapid.T) {
				alive, next := 0, int64(math.MaxInt64)
				for _, x := range m {
					if !x.off {
						alive++
						next = min(next, x.due)
					}
				}
				if due, ok := w.Next(); alive > 0 && (!ok || due > next) {
					t.Fatalf("Next is %d, %v; the next is due at %d", due, ok, next)
				}
				if w.Len() < alive {
					t.Fatalf("%d entries, of which %d are alive", w.Len(), alive)
				}
			},
		})
	})
}

// What is dead is a bounded part of what is kept.
func TestWheelForgetsTheDead(t *testing.T) {
	for _, far := range []int64{1, 1 << 30, 1 << 40, 1 << 50} {
		w := newWheel()
		for i := range 100_000 {
			x := &thing{due: far + int64(i)*far/1000}
			w.Add(x.due, x)
			x.off = true
			w.Gone(x.due)
		}
		if w.Len() > levels*slots*2*minDead {
			t.Errorf("%d entries are kept of which none is alive, at %d ns", w.Len(), far)
		}
	}
}

func TestWheelForgetsOrphans(t *testing.T) {
	w := newWheel()
	for i := range 100_000 {
		x := &thing{due: int64(i) << 25, off: true}
		w.Add(x.due, x)
		if w.Orphan(1) {
			w.Sweep()
		}
	}
	if w.Len() > 2*minDead {
		t.Errorf("%d entries are kept of which none is alive", w.Len())
	}
}

func TestWheelAllocatesNothingWhenWarm(t *testing.T) {
	w, now, batch := newWheel(), int64(0), make([]*thing, 0, 8)
	x := &thing{}
	turn := func() {
		w.Add(now+3<<tickBits, x)
		now += 4 << tickBits
		if len(w.Pop(now, batch)) != 1 {
			t.Fatal("not due")
		}
	}
	for range 1000 {
		turn()
	}
	if n := testing.AllocsPerRun(1000, turn); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
