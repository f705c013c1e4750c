package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bastion-go/bastion"
)

// treeActs are what a step can be; each does it in both worlds.
var treeActs = []func(x *treeRun, s treeStep){
	(*treeRun).ruin, (*treeRun).ruin, (*treeRun).ruin, (*treeRun).signal,
	(*treeRun).stop, (*treeRun).restart, (*treeRun).restart, (*treeRun).remove,
	(*treeRun).add, (*treeRun).insert, (*treeRun).move, (*treeRun).spawn,
	(*treeRun).change, (*treeRun).changeChild, (*treeRun).spoil, (*treeRun).spoil, (*treeRun).hours, (*treeRun).stops,
}

func (x *treeRun) step(s treeStep) { treeActs[s.Act](x, s) }

// pick is one of those that can be reached and that are as they should be; nil: there is none.
func (x *treeRun) pick(n int, fits func(b *branch) bool) *branch {
	var found []*branch
	var walk func(b *branch)
	walk = func(b *branch) {
		if fits(b) {
			found = append(found, b)
		}
		if b.up {
			for _, k := range b.present() {
				walk(k)
			}
		}
	}
	walk(x.root)
	if len(found) == 0 {
		return nil
	}
	return found[n%len(found)]
}

func isUp(b *branch) bool         { return b.process && b.up }
func isTree(b *branch) bool       { return !b.process && !b.group && b.up }
func isChild(b *branch) bool      { return b.parent != nil }
func isPlainChild(b *branch) bool { return b.parent != nil && !b.parent.group }

func (x *treeRun) super(b *branch) *bastion.Supervisor {
	if b.parent == nil {
		return x.sup
	}
	return x.super(b.parent).Supervisor(b.name)
}

func (x *treeRun) ref(b *branch) bastion.Ref {
	ref, err := x.sys.Lookup(b.path())
	if err != nil {
		x.fail("%v", err)
	}
	return ref
}

// order carries out a verb, from outside or from inside of a process, and holds what it answers: ErrPending exactly if its
// completion needs the end of the caller. A start that fails is told, or what it
// has led to: the end of the supervisor, or of the caller.
func (x *treeRun) order(what string, target *branch, s treeStep, verb func(ctx context.Context) error) {
	want := error(nil)
	ctx := context.Background()
	do := func(run func(ctx context.Context) error) error { return run(ctx) }
	if p := x.pick(s.Other, isUp); p != nil && s.Inside%2 == 1 {
		what += " from inside " + p.path()
		if target != nil && p.within(target) {
			want = bastion.ErrPending
		}
		do = func(run func(ctx context.Context) error) error { return x.inside(p, run) }
	}
	x.said = append(x.said, what+" …")
	told := func(err error) bool {
		return errors.Is(err, bastion.ErrStopped) || errors.Is(err, bastion.ErrPending) || errors.As(err, new(*bastion.StartError))
	}
	spoilt := slices.Max(append(slices.Collect(maps.Values(x.bad)), 0)) > 0
	if err := do(verb); !errors.Is(err, want) && !(spoilt && told(err)) {
		x.fail("%s: answered %v, not %v", what, err, want)
	}
}

// inside runs a verb in a process, and returns when that has answered.
func (x *treeRun) inside(p *branch, verb func(ctx context.Context) error) (err error) {
	answered := false
	tell := x.ref(p).Tell(context.Background(), do(func(ctx *bastion.Context) error {
		err = verb(ctx)
		answered = true
		return nil
	}))
	if tell != nil {
		return tell
	}
	x.until("an answer inside "+p.path(), func() bool { return answered })
	return err
}

func (x *treeRun) ruin(s treeStep) {
	p, how := x.pick(s.Who, isUp), ruins[s.Kind%len(ruins)]
	if p == nil {
		return
	}
	if err := x.ref(p).Tell(context.Background(), do(how.f)); err != nil {
		x.fail("Tell %s: %v", p.path(), err)
	}
	p.exit(how.failed, how.asked)
	x.compare(how.name + " of " + p.path())
}

