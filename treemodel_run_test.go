package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
	"pgregory.net/rapid"
)

// A treeStep is one act. Its numbers are taken modulo what there is to choose from when its turn comes, so that a script
// stays one whatever rapid leaves out of it.
type treeStep struct {
	Act, Who, Other, Kind, Inside int
}

// A treeScript is a tree and what happens to it.
type treeScript struct {
	Seed     uint64
	Strategy int
	Kids     []treeStep
	Steps    []treeStep
}

func drawTreeScript(rt *rapid.T) treeScript {
	step := rapid.Custom(func(rt *rapid.T) treeStep {
		n := func(name string) int { return rapid.IntRange(0, 63).Draw(rt, name) }
		return treeStep{rapid.IntRange(0, len(treeActs)-1).Draw(rt, "act"), n("who"), n("other"), n("kind"), n("inside")}
	})
	return treeScript{
		Seed:     rapid.Uint64Range(0, 1<<20).Draw(rt, "seed"),
		Strategy: rapid.IntRange(0, 2).Draw(rt, "strategy"),
		Kids:     rapid.SliceOfN(step, 1, 5).Draw(rt, "kids"),
		Steps:    rapid.SliceOfN(step, 1, 25).Draw(rt, "steps"),
	}
}

// A treeRun is the model beside the real thing.
type treeRun struct {
	*seededRig
	*treeModel
	events   *bastion.Subscription[bastion.Event]
	lines    []string
	said     []string // the acts so far
	names    int
	before   map[string]int // starts before anybody looked at events
	anyOrder bool           // of what happened since the last look
	fault    string
	bad      map[string]int // starts that will fail, by path
	race     *raceRun       // nil: one act after the other
}

// TestModel_Tree plays scripts of the public API on a real system and on the model: failures of all kinds, orders from
// outside and from inside of children, several stops at once, and starts that fail. After each step, when nothing moves
// any more, it compares who was started and stopped in which order, who is up in which incarnation, and the lists of
// children; at the end also the events, and the books. Each script runs in the order that its seed says.
func TestModel_Tree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := drawTreeScript(rt)
		if fault := playTree(t, script); fault != "" {
			rt.Fatalf("%s", fault)
		}
	})
}

func playTree(t *testing.T, script treeScript) string {
	m := &treeModel{badStarts: map[string]int{}, started: map[string]int{}, gaveUp: map[string]int{}}
	m.root = &branch{m: m, name: "sup", max: 1 << 30, strategy: bastion.Strategy(script.Strategy)}
	x := &treeRun{treeModel: m, bad: map[string]int{}}
	for _, k := range script.Kids {
		m.root.add(x.sprout(k, 2), len(m.root.kids)).declare()
	}
	spec := x.spec(m.root)
	seeded(t, executor.SeededConfig{Seed: script.Seed}, spec, func(r *seededRig) {
		x.seededRig = r
		x.events = r.sys.Events(1 << 14)
		m.root.start()
		x.before = maps.Clone(m.started)
		x.compare("the start")
		for _, s := range script.Steps {
			if x.fault != "" {
				return
			}
			x.step(s)
		}
		m.root.stop()
	})
	if x.fault == "" {
		x.compareEvents()
	}
	return x.fault
}

func (x *treeRun) fail(format string, args ...any) {
	if x.fault == "" {
		x.fault = fmt.Sprintf(format, args...) + "\nafter\n\t" + strings.Join(x.said, "\n\t")
	}
}

// settle waits until nothing can go on: only then does the clock move.
func (x *treeRun) settle(d time.Duration) {
	over := false
	x.Clock().AfterFunc(d, func() { over = true })
	x.until("rest", func() bool { return over })
}

