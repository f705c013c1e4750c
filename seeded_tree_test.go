package bastion_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// stamped is a message that its receiver checks for order (D1, D2), and then does what it says.
type stamped struct {
	from string
	n    int
	act  func(ctx *bastion.Context) error
}

// relay is a question that its receiver may have to pass on to others first.
type relay struct {
	bastion.Returns[int]
	route []bastion.Ref
	later bool // by AskThen
}

// A seededTree is a middle-sized tree of both kinds of processes under all strategies, and what happens to it.
type seededTree struct {
	*seededRig
	last    map[string]int // the last number that a receiver had of a sender
	starts  map[string]int // lives under way, by path
	buried  int            // AfterStop callbacks
	refs    []bastion.Ref
	clients int
}

func (x *seededTree) receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case stamped:
		key := m.from + " to " + ctx.Self().Path()
		if m.n <= x.last[key] {
			x.t.Errorf("%s: %d after %d", key, m.n, x.last[key])
		}
		x.last[key] = m.n
		if m.act != nil {
			return m.act(ctx)
		}
		return nil
	case relay:
		return x.pass(ctx, m)
	}
	return ctx.Unhandled()
}

// pass asks the next on the route, and answers with how many there were.
func (x *seededTree) pass(ctx *bastion.Context, m relay) error {
	if len(m.route) == 0 {
		return m.Reply(ctx, 1)
	}
	next := relay{route: m.route[1:], later: m.later}
	if m.later {
		if err := m.Hold(ctx); err != nil {
			return err
		}
		inc := ctx.Incarnation()
		err := bastion.AskThen(ctx, m.route[0], next, func(ctx *bastion.Context, n int, err error) error {
			if ctx.Incarnation() != inc {
				x.t.Errorf("%v: the answer of incarnation %d came to %d", ctx.Self(), inc, ctx.Incarnation())
			}
			if err != nil {
				return ignore(m.Fail(ctx, err))
			}
			return ignore(m.Reply(ctx, n+1))
		})
		if err != nil {
			return ignore(m.Fail(ctx, err))
		}
		return nil
	}
	n, err := bastion.Ask(ctx, m.route[0], next)
	if err != nil {
		return ignore(m.Fail(ctx, err))
	}
	return ignore(m.Reply(ctx, n+1))
}

// ignore is for answers that come too late for somebody.
func ignore(error) error { return nil }

func (x *seededTree) handler(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Shutdown: time.Second, Start: withHooks(hooked{
		start: func(ctx *bastion.Context) error { x.begins(ctx); return nil },
		stop:  func(ctx *bastion.Context, _ error) error { x.ends(ctx); return nil },
		on:    x.receive,
	})}
}

func (x *seededTree) loop(name string) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Shutdown: time.Second, Start: bastion.Loop(func(ctx *bastion.Context) error {
		x.begins(ctx)
		defer x.ends(ctx)
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := x.receive(ctx, msg); err != nil {
				return err
			}
		}
	})}
}

// begins and ends hold that no child runs twice at the same time (S5).
func (x *seededTree) begins(ctx *bastion.Context) {
	path := ctx.Self().Path()
	if x.starts[path] == int(ctx.Incarnation()) {
		x.t.Errorf("%s: incarnation %d begins twice", path, ctx.Incarnation())
	}
	x.starts[path] = int(ctx.Incarnation())
}

func (x *seededTree) ends(ctx *bastion.Context) {
	if path := ctx.Self().Path(); x.starts[path] != int(ctx.Incarnation()) {
		x.t.Errorf("%s: incarnation %d ends while %d runs", path, ctx.Incarnation(), x.starts[path])
	}
}

func (x *seededTree) spec() bastion.SupervisorSpec {
	group := x.handler("group")
	group.Count = 6
	group.Intensity = bastion.Unlimited
	group.Backoff = bastion.Exponential{First: time.Second, Jitter: 0.5}
	mortal := x.handler("mortal")
	mortal.Callbacks.AfterStop = func(bastion.Failure) { x.buried++ }
	slow := x.loop("slow")
	slow.Backoff = bastion.Linear{First: time.Second, Step: time.Second, Jitter: 1}
	return bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
		group, mortal, slow,
		{Name: "all", Start: bastion.Subtree(bastion.SupervisorSpec{Strategy: bastion.OneForAll, Intensity: bastion.Unlimited,
			Children: []bastion.ChildSpec{x.handler("a"), x.loop("b"), x.handler("c")}})},
		{Name: "rest", Start: bastion.Subtree(bastion.SupervisorSpec{Strategy: bastion.RestForOne, Intensity: bastion.Unlimited,
			Children: []bastion.ChildSpec{x.loop("a"), x.handler("b"), x.loop("c")}})},
		x.handler("h1"), x.handler("h2"), x.loop("l1"), x.loop("l2"),
	}}
}