func (x *treeRun) signal(s treeStep) {
	p := x.pick(s.Who, isUp)
	if p == nil {
		return
	}
	reason := []error{errBoom, bastion.ErrKilled, bastion.ErrShutdown, bastion.ErrNormal}[s.Kind%4]
	x.order("signal "+reason.Error()+" to "+p.path(), nil, s, func(ctx context.Context) error {
		r := x.ref(p)
		if c, ok := ctx.(*bastion.Context); ok && c.Self() == r && reason == bastion.ErrNormal {
			return nil // one that comes from itself would end it
		}
		return r.Exit(ctx, reason)
	})
	if reason != bastion.ErrNormal {
		p.exit(reason != bastion.ErrShutdown, reason != bastion.ErrKilled)
	}
	x.compare("the signal")
}

// verbs are Stop, Drain and Kill of whatever b is.
func (x *treeRun) verbs(b *branch) [3]func(context.Context) error {
	switch {
	case b.process:
		r := x.ref(b)
		return [3]func(context.Context) error{r.Stop, r.Drain, r.Kill}
	case b.group:
		g := x.super(b.parent).Group(b.name)
		return [3]func(context.Context) error{g.Stop, g.Drain, g.Kill}
	}
	s := x.super(b)
	return [3]func(context.Context) error{s.Stop, s.Drain, s.Kill}
}

func (x *treeRun) stop(s treeStep) {
	b := x.pick(s.Who, isChild)
	if b == nil {
		return
	}
	x.order([]string{"stop", "drain", "kill"}[s.Kind%3]+" "+b.path(), b, s, x.verbs(b)[s.Kind%3])
	b.orderStop(s.Kind%3 == 2, false)
	x.compare("the stop")
}

func (x *treeRun) restart(s treeStep) {
	b := x.pick(s.Who, isChild)
	if b == nil {
		return
	}
	verb := func(ctx context.Context) error { return x.super(b.parent).Restart(ctx, b.name) }
	if b.parent.group {
		verb = x.ref(b).Restart
	}
	x.order("restart "+b.path(), b, s, verb)
	b.orderRestart()
	x.compare("the restart")
}

func (x *treeRun) remove(s treeStep) {
	b := x.pick(s.Who, isPlainChild)
	if b == nil {
		return
	}
	x.order("remove "+b.path(), b, s, func(ctx context.Context) error { return x.super(b.parent).Remove(ctx, b.name) })
	b.orderStop(false, true)
	x.compare("the removal")
}

func (x *treeRun) add(s treeStep) {
	t := x.pick(s.Who, isTree)
	k := x.sprout(s, 1)
	t.add(k, len(t.kids))
	spec := x.childSpec(k)
	x.order("add "+k.path(), nil, s, func(ctx context.Context) (err error) {
		switch sup := x.super(t); {
		case k.group:
			_, err = sup.AddGroup(ctx, spec)
		case k.process:
			_, err = sup.Add(ctx, spec)
		default:
			k.restart = bastion.Permanent
			_, err = sup.AddSupervisor(ctx, x.spec(k))
		}
		return err
	})
	k.orderAdd()
	x.compare("the addition")
}

func (x *treeRun) insert(s treeStep) {
	t := x.pick(s.Who, isTree)
	kids := t.present()
	if len(kids) == 0 {
		return
	}
	at := kids[s.Kind%len(kids)]
	i := 0
	for t.kids[i] != at {
		i++
	}
	k := x.sprout(s, 1)
	to := bastion.Position{Before: at.name}
	if s.Other%2 == 1 {
		to, i = bastion.Position{After: at.name}, i+1
	}
	t.add(k, i)
	spec := x.childSpec(k)
	x.order(fmt.Sprintf("insert %s %+v", k.path(), to), nil, s, func(ctx context.Context) error {
		_, err := x.super(t).Insert(ctx, spec, to)
		return err
	})
	k.orderAdd()
	x.compare("the insertion")
}

