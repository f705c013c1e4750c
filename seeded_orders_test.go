package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// An orderStorm is a tree of every kind of child, and orders of every kind for it from everywhere: from outside, from
// handlers, loops, start and stop hooks and callbacks.
type orderStorm struct {
	*seededRig
	random *rand.Rand
	lives  map[string]int // running incarnations, by path
	names  int
	busy   int            // clients
	done   map[string]int // orders that were carried out
}

// hook gives an order now and then.
func (x *orderStorm) hook(ctx context.Context, n int) {
	if x.random.IntN(n) == 0 && x.sup != nil {
		x.order(ctx)
	}
}

func (x *orderStorm) behavior() bastion.Behavior {
	begin := func(ctx *bastion.Context) error {
		x.hook(ctx, 12)
		if x.random.IntN(12) == 0 {
			return errBoom
		}
		return nil
	}
	if x.random.IntN(2) == 0 {
		return bastion.Loop(func(ctx *bastion.Context) error {
			path := ctx.Self().Path()
			if x.lives[path]++; x.lives[path] != 1 {
				x.t.Errorf("%s lives %d times", path, x.lives[path])
			}
			defer func() { x.lives[path]-- }()
			if err := begin(ctx); err != nil {
				return err
			}
			return serve(ctx)
		})
	}
	end := func(ctx *bastion.Context, _ error) error { x.hook(ctx, 12); return nil }
	return withHooks(hooked{start: begin, stop: end})
}

func (x *orderStorm) pickRestart() bastion.RestartType {
	return bastion.RestartType(x.random.IntN(3))
}

func (x *orderStorm) intensity() bastion.Intensity {
	switch x.random.IntN(5) {
	case 0:
		return bastion.Unlimited
	case 1:
		return bastion.Intensity{Max: 1, Within: time.Second, Exceeded: bastion.RetryLater}
	case 2:
		return bastion.Intensity{Max: 2, Within: time.Second, Exceeded: bastion.GiveUpChild}
	}
	return bastion.Intensity{Max: 3, Within: time.Second}
}

func (x *orderStorm) tree() bastion.TreeCallbacks {
	hook := func(ctx context.Context) error {
		if x.random.IntN(10) == 0 {
			return errBoom
		}
		return nil
	}
	return bastion.TreeCallbacks{
		BeforeStart:   func(ctx context.Context, _ string) error { x.hook(ctx, 8); return nil },
		AfterStart:    func(ctx context.Context, _ string) error { x.hook(ctx, 8); return nil },
		BeforeRestart: func(ctx context.Context, _ bastion.Failure) error { return hook(ctx) },
		AfterRestart:  func(ctx context.Context, _ bastion.Failure) error { x.hook(ctx, 8); return hook(ctx) },
	}
}

func (x *orderStorm) child(depth int) bastion.ChildSpec {
	x.names++
	c := bastion.ChildSpec{Name: fmt.Sprintf("c%d", x.names), Restart: x.pickRestart()}
	if x.random.IntN(4) == 0 {
		c.Backoff = bastion.Constant{Delay: time.Duration(x.random.IntN(3)) * time.Second}
	}
	if x.random.IntN(6) == 0 {
		c.Tries = 2
	}
	if x.random.IntN(5) == 0 {
		c.Conditions = []bastion.Condition{{Is: errBoom, Attempts: 1, Then: bastion.Outcome(1 + x.random.IntN(4))}}
	}
	switch x.random.IntN(8) {
	case 0:
		c.Shutdown = bastion.BrutalKill
	case 1:
		c.StartTimeout = time.Second
	case 2:
		c.Shutdown = time.Second
	}
	if x.random.IntN(5) == 0 {
		c.Callbacks.AfterStop = func(bastion.Failure) {}
	}
	if depth > 0 && x.random.IntN(3) == 0 {
		c.Start = bastion.Subtree(x.super(depth - 1))
		c.Callbacks = bastion.Callbacks{}
		return c
	}
	c.Start = x.behavior()
	if x.random.IntN(5) == 0 {
		c.Count = 1 + x.random.IntN(3)
		c.Intensity = x.intensity()
	}
	return c
}

