package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

// A tangle is one incarnation's view of its links and monitors. Its process alone uses it, so nothing in it is locked.
type tangle struct {
	log      *transcript
	inc      uint64
	open     map[bastion.Monitor]bastion.Span
	last     map[bastion.Monitor]uint64 // incarnation of the last Down, of EachIncarnation
	over     map[bastion.Monitor]bool   // fired for good, or ended by Demonitor
	unlinked map[bastion.Ref]bool       // Unlink was called, and not Link since
	downs    map[bastion.Ref]int
	blind    bool // count downs, and do not look at them
}

// tangleOp is a message that plays with links and monitors.
type tangleOp func(ctx *bastion.Context, v *tangle) error

func newTangle(log *transcript) *tangle {
	return &tangle{log: log, open: map[bastion.Monitor]bastion.Span{}, last: map[bastion.Monitor]uint64{},
		over: map[bastion.Monitor]bool{}, unlinked: map[bastion.Ref]bool{}, downs: map[bastion.Ref]int{}}
}

func (v *tangle) on(ctx *bastion.Context, msg any) error {
	if v.inc == 0 {
		v.inc = ctx.Incarnation()
	}
	switch m := msg.(type) {
	case tangleOp:
		return m(ctx, v)
	case bastion.Down:
		v.down(ctx, m)
	case bastion.Exit:
		if m.Linked && v.unlinked[m.From] {
			v.log.note("%v@%d: an Exit of %v after Unlink", ctx.Self(), v.inc, m.From)
		}
		if m.Reason == nil {
			v.log.note("an Exit without a reason")
		}
	default:
		return react(ctx, msg)
	}
	return nil
}

// down checks one Down: of a monitor of this incarnation, not over, and each end once.
func (v *tangle) down(ctx *bastion.Context, m bastion.Down) {
	span, known := v.open[m.Monitor]
	where := fmt.Sprintf("%v@%d: Down of %v@%d (%v)", ctx.Self(), v.inc, m.Ref, m.Incarnation, span)
	switch {
	case v.blind:
		v.downs[m.Ref]++
		return
	case v.over[m.Monitor]:
		v.log.note("%s: its monitor is over", where)
	case !known:
		v.log.note("%s: not a monitor of this incarnation", where)
	case m.Monitor.Ref() != m.Ref || m.Reason == nil:
		v.log.note("%s: wrong content %v", where, m)
	case span == bastion.EachIncarnation && m.Incarnation <= v.last[m.Monitor]:
		v.log.note("%s: after that of %d", where, v.last[m.Monitor])
	case span == bastion.UntilGone && !m.Gone:
		v.log.note("%s: not gone", where)
	}
	v.downs[m.Ref]++
	v.last[m.Monitor] = m.Incarnation
	if span != bastion.EachIncarnation || m.Gone {
		v.finish(m.Monitor)
	}
}

func (v *tangle) finish(m bastion.Monitor) {
	delete(v.open, m)
	v.over[m] = true
}

// tangleDo is one random act on another process.
func tangleDo(rng *rand.Rand, other bastion.Ref) tangleOp {
	what, span := rng.IntN(100), bastion.Span(rng.IntN(3))
	return func(ctx *bastion.Context, v *tangle) error {
		switch {
		case what < 20:
			if ctx.Self().ID() > other.ID() {
				return nil // or the one that unlinks could not know that the other has linked again
			}
			v.unlinked[other] = false
			return ctx.Link(other)
		case what < 35:
			ctx.Unlink(other)
			v.unlinked[other] = ctx.Self().ID() < other.ID()
		case what < 60:
			m, err := ctx.Monitor(other, span)
			if err == nil {
				v.open[m] = span
			}
			return err
		case what < 75:
			for m := range v.open {
				ctx.Demonitor(m)
				v.finish(m)
				break
			}
		case what < 80:
			ctx.TrapExits(what%2 == 0)
		case what < 85:
			return other.Exit(ctx, []error{errBoom, bastion.ErrNormal, bastion.ErrShutdown}[what%3])
		case what < 88:
			return ctx.Exit([]error{errBoom, nil, bastion.ErrShutdown}[what%3])
		case what < 90:
			panic("tangled up")
		}
		return nil
	}
}

// tangleKinds are children p0, p1, … of both kinds in turn.
func tangleKinds(n int, log *transcript) (specs []bastion.ChildSpec) {
	for i := range n {
		start := bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(newTangle(log).on) })
		if i%2 == 1 {
			start = bastion.Loop(func(ctx *bastion.Context) error {
				v := newTangle(log)
				for {
					msg, err := ctx.Recv()
					if err != nil {
						return err
					}
					if err := v.on(ctx, msg); err != nil {
						return err
					}
				}
			})
		}
		specs = append(specs, bastion.ChildSpec{Name: fmt.Sprint("p", i), Start: start})
	}
	return specs
}