// act draws what a message does to its receiver.
func (x *seededTree) act(random *rand.Rand) func(ctx *bastion.Context) error {
	other := x.refs[random.IntN(len(x.refs))]
	d := time.Duration(random.IntN(3000)) * time.Millisecond
	switch random.IntN(26) {
	case 0:
		return func(*bastion.Context) error { return errBoom }
	case 1:
		return func(*bastion.Context) error { panic("boom") }
	case 2:
		return func(*bastion.Context) error { runtime.Goexit(); return nil }
	case 3:
		return func(ctx *bastion.Context) error { return ctx.Sleep(d) }
	case 4:
		return func(ctx *bastion.Context) error {
			return ctx.Go(func(ctx *bastion.Context) error {
				if err := ctx.Sleep(d); err != nil {
					return err
				}
				return errBoom
			})
		}
	case 5:
		return func(ctx *bastion.Context) error { _, err := bastion.Ask(ctx, other, relay{}); return ignore(err) }
	case 6:
		return func(ctx *bastion.Context) error { return ignore(other.Kill(ctx)) }
	case 7:
		return func(ctx *bastion.Context) error { return ignore(other.Drain(ctx)) }
	case 8:
		return func(ctx *bastion.Context) error { return ignore(ctx.Link(other)) }
	case 9:
		return func(ctx *bastion.Context) error {
			_, err := ctx.Monitor(other, bastion.EachIncarnation)
			return ignore(err)
		}
	case 10:
		return func(ctx *bastion.Context) error {
			return ignore(ctx.Supervisor().Restart(ctx, other.Name()))
		}
	}
	return nil
}

// client is one of those who send from outside.
func (x *seededTree) client(name string, seed uint64, messages int) {
	defer func() { x.clients-- }()
	random := rand.New(rand.NewPCG(seed, uint64(len(name))))
	ctx := context.Background()
	for n := 1; n <= messages; n++ {
		to := x.refs[random.IntN(len(x.refs))]
		switch random.IntN(8) {
		case 0:
			route := []bastion.Ref{x.refs[random.IntN(len(x.refs))], x.refs[random.IntN(len(x.refs))]}
			late, cancel := x.sys.Timeout(ctx, time.Duration(random.IntN(5000))*time.Millisecond)
			got, err := bastion.Ask(late, to, relay{route: route, later: random.IntN(2) == 0})
			cancel()
			if err == nil && got != 3 {
				x.t.Errorf("an answer of %d", got)
			}
		case 1:
			x.revive(ctx, to)
		default:
			err := to.Tell(ctx, stamped{from: name, n: n, act: x.act(random)})
			if err != nil && !errors.Is(err, bastion.ErrStopped) {
				x.t.Errorf("Tell: %v", err)
			}
		}
	}
}

// revive starts a child again that was stopped on purpose.
func (x *seededTree) revive(ctx context.Context, ref bastion.Ref) {
	path := strings.Split(ref.Path(), "/")
	sup := x.sup
	for _, name := range path[3 : len(path)-1] {
		if sup = sup.Supervisor(name); sup == nil {
			return // a member of the group
		}
	}
	if err := sup.Restart(ctx, ref.Name()); err != nil && !errors.Is(err, bastion.ErrStopped) {
		x.t.Errorf("Restart %v: %v", ref, err)
	}
}

// seededStorm runs the tree under one seed, with failures of every kind, and returns the trace.
func seededStorm(t *testing.T, seed uint64, messages int) string {
	x := &seededTree{last: make(map[string]int), starts: make(map[string]int)}
	x.seededRig = &seededRig{t: t}
	return seeded(t, executor.SeededConfig{Seed: seed}, x.spec(), func(r *seededRig) {
		x.seededRig = r
		x.refs = append(x.refs, r.sup.Group("group").Members()...)
		for _, name := range []string{"mortal", "slow", "h1", "h2", "l1", "l2"} {
			x.refs = append(x.refs, r.sup.Child(name))
		}
		for _, sub := range []string{"all", "rest"} {
			for _, name := range []string{"a", "b", "c"} {
				x.refs = append(x.refs, r.sup.Supervisor(sub).Child(name))
			}
		}
		for i := range 3 {
			x.clients++
			name := strings.Repeat("x", i+1)
			r.Go("client "+name, func() { x.client(name, seed, messages) })
		}
		r.until("the clients", func() bool { return x.clients == 0 })
	})
}

// TestE7_ManySeedsOfATree runs a tree of 18 processes through failures of all kinds in many orders. The books, the
// order of messages, that no child lives twice, that every ask and every order comes back and that nothing is left is
// checked in each.
func TestE7_ManySeedsOfATree(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		seededStorm(t, seed, 60)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

const seededChild = "BASTION_TEST_SEEDED_CHILD"

func TestE7_SameSeedSameTraceInAnyProcess(t *testing.T) {
	digest := func() (sums string) {
		for seed := range uint64(5) {
			sums += fmt.Sprintf("seed %d: %x\n", seed, sha256.Sum256([]byte(seededStorm(t, seed, 100))))
		}
		return sums
	}
	first := digest()
	if os.Getenv(seededChild) != "" {
		fmt.Print(first)
		return
	}
	for seed := range uint64(5) {
		a, b := seededStorm(t, seed, 100), seededStorm(t, seed, 100)
		if a != b {
			t.Errorf("seed %d, in the same process: %s", seed, firstDifference(a, b))
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), seededChild+"=1", "GOMAXPROCS=3")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.HasPrefix(string(out), first) {
		t.Errorf("here\n%sin a fresh process\n%s", first, out)
	}
}

// firstDifference is the first line in which two texts differ, of both.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d:\n%s\n%s", i, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}