func (x *treeRun) move(s treeStep) {
	b := x.pick(s.Who, isPlainChild)
	if b == nil {
		return
	}
	t, to := b.parent, bastion.Position{}
	at := t.present()[s.Kind%len(t.present())]
	if at != b {
		to.Before = at.name
	}
	x.order(fmt.Sprintf("move %s %+v", b.path(), to), nil, s, func(ctx context.Context) error { return x.super(t).Move(ctx, b.name, to) })
	t.moveBefore(b, at)
	x.compare("the move")
}

func (x *treeRun) spawn(s treeStep) {
	g := x.pick(s.Who, func(b *branch) bool { return b.group && b.up })
	if g == nil {
		return
	}
	x.order("spawn in "+g.path(), nil, s, func(ctx context.Context) error {
		_, err := x.super(g.parent).Group(g.name).Spawn(ctx)
		return err
	})
	// Which of the numbers that are free it gets is not promised; that it is one that is free, is.
	for _, line := range slices.Backward(x.lines) {
		if path, _, _ := strings.Cut(strings.TrimPrefix(line, "start "), "@"); strings.HasPrefix(path, g.path()+"/") {
			g.spawn(strings.TrimPrefix(path, g.path()+"/")).orderAdd()
			break
		}
	}
	x.compare("the spawn")
}

func (x *treeRun) change(s treeStep) {
	t := x.pick(s.Who, isTree)
	t.strategy = bastion.Strategy(s.Kind % 3)
	if t.parent != nil {
		t.max = s.Kind % 4
	}
	x.order(fmt.Sprintf("change %s to %v, %d", t.path(), t.strategy, t.max), nil, s, func(ctx context.Context) error {
		spec := x.super(t).Spec()
		spec.Strategy, spec.Intensity = t.strategy, intensity(t.max)
		return x.super(t).Change(ctx, spec)
	})
	x.compare("the change")
}

func (x *treeRun) changeChild(s treeStep) {
	b := x.pick(s.Who, func(b *branch) bool { return isPlainChild(b) && b.process && b.up })
	if b == nil {
		return
	}
	b.restart = bastion.RestartType(s.Kind % 3)
	x.order(fmt.Sprintf("change %s to %v", b.path(), b.restart), nil, s, func(ctx context.Context) error {
		sup := x.super(b.parent)
		spec, err := sup.ChildSpec(b.name)
		spec.Restart = b.restart
		return errors.Join(err, sup.ChangeChild(ctx, b.name, spec))
	})
	x.compare("the change")
}

// spoil has the next starts of a process fail.
func (x *treeRun) spoil(s treeStep) {
	if p := x.pick(s.Who, func(b *branch) bool { return b.process }); p != nil {
		n := 1 + s.Kind%2
		x.bad[p.path()] += n
		x.badStarts[p.path()] += n
		x.compare(fmt.Sprintf("%d starts of %s will fail", n, p.path()))
	}
}

// hours pass, and all failures are forgotten.
func (x *treeRun) hours(treeStep) {
	x.settle(2 * time.Hour)
	for _, b := range x.root.all() {
		b.failures = 0
	}
	x.compare("hours")
}

// stops gives several orders to stop at once, from goroutines of their own. None is for something below another: to stop
// a child of what is down already is an order for its next life.
func (x *treeRun) stops(s treeStep) {
	what, open := "stop at once", 0
	var all []*branch
	for _, n := range []int{s.Who, s.Other, s.Kind, s.Inside} {
		b := x.pick(n, isChild)
		if b != nil && !slices.ContainsFunc(all, func(a *branch) bool { return a.within(b) || b.within(a) }) {
			all = append(all, b)
			what += " " + b.path()
		}
	}
	for _, b := range all {
		verb := x.verbs(b)[0]
		open++
		x.Go("stop", func() {
			if err := verb(context.Background()); err != nil {
				x.fail("%s: %v", what, err)
			}
			open--
		})
	}
	x.until("the stops", func() bool { return open == 0 })
	for _, b := range all {
		b.orderStop(false, false)
	}
	x.anyOrder = true
	x.compare(what)
}
