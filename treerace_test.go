package bastion_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
	"pgregory.net/rapid"
)

// A racePlace is where an act is given from.
type racePlace int

const (
	fromOutside racePlace = iota
	fromReceive
	fromStartHook
	fromStopHook
	fromCallback // BeforeStart, AfterStart, BeforeRestart, AfterRestart
	fromAfterStop
	fromTreeCallback
	racePlaces
)

func (p racePlace) String() string {
	return [...]string{"outside", "Receive", "start hook", "stop hook", "callback", "AfterStop", "tree callback"}[p]
}

// A raceAct is one of the acts that race: what it does to the real tree, and what to a model. An order is answered.
type raceAct struct {
	what   string
	real   func(ctx context.Context) error
	model  func(m *treeModel)
	soft   bool // the end of an incarnation, which may be another's doing as well
	inside bool // a process gives it
	given  bool
	done   bool
	err    error
}

// A raceRun is a treeRun whose acts race.
type raceRun struct {
	*treeRun
	acts    []*raceAct
	armed   map[string][]*raceAct  // by hook and path
	current map[bastion.Ref]uint64 // the incarnation that started last
	fallen  map[bastion.Ref]uint64 // the last that was made to fail
	spoilt  bool
	models  []*treeModel // in one of these the tree is; they differ in what cannot be seen
}

// TestModel_Races is TestModel_Tree with acts that race: up to four at once, failures among them and starts that fail, given
// from outside, from inside children's Receive, from their start and stop hooks, and from the callbacks of processes and
// supervisors. At rest each order that was given has been answered, with an answer that is allowed; no two incarnations
// of a child were seen at once; who was made to fail is not up any more; and the tree is in one of the states that the
// model comes to when the acts happen one after the other, in any order. The end of an incarnation may be lost on one that
// another act ends. Where starts fail, how many are tried is the race's, and only the rest is held.
func TestModel_Races(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		script := drawTreeScript(rt)
		if fault := raceTree(t, script); fault != "" {
			rt.Fatalf("%s", fault)
		}
	})
}

func raceTree(t *testing.T, script treeScript) string {
	m := &treeModel{badStarts: map[string]int{}, started: map[string]int{}, gaveUp: map[string]int{}}
	m.root = &branch{m: m, name: "sup", max: 1 << 30, strategy: bastion.Strategy(script.Strategy)}
	x := &treeRun{treeModel: m, bad: map[string]int{}}
	r := &raceRun{treeRun: x, armed: map[string][]*raceAct{}, current: map[bastion.Ref]uint64{}, fallen: map[bastion.Ref]uint64{}}
	x.race = r
	for _, k := range script.Kids {
		m.root.add(x.sprout(k, 2), len(m.root.kids)).declare()
	}
	seeded(t, executor.SeededConfig{Seed: script.Seed}, x.spec(m.root), func(rig *seededRig) {
		x.seededRig = rig
		m.root.start()
		x.compare("the start")
		r.models = []*treeModel{m}
		for steps := script.Steps; len(steps) > 0 && x.fault == "" && !r.spoilt && len(r.models) <= raceModels; {
			n := min(1+steps[0].Other%raceActs, len(steps))
			r.burst(steps[:n])
			steps = steps[n:]
		}
	})
	return x.fault
}

// burst plays several acts at once and looks at the tree at rest.
func (r *raceRun) burst(steps []treeStep) {
	r.acts, r.spoilt = nil, false
	clear(r.armed)
	clear(r.fallen)
	for _, s := range steps {
		if len(r.acts) == raceActs {
			break
		}
		if a := r.draw(s); a != nil {
			r.acts = append(r.acts, a)
			r.place(a, s)
		}
	}
	said := "at once:"
	for _, a := range r.acts {
		said += "\n\t\t" + a.what
	}
	r.said = append(r.said, said)
	r.settle(time.Minute) // an AfterStop callback has five seconds
	r.verdict()
	clear(r.bad)
	clear(r.armed)
	r.settle(2 * time.Hour) // and all failures are forgotten
}

// raceModels is how many models are carried on; with more a script ends.
const raceModels = 12

// raceActs is how many acts race at most.
const raceActs = 4

// some is one that can be reached and is as it should be, and stands in the real table, too: which number a member got is
// not foretold.
func (r *raceRun) some(n int, fits func(b *branch) bool) *branch {
	return r.pick(n, func(b *branch) bool {
		_, err := r.sys.Inspector().Node(b.path())
		return err == nil && fits(b)
	})
}

// saw holds that no two incarnations of a process are at work at once.
func (r *raceRun) saw(ctx *bastion.Context, starts bool) {
	p, inc := ctx.Self(), ctx.Incarnation()
	if starts && inc <= r.current[p] || !starts && inc != r.current[p] {
		r.fail("%v: incarnation %d is at work after %d has begun", p, inc, r.current[p])
	}
	r.current[p] = inc
}

// place gives an act, now or when the hook runs that it was put into.
func (r *raceRun) place(a *raceAct, s treeStep) {
	place := racePlace(s.Inside+s.Kind+s.Other) % racePlaces
	p := r.some(s.Other, func(b *branch) bool { return b.process })
	if place == fromTreeCallback {
		p = r.some(s.Other, func(b *branch) bool { return isTree(b) && b.parent != nil })
	}
	if p == nil || place == fromReceive && !p.up {
		place = fromOutside
	}
	a.inside = place != fromOutside && place != fromAfterStop && place != fromTreeCallback
	switch a.what += " from " + place.String(); place {
	case fromOutside:
		r.Go("act", func() { r.give(context.Background(), a) })
		return
	case fromReceive:
		_ = r.ref(p).Tell(context.Background(), do(func(ctx *bastion.Context) error {
			r.give(ctx, a)
			return nil
		}))
	default:
		r.armed[place.String()+p.path()] = append(r.armed[place.String()+p.path()], a)
	}
	a.what += " of " + p.path()
	if place != fromReceive && len(r.acts) < raceActs { // the hook is to run
		r.trigger(p, s)
	}
}

