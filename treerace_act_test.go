package bastion_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/bastion-go/bastion"
)

// draw makes an act out of the numbers of a step; nil: there is nothing that it could be about.
func (r *raceRun) draw(s treeStep) *raceAct {
	switch s.Act % 9 {
	case 0, 1:
		return r.fall(s)
	case 2:
		if p := r.some(s.Who, func(b *branch) bool { return b.process }); p != nil {
			r.bad[p.path()] += 1 + s.Kind%2
			r.spoilt = true
		}
		return nil
	case 3, 4, 5:
		return r.drawVerb(s)
	case 6:
		return r.drawAdd(s)
	case 7:
		g := r.some(s.Who, func(b *branch) bool { return b.group && b.up })
		if g == nil {
			return nil
		}
		path, group := g.path(), r.super(g.parent).Group(g.name)
		return &raceAct{what: "spawn in " + path, real: func(ctx context.Context) error { _, err := group.Spawn(ctx); return err },
			model: onBranch(path, func(g *branch) {
				if g.up {
					g.spawn(fmt.Sprint(len(g.kids) + 100)).orderAdd()
				}
			})}
	default:
		return r.drawChange(s)
	}
}

// fall is the end of an incarnation by itself or by a signal.
func (r *raceRun) fall(s treeStep) *raceAct {
	if p := r.some(s.Who, isUp); p != nil {
		return r.fallOf(p, s)
	}
	return nil
}

func (r *raceRun) fallOf(p *branch, s treeStep) *raceAct {
	how, ref, path := ruins[s.Kind%len(ruins)], r.ref(p), p.path()
	end := func(failed, asked bool) func(*treeModel) {
		return onBranch(path, func(b *branch) {
			if b.up {
				b.exit(failed, asked)
			}
		})
	}
	if s.Inside%3 == 0 {
		return &raceAct{what: "signal to " + path, soft: true, model: end(true, true),
			real: func(ctx context.Context) error { return ref.Exit(ctx, errBoom) }}
	}
	return &raceAct{what: how.name + " of " + path, soft: true, model: end(how.failed, how.asked),
		real: func(ctx context.Context) error {
			return ref.Tell(ctx, do(func(ctx *bastion.Context) error {
				r.saw(ctx, false)
				r.fallen[ref] = ctx.Incarnation()
				return how.f(ctx)
			}))
		}}
}

func (r *raceRun) drawVerb(s treeStep) *raceAct {
	b := r.some(s.Who, isChild)
	if b == nil {
		return nil
	}
	path := b.path()
	switch kind := s.Kind % 5; {
	case kind < 3:
		return &raceAct{what: []string{"stop", "drain", "kill"}[kind] + " " + path, real: r.verbs(b)[kind],
			model: onBranch(path, func(b *branch) { b.orderStop(kind == 2, false) })}
	case kind == 3 && !b.parent.group:
		sup, name := r.super(b.parent), b.name
		return &raceAct{what: "remove " + path, real: func(ctx context.Context) error { return sup.Remove(ctx, name) },
			model: onBranch(path, func(b *branch) { b.orderStop(false, true) })}
	}
	return r.restartOf(b)
}

func (r *raceRun) restartOf(b *branch) *raceAct {
	var real func(ctx context.Context) error
	path := b.path()
	if b.parent.group {
		real = r.ref(b).Restart
	} else {
		sup, name := r.super(b.parent), b.name
		real = func(ctx context.Context) error { return sup.Restart(ctx, name) }
	}
	return &raceAct{what: "restart " + path, real: real, model: onBranch(path, func(b *branch) {
		if b.parent.up {
			b.orderRestart()
		}
	})}
}

func (r *raceRun) drawAdd(s treeStep) *raceAct {
	t := r.some(s.Who, isTree)
	s.Kind %= 5 // a process
	k, path := r.sprout(s, 0), t.path()
	k.m, k.parent = r.treeModel, t
	spec, sup := r.childSpec(k), r.super(t)
	at := bastion.Position{}
	if kids := t.present(); s.Other%2 == 0 && len(kids) > 0 {
		at.Before = kids[s.Inside%len(kids)].name
	}
	return &raceAct{what: fmt.Sprintf("insert %s %+v", k.path(), at),
		real: func(ctx context.Context) error { _, err := sup.Insert(ctx, spec, at); return err },
		model: onBranch(path, func(t *branch) {
			own, i := *k, len(t.kids)
			if at.Before != "" {
				i = slices.IndexFunc(t.kids, func(b *branch) bool { return b.name == at.Before && !b.gone })
			}
			if t.up && i >= 0 {
				t.add(&own, i).orderAdd()
			}
		})}
}

func (r *raceRun) drawChange(s treeStep) *raceAct {
	t := r.some(s.Who, isTree)
	path, sup := t.path(), r.super(t)
	spec := sup.Spec()
	spec.Strategy = bastion.Strategy(s.Kind % 3)
	return &raceAct{what: fmt.Sprintf("change %s to %v", path, spec.Strategy),
		real:  func(ctx context.Context) error { return sup.Change(ctx, spec) },
		model: onBranch(path, func(t *branch) { t.strategy = spec.Strategy })}
}

// onBranch does something to the branch with that path, if it is in the table.
func onBranch(path string, f func(b *branch)) func(*treeModel) {
	return func(m *treeModel) {
		for _, b := range m.root.all() {
			if b.path() == path {
				f(b)
				return
			}
		}
	}
}