func (x *orderStorm) super(depth int) bastion.SupervisorSpec {
	s := bastion.SupervisorSpec{Strategy: bastion.Strategy(x.random.IntN(3)), Intensity: x.intensity()}
	s.AutoShutdown = bastion.AutoShutdown(x.random.IntN(3))
	if x.random.IntN(3) == 0 {
		s.Callbacks = x.tree()
	}
	for range x.random.IntN(4) {
		c := x.child(depth)
		c.Significant = s.AutoShutdown != bastion.NoAutoShutdown && c.Restart != bastion.Permanent && c.Count == 0 && x.random.IntN(3) == 0
		s.Children = append(s.Children, c)
	}
	return s
}

// any picks a supervisor and a name of a child of it; "" if there is none.
func (x *orderStorm) any() (*bastion.Supervisor, bastion.Child) {
	sup := x.sup
	for {
		children := sup.Children()
		if len(children) == 0 {
			return sup, bastion.Child{}
		}
		c := children[x.random.IntN(len(children))]
		if c.Supervisor == nil || x.random.IntN(3) == 0 {
			return sup, c
		}
		sup = c.Supervisor
	}
}

// order gives a random order.
func (x *orderStorm) order(ctx context.Context) {
	sup, c := x.any()
	what, err := x.give(ctx, sup, c)
	var start *bastion.StartError
	var spec *bastion.SpecError
	switch {
	case err == nil:
		x.done[what]++
	case errors.Is(err, bastion.ErrPending), errors.Is(err, bastion.ErrStopped), errors.Is(err, bastion.ErrNoProcess),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, bastion.ErrEnded), errors.Is(err, bastion.ErrNotStarted),
		errors.As(err, &start), errors.As(err, &spec):
	default:
		x.t.Errorf("%s of %s in %s: %v", what, c.Name, sup.Path(), err)
	}
}

func (x *orderStorm) give(ctx context.Context, sup *bastion.Supervisor, c bastion.Child) (string, error) {
	at := bastion.Position{}
	if x.random.IntN(2) == 0 {
		at.Before = c.Name
	}
	n := x.random.IntN(20)
	switch {
	case c.Name == "" || n == 0:
		_, err := sup.Insert(ctx, x.child(1), bastion.Position{})
		return "Insert", err
	case n == 1:
		_, err := sup.Insert(ctx, x.child(1), at)
		return "Insert", err
	case n == 2:
		return "Move", sup.Move(ctx, c.Name, at)
	case n == 3:
		return "Remove", sup.Remove(ctx, c.Name)
	case n < 8:
		return "Restart", sup.Restart(ctx, c.Name)
	case n == 8:
		spec := sup.Spec()
		spec.Strategy, spec.Intensity = bastion.Strategy(x.random.IntN(3)), x.intensity()
		return "Change", sup.Change(ctx, spec)
	case n == 9:
		spec, err := sup.ChildSpec(c.Name)
		if err != nil {
			return "ChildSpec", err
		}
		spec.Restart, spec.Tries = x.pickRestart(), x.random.IntN(3)
		return "ChangeChild", sup.ChangeChild(ctx, c.Name, spec)
	case c.Supervisor != nil:
		return "end of a subtree", []func(context.Context) error{c.Supervisor.Stop, c.Supervisor.Drain, c.Supervisor.Kill}[n%3](ctx)
	case c.Group != nil:
		return x.group(ctx, c.Group, n)
	}
	return x.process(ctx, c.Ref, n)
}