// tangleRest waits until nothing moves: twice in a row everybody answers in the incarnation that it had.
func tangleRest(r *rig, refs []bastion.Ref) {
	r.t.Helper()
	var before []uint64
	for range 1000 {
		// Whatever an order, a kill or an end has put on the agenda before is dealt with when this is answered.
		err := rigIn(r.t, "Remove", func() error { return r.sup.Remove(context.Background(), "nobody") })
		if !errors.Is(err, bastion.ErrNoProcess) {
			r.t.Fatal(err)
		}
		var now []uint64
		for _, ref := range refs {
			inc, err := rigGet(r.t, "barrier", func() (uint64, error) { return bastion.Ask(context.Background(), ref, barrier{}) })
			switch {
			case errors.Is(err, bastion.ErrStopped):
				inc = tangleGone
			case err != nil:
				inc = 0 // it ended with the question in hand
			}
			now = append(now, inc)
		}
		if !slices.Contains(now, 0) && slices.Equal(now, before) {
			return
		}
		before = now
	}
	r.t.Fatal("does not come to rest")
}

// tangleGone stands for the incarnation of what has stopped for good.
const tangleGone = 1 << 32

// TestS10_Tangle has many processes link, monitor, trap, end and kill each other from all sides at once. Every incarnation
// checks that a Down or an Exit is one of its own, comes once, and not after Demonitor or Unlink. At rest both ends of
// every tie agree, and each open monitor fires when its subject is stopped for good.
func TestS10_Tangle(t *testing.T) {
	leaveNothing(t)
	const n, rounds = 10, 1500
	log := &transcript{t: t}
	r := rigOf(t, tangleKinds(n, log)...)
	var refs []bastion.Ref
	for i := range n {
		refs = append(refs, r.child(fmt.Sprint("p", i)))
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all sync.WaitGroup
	for d := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(d)))
			for range rounds {
				to, other := refs[rng.IntN(n)], refs[rng.IntN(n)]
				var err error
				switch rng.IntN(40) {
				case 0:
					err = to.Exit(context.Background(), bastion.ErrKilled)
				case 1:
					err = to.Exit(context.Background(), errBoom)
				default:
					err = to.Tell(context.Background(), tangleDo(rng, other))
				}
				if err != nil && !errors.Is(err, bastion.ErrNoProcess) {
					log.note("%v", err)
				}
				if rng.IntN(20) == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	all.Wait()
	tangleRest(r, refs)
	tangleAgree(t, r.sys, refs, func(ref bastion.Ref) int {
		return tangleAsk(r, ref, func(v *tangle) int { return len(v.open) })
	})
	tangleEnd(r, refs)
	log.want()
}

// tangleAgree checks at rest that both ends of every tie know of it. open is how many monitors a process knows of.
func tangleAgree(t *testing.T, sys *bastion.System, refs []bastion.Ref, open func(bastion.Ref) int) {
	t.Helper()
	made, on := 0, 0
	links := map[[2]string]int{}
	for _, ref := range refs {
		n, err := sys.Inspector().Node(ref.Path())
		if err != nil {
			t.Fatal(err)
		}
		made, on = made+n.Monitors, on+n.MonitoredBy
		if len(n.Links) != n.LinkCount {
			t.Errorf("%s: %d links, and names %v", n.Path, n.LinkCount, n.Links)
		}
		for _, other := range n.Links {
			links[[2]string{min(n.Path, other), max(n.Path, other)}]++
		}
		if own := open(ref); own != n.Monitors {
			t.Errorf("%s: %d monitors by the inspector, %d by itself", n.Path, n.Monitors, own)
		}
	}
	if made != on {
		t.Errorf("%d monitors made, %d on somebody", made, on)
	}
	for pair, n := range links {
		if n != 2 {
			t.Errorf("%v: %d of two ends know of the link", pair, n)
		}
	}
}

// tangleEnd stops all but the first for good, one after the other, and checks that each open monitor of the first on it
// fires exactly once.
func tangleEnd(r *rig, refs []bastion.Ref) {
	r.t.Helper()
	first := refs[0]
	tangleAsk(r, first, func(v *tangle) int { return 0 }, func(ctx *bastion.Context) { ctx.TrapExits(true) })
	for _, ref := range refs[1:] {
		var before, due int
		before = tangleAsk(r, first, func(v *tangle) int { return v.downs[ref] })
		due = tangleAsk(r, first, func(v *tangle) int {
			n := 0
			for m := range v.open {
				if m.Ref() == ref {
					n++
				}
			}
			return n
		})
		tangleRest(r, refs[:1])
		if err := rigIn(r.t, "Stop", func() error { return ref.Stop(context.Background()) }); err != nil {
			r.t.Error(err)
		}
		r.sync(first)
		if got := tangleAsk(r, first, func(v *tangle) int { return v.downs[ref] }) - before; got != due {
			r.t.Errorf("%v: %d downs, %d monitors were on it", ref, got, due)
		}
	}
}

func tangleAsk(r *rig, ref bastion.Ref, f func(v *tangle) int, also ...func(ctx *bastion.Context)) int {
	r.t.Helper()
	out := make(chan int, 1)
	err := ref.Tell(context.Background(), tangleOp(func(ctx *bastion.Context, v *tangle) error {
		for _, g := range also {
			g(ctx)
		}
		out <- f(v)
		return nil
	}))
	if err != nil {
		r.t.Fatal(err)
	}
	return rigRecv(r.t, "answer", out)
}