// compare looks, at rest, whether the real tree is where the model is.
func (x *treeRun) compare(what string) {
	x.settle(time.Millisecond)
	x.said = append(x.said, what)
	got, want := calm(x.lines), calm(x.trace)
	if x.anyOrder {
		slices.Sort(got)
		slices.Sort(want)
	}
	x.lines, x.trace, x.anyOrder = nil, nil, false
	if !slices.Equal(got, want) {
		x.fail("%s: happened\n\t%s\nmodel\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	for _, b := range x.root.reachable() {
		n, err := x.sys.Inspector().Node(b.path())
		switch {
		case err != nil:
			x.fail("%s: %v", what, err)
		case b.up != (n.State == bastion.StateRunning) || !b.up && n.State != bastion.StateStopped && n.State != bastion.StateDeclared:
			x.fail("%s: %s is %v; model: up %v, stopped %v, finished %v", what, b.path(), n.State, b.up, b.stopped, b.finished)
		case b.process && n.Incarnation != uint64(b.inc):
			x.fail("%s: %s is in incarnation %d, model %d", what, b.path(), n.Incarnation, b.inc)
		case !b.process && b.up:
			x.compareChildren(what, b, n)
		}
	}
}

func (x *treeRun) compareChildren(what string, b *branch, n bastion.Node) {
	var got, want []string
	for _, c := range n.Children {
		got = append(got, c.Name)
	}
	active := 0
	for _, k := range b.present() {
		want = append(want, k.name)
		if k.up {
			active++
		}
	}
	if b.group {
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		x.fail("%s: children of %s: %q, model %q", what, b.path(), got, want)
		return
	}
	if b.group {
		return
	}
	if c := x.super(b).Count(); c.Specs != len(want) || c.Active != active {
		x.fail("%s: %s counts %+v; model: %d, %d active", what, b.path(), c, len(want), active)
	}
}

// calm brings members of a group that stop together into one order.
func calm(lines []string) []string {
	lines = slices.Clone(lines)
	key := func(s string) string {
		path, _, _ := strings.Cut(s, "@")
		if i := strings.LastIndexByte(path, '/'); strings.HasPrefix(s, "stop ") && strings.HasPrefix(parentName(path), "g") {
			return path[:i]
		}
		return ""
	}
	for i := 0; i < len(lines); i++ {
		j := i + 1
		for j < len(lines) && key(lines[i]) != "" && key(lines[j]) == key(lines[i]) {
			j++
		}
		slices.Sort(lines[i:j])
		i = j - 1
	}
	return lines
}

// compareEvents counts, after the end, the events of starts and of supervisors that gave up.
func (x *treeRun) compareEvents() {
	started, gaveUp := map[string]int{}, map[string]int{}
	for e := range x.events.C() {
		switch {
		case e.Kind == bastion.EventEscalated:
			gaveUp[e.Path]++
		case e.Kind == bastion.EventStarted && x.started[e.Path] > 0:
			started[e.Path]++
		}
	}
	for path, n := range x.started {
		if e := started[path] + x.before[path]; e != n {
			x.fail("%s: %d events of starts, model %d", path, e, n)
		}
	}
	if fmt.Sprint(gaveUp) != fmt.Sprint(x.gaveUp) {
		x.fail("gave up: %v, model %v", gaveUp, x.gaveUp)
	}
}

// sprout makes a child out of the numbers of a step; a tree may be so many levels deep.
func (x *treeRun) sprout(s treeStep, depth int) *branch {
	x.names++
	b := &branch{restart: bastion.RestartType(s.Who % 3), max: s.Kind % 4}
	switch kind := s.Kind % 8; {
	case kind == 7:
		b.name, b.group, b.count, b.restart, b.max = "g", true, 2, bastion.Permanent, 2
	case kind >= 5 && depth > 0:
		b.name, b.strategy = "t", bastion.Strategy(s.Other%3)
		for i := range 1 + s.Other%3 {
			b.m = x.treeModel
			b.add(x.sprout(treeStep{Kind: s.Kind/8 + 3*i, Who: s.Who/3 + i, Other: s.Other / 3, Inside: s.Inside / 2}, depth-1), i).declare()
		}
	default:
		b.name, b.process, b.loop = "p", true, s.Inside%4 >= 2
	}
	b.name += fmt.Sprint(x.names)
	return b
}

// intensity is one that forgets within an hour.
func intensity(restarts int) bastion.Intensity {
	if restarts == 0 {
		return bastion.NoRestarts
	}
	return bastion.Intensity{Max: restarts, Within: time.Hour}
}

func (x *treeRun) spec(b *branch) bastion.SupervisorSpec {
	spec := bastion.SupervisorSpec{Name: b.name, Strategy: b.strategy, Intensity: intensity(b.max)}
	for _, k := range b.kids {
		spec.Children = append(spec.Children, x.childSpec(k))
	}
	if x.race != nil && b.parent != nil {
		spec.Callbacks = x.race.treeCallbacks()
	}
	return spec
}

func (x *treeRun) childSpec(b *branch) bastion.ChildSpec {
	spec := bastion.ChildSpec{Name: b.name, Restart: b.restart}
	switch {
	case b.group:
		spec.Start, spec.Count, spec.Intensity = x.behavior(b), b.count, intensity(b.max)
	case b.process:
		spec.Start, spec.WaitReady = x.behavior(b), b.loop
	default:
		spec.Start = bastion.Subtree(x.spec(b))
		return spec
	}
	if x.race != nil {
		spec.Callbacks = x.race.callbacks()
	}
	return spec
}

// behavior notes starts and stops, and fails the starts that are to fail.
func (x *treeRun) behavior(b *branch) bastion.Behavior {
	note := func(ctx *bastion.Context, what string) {
		x.lines = append(x.lines, fmt.Sprintf("%s %s@%d", what, ctx.Self().Path(), ctx.Incarnation()))
	}
	start := func(ctx *bastion.Context) error {
		note(ctx, "start")
		if x.race != nil {
			x.race.saw(ctx, true)
			x.race.fire(ctx, fromStartHook, ctx.Self().Path())
		}
		if path := ctx.Self().Path(); x.bad[path] > 0 {
			x.bad[path]--
			return errBoom
		}
		return nil
	}
	stop := func(ctx *bastion.Context, _ error) error {
		note(ctx, "stop")
		if x.race != nil {
			x.race.saw(ctx, false)
			x.race.fire(ctx, fromStopHook, ctx.Self().Path())
		}
		return nil
	}
	if !b.loop {
		return withHooks(hooked{start: start, stop: stop})
	}
	return bastion.Loop(func(ctx *bastion.Context) error {
		if err := start(ctx); err != nil {
			return err
		}
		ctx.Ready()
		defer func() {
			if !errors.Is(context.Cause(ctx), bastion.ErrKilled) {
				_ = stop(ctx, nil)
			}
		}()
		return serve(ctx)
	})
}

// ruins is how a process ends by itself: what it does, whether that is a failure, and whether its stop hook runs.
var ruins = []struct {
	name          string
	f             func(ctx *bastion.Context) error
	failed, asked bool
}{
	{"error", func(*bastion.Context) error { return errBoom }, true, true},
	{"panic", func(*bastion.Context) error { panic("boom") }, true, true},
	{"goexit", func(*bastion.Context) error { runtime.Goexit(); return nil }, true, true},
	{"panic in ctx.Go", func(ctx *bastion.Context) error {
		return ctx.Go(func(*bastion.Context) error { panic("boom") })
	}, true, true},
	{"exit boom", func(ctx *bastion.Context) error { return ctx.Exit(errBoom) }, true, true},
	{"exit normal", func(ctx *bastion.Context) error { return ctx.Exit(nil) }, false, true},
	{"exit shutdown", func(ctx *bastion.Context) error { return ctx.Exit(bastion.ErrShutdown) }, false, true},
	{"signal to itself", func(ctx *bastion.Context) error { return ctx.Self().Exit(ctx, errBoom) }, true, true},
	{"kill signal to itself", func(ctx *bastion.Context) error { return ctx.Self().Exit(ctx, bastion.ErrKilled) }, true, false},
}