func (x *orderStorm) group(ctx context.Context, g *bastion.Group, n int) (string, error) {
	switch m := g.Members(); {
	case n < 12:
		_, err := g.Spawn(ctx)
		return "Spawn", err
	case n < 17 && len(m) > 0:
		return x.process(ctx, m[x.random.IntN(len(m))], n)
	case n == 17:
		return "Restart of a group", g.Restart(ctx)
	}
	return "end of a group", []func(context.Context) error{g.Stop, g.Drain, g.Kill}[n%3](ctx)
}

func (x *orderStorm) process(ctx context.Context, ref bastion.Ref, n int) (string, error) {
	switch n {
	case 10:
		return "Stop", ref.Stop(ctx)
	case 11:
		return "Drain", ref.Drain(ctx)
	case 12:
		return "Kill", ref.Kill(ctx)
	case 13:
		return "Restart of a process", ref.Restart(ctx)
	case 14:
		return "an order from inside", ref.Tell(ctx, do(func(ctx *bastion.Context) error { x.order(ctx); return nil }))
	case 15:
		return "a normal end", ref.Exit(ctx, bastion.ErrNormal)
	}
	return "a failure", ref.Tell(ctx, fail{})
}

// settled says what is not as it should be when nothing happens any more.
func (x *orderStorm) settled(sup *bastion.Supervisor) {
	for _, c := range sup.Children() {
		switch c.State {
		case bastion.StateStarting, bastion.StateStopping, bastion.StateWaiting:
			x.t.Errorf("%s is %v for ever", c.Path, c.State)
		}
		if c.Supervisor != nil {
			x.settled(c.Supervisor)
		}
	}
}

// TestS8_RandomOrdersFromEverywhere gives orders of every kind from everywhere in many orders of events: each order
// is answered, no child lives twice, everything comes to rest, and the books balance.
func TestS8_RandomOrdersFromEverywhere(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 30
	}
	done := make(map[string]int)
	for seed := range seeds {
		orderStormOf(t, seed, done)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
	if len(done) != orderKinds {
		t.Errorf("%d kinds of orders were carried out, of %d: %v", len(done), orderKinds, done)
	}
}

// orderKinds is how many different verbs give knows.
const orderKinds = 17

func orderStormOf(t *testing.T, seed uint64, done map[string]int) {
	x := &orderStorm{random: rand.New(rand.NewPCG(seed, 4)), lives: make(map[string]int), done: done}
	x.seededRig = &seededRig{t: t}
	top := x.super(2)
	top.Intensity, top.Callbacks = bastion.Unlimited, bastion.TreeCallbacks{}
	top.AutoShutdown = bastion.NoAutoShutdown
	for i := range top.Children {
		top.Children[i].Significant = false
		top.Children[i].Conditions = append(top.Children[i].Conditions, bastion.Condition{Is: errBoom, Then: bastion.StopChild})
	}
	seeded(t, executor.SeededConfig{Seed: seed}, bastion.SupervisorSpec{Intensity: bastion.Unlimited}, func(r *seededRig) {
		x.seededRig = r
		_, err := r.sup.Insert(context.Background(), bastion.ChildSpec{Name: "top", Start: bastion.Subtree(top)}, bastion.Position{})
		var start *bastion.StartError
		if err != nil && !errors.As(err, &start) && !errors.Is(err, bastion.ErrStopped) { // by an order of a hook
			t.Error(err)
		}
		for i := range 3 {
			x.busy++
			r.Go(fmt.Sprint("client ", i), func() {
				defer func() { x.busy-- }()
				for range 20 {
					ctx, cancel := r.sys.Timeout(context.Background(), time.Minute)
					x.order(ctx)
					if ctx.Err() != nil {
						t.Error("an order took a minute")
					}
					cancel()
				}
			})
		}
		r.until("the clients", func() bool { return x.busy == 0 })
		rest := false
		r.Clock().AfterFunc(time.Hour, func() { rest = true })
		r.until("rest", func() bool { return rest })
		x.settled(r.sup)
	})
	for path, n := range x.lives {
		if n != 0 {
			t.Errorf("%s lives %d times after the end", path, n)
		}
	}
}