// trigger has a process fail, or one below a supervisor, or restarts it: what its hooks wait for.
func (r *raceRun) trigger(p *branch, s treeStep) {
	var a *raceAct
	if s.Who%3 == 0 && isPlainChild(p) {
		a = r.restartOf(p)
	} else if p = r.some(s.Who, func(b *branch) bool { return isUp(b) && b.within(p) }); p != nil {
		a = r.fallOf(p, s)
	}
	if a != nil {
		r.acts = append(r.acts, a)
		a.what += " from outside"
		r.Go("act", func() { r.give(context.Background(), a) })
	}
}

func (r *raceRun) give(ctx context.Context, a *raceAct) {
	a.given = true
	a.err = a.real(ctx)
	a.done = true
}

// fire gives what was put into a hook.
func (r *raceRun) fire(ctx context.Context, place racePlace, path string) {
	key := place.String() + path
	acts := r.armed[key]
	delete(r.armed, key)
	for _, a := range acts {
		if place == fromTreeCallback || place == fromAfterStop { // they must not wait for what waits for them
			a.given = true
			r.Go("act", func() { r.give(context.Background(), a) })
			continue
		}
		r.give(ctx, a)
	}
}

// verdict holds what must be at rest.
func (r *raceRun) verdict() {
	for _, a := range r.acts {
		switch {
		case a.given && !a.done:
			r.fail("%s: no answer", a.what)
		case a.given && !r.allowed(a):
			r.fail("%s: answered %v", a.what, a.err)
		}
	}
	got := r.reality()
	for ref, inc := range r.fallen {
		n, err := r.sys.Inspector().Node(ref.Path())
		now, _ := r.sys.Lookup(ref.Path()) // another may have its number
		if err == nil && now == ref && n.State == bastion.StateRunning && n.Incarnation == inc {
			r.fail("%v: incarnation %d was made to fail, and runs", ref, inc)
		}
	}
	if r.spoilt || r.fault != "" {
		return
	}
	states, outcomes := map[string]bool{}, map[string]*treeModel{}
	for _, m := range r.models {
		r.outcomes(m, r.acts, outcomes)
	}
	r.models = nil
	for _, m := range outcomes {
		for _, b := range m.root.all() {
			b.failures = 0
		}
		states[m.root.state()] = true
		if m.root.state() == got {
			r.models = append(r.models, m)
		}
	}
	if len(r.models) == 0 {
		r.fail("at rest the tree is\n%s\nthe model would be\n%s", got, strings.Join(slices.Sorted(maps.Keys(states)), "\nor\n"))
		return
	}
	slices.SortFunc(r.models, func(a, b *treeModel) int { return strings.Compare(a.root.hidden(), b.root.hidden()) })
	r.treeModel = r.models[0]
}

func (r *raceRun) allowed(a *raceAct) bool {
	switch {
	case a.err == nil, errors.Is(a.err, bastion.ErrStopped), errors.Is(a.err, bastion.ErrNoProcess), errors.As(a.err, new(*bastion.StartError)):
		return true
	case errors.Is(a.err, bastion.ErrPending), errors.Is(a.err, bastion.ErrEnded), errors.Is(a.err, context.Canceled):
		return a.inside
	}
	return false
}

// outcomes are what the model comes to when the acts happen in any order.
func (r *raceRun) outcomes(m *treeModel, left []*raceAct, found map[string]*treeModel) {
	if len(left) == 0 {
		found[m.root.hidden()] = m
		return
	}
	for i, a := range left {
		rest := slices.Delete(slices.Clone(left), i, i+1)
		if !a.given || a.soft && len(r.acts) > 1 {
			r.outcomes(m, rest, found) // a model is not changed, but cloned first
		}
		if a.given {
			next := m.clone()
			a.model(next)
			r.outcomes(next, rest, found)
		}
	}
}

// callbacks of a process, and of each member of a group.
func (r *raceRun) callbacks() bastion.Callbacks {
	call := func(ctx *bastion.Context) error { r.fire(ctx, fromCallback, ctx.Self().Path()); return nil }
	again := func(ctx *bastion.Context, _ bastion.Failure) error { return call(ctx) }
	return bastion.Callbacks{
		BeforeStart: call, AfterStart: call, BeforeRestart: again, AfterRestart: again,
		AfterStop: func(end bastion.Failure) { r.fire(context.Background(), fromAfterStop, end.Path) },
	}
}

// treeCallbacks of a supervisor.
func (r *raceRun) treeCallbacks() bastion.TreeCallbacks {
	call := func(ctx context.Context, path string) error { r.fire(ctx, fromTreeCallback, path); return nil }
	again := func(ctx context.Context, f bastion.Failure) error { return call(ctx, f.Path) }
	return bastion.TreeCallbacks{
		BeforeStart: call, AfterStart: call, BeforeRestart: again, AfterRestart: again,
		AfterStop: func(end bastion.Failure) { _ = call(context.Background(), end.Path) },
	}
}
