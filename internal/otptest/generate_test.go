package otptest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/bastion-go/bastion"
)

// A storyteller draws one tale.
type storyteller struct {
	*rand.Rand
	rule  rule
	names int
	sups  []*super // all that may be alive
	kids  []place  // likewise; what is gone stays in, for events to miss now and then
}

// A place is a child and where it belongs.
type place struct {
	sup   *super
	kid   *kid
	added bool
}

// drawTale makes the tale of that seed and number.
func drawTale(seed uint64, number int) *tale {
	g := &storyteller{Rand: rand.New(rand.NewPCG(seed, uint64(number)))}
	if g.IntN(100) < 8 {
		g.rule = rule(1 + g.IntN(len(ruleNames)-1))
	}
	x := &tale{Rule: g.rule}
	x.Top = *g.super("top", g.IntN(3))
	for g.rule == none && len(g.kids) > 0 && g.IntN(12) == 0 {
		x.Boot = append(x.Boot, event{Do: fail, Name: g.any().kid.Name, Times: 1})
	}
	for range 3 + g.IntN(14) {
		x.Events = append(x.Events, g.next()...)
	}
	if g.rule.ghostly() {
		x.Events = slices.DeleteFunc(x.Events, func(e event) bool { return e.Do == fail })
	}
	return x
}

// super draws a supervisor with at most so many levels below it.
func (g *storyteller) super(name string, below int) *super {
	s := &super{
		Name: name, Strategy: bastion.Strategy(g.IntN(3)), Max: g.of(0, 1, 1, 2, 3, 3, 5, 8),
		Auto: bastion.AutoShutdown(g.of(0, 0, 0, 1, 2)),
	}
	if g.rule == stays {
		s.Strategy = bastion.Strategy(1 + g.IntN(2))
	}
	g.sups = append(g.sups, s)
	for range g.of(0, 1, 2, 2, 3, 3, 4, 5) {
		s.Kids = append(s.Kids, *g.kid(s, below))
	}
	for i := range s.Kids {
		g.kids = append(g.kids, place{sup: s, kid: &s.Kids[i]})
	}
	return s
}

func (g *storyteller) kid(parent *super, below int) *kid {
	g.names++
	k := &kid{Restart: bastion.RestartType(g.of(0, 0, 0, 1, 1, 2))}
	if parent.Auto != bastion.NoAutoShutdown && k.Restart != bastion.Permanent {
		k.Significant = g.IntN(3) > 0
	}
	if below > 0 && g.IntN(5) < 2 {
		return g.subtree(k, below)
	}
	k.Name, k.Form = fmt.Sprint("w", g.names), form(g.IntN(2))
	k.Backoff = g.rule == waiting && g.IntN(2) == 0
	k.Manner = manner(g.of(0, 0, 0, 0, 1, 2, 3))
	k.Shutdown = patience(g.of(int(ample), int(ample), int(brutal), int(always)))
	if k.Manner == deaf {
		k.Shutdown = patience(g.of(int(brief), int(brutal)))
	}
	return k
}

// subtree makes k one. Its shutdown time is never over: in OTP that orphans what is below it, in no order.
func (g *storyteller) subtree(k *kid, below int) *kid {
	k.Name, k.Shutdown = fmt.Sprint("s", g.names), always
	k.Super = g.super(k.Name, below-1)
	switch {
	case k.Restart != bastion.Transient:
	case g.rule == fails:
		k.Significant, k.Super.Max = false, g.IntN(2)
	default:
		k.Super.Max = 1000 // never gives up
	}
	return k
}

// next draws an event, or a few that belong together.
func (g *storyteller) next() []event {
	if len(g.kids) == 0 {
		return []event{g.insert()}
	}
	at := g.any()
	e := event{Name: at.kid.Name, Sup: at.sup.Name}
	if len(at.sup.Kids) > 0 && g.IntN(4) == 0 {
		if events := g.meet(at, e); events != nil {
			return events
		}
	}
	switch n := g.IntN(100); {
	case n < 56:
		return g.leave()
	case n < 63:
		e.Do, e.Times = fail, 1+g.IntN(2)
	case n < 73:
		return []event{g.insert()}
	case n < 80:
		return g.terminate(at, e)
	case n < 88:
		e.Do = restart
	case n < 95:
		e.Do = bounce
		if at.kid.Restart == bastion.Temporary && g.rule != bouncing {
			return nil
		}
	default:
		e.Do = remove
		if !at.added && at.sup.Name != "top" && g.rule != removed {
			return nil
		}
	}
	return []event{e}
}

// meet draws events that are likely to show what the tale's rule is about.
func (g *storyteller) meet(at place, e event) []event {
	switch g.rule {
	case stays:
		sibling := &at.sup.Kids[g.IntN(len(at.sup.Kids))]
		if sibling.Super != nil {
			return nil
		}
		return append(g.terminate(at, e), event{Do: leave, Sup: e.Sup, Name: sibling.Name, How: crash})
	case killing:
		return g.terminate(at, e)
	case removed:
		e.Do = remove
		if up := g.above(at.sup); up != nil && up.kid.Restart != bastion.Temporary {
			return []event{e, {Do: bounce, Name: at.sup.Name, Sup: up.sup.Name}}
		}
	case bouncing:
		e.Do = bounce
		return []event{{Do: fail, Name: e.Name, Times: 1}, e}
	case fails:
		if at.kid.Super == nil && at.sup.Max < 2 {
			crashes := event{Do: leave, Name: e.Name, Sup: e.Sup, How: crash}
			return []event{crashes, crashes}
		}
	}
	return nil
}

// above is the place of s; nil for the top.
func (g *storyteller) above(s *super) *place {
	for i := range g.kids {
		if g.kids[i].kid.Super == s {
			return &g.kids[i]
		}
	}
	return nil
}

// terminate stops a child. Where its siblings could bring it back in OTP, it is started again before anything else.
func (g *storyteller) terminate(at place, e event) []event {
	e.Do = terminate
	if g.rule == killing {
		e.Do = kill
	}
	if at.sup.Strategy == bastion.OneForOne || g.rule == stays {
		return []event{e}
	}
	again := e
	again.Do = restart
	if g.IntN(2) == 0 {
		return []event{{Do: mend}, e, again}
	}
	return []event{e, again}
}

// leave ends a worker, now and then such that a start fails when it is repaired.
func (g *storyteller) leave() (events []event) {
	at := g.worker()
	if at == nil {
		return nil
	}
	if g.IntN(5) == 0 {
		victim := at
		if other := g.worker(); other != nil && g.IntN(2) == 0 {
			victim = other
		}
		events = append(events, event{Do: fail, Name: victim.kid.Name, Times: g.of(1, 1, 1, 2, 3)})
	}
	how := how(g.IntN(len(howWords)))
	if g.IntN(3) == 0 || how >= struck && at.kid.Manner != plain { // the others trap exits
		how = crash
	}
	return append(events, event{Do: leave, Name: at.kid.Name, Sup: at.sup.Name, How: how})
}

func (g *storyteller) insert() event {
	s := g.sups[g.IntN(len(g.sups))]
	k, added := g.kid(s, g.IntN(2)), true
	if at := g.worker(); k.Super == nil && at != nil && at.sup == s && g.IntN(3) == 0 {
		*k, added = *at.kid, at.added // its name is taken, unless that is gone
	}
	g.kids = append(g.kids, place{sup: s, kid: k, added: added})
	return event{Do: insert, Name: k.Name, Sup: s.Name, Kid: k}
}

func (g *storyteller) any() place { return g.kids[g.IntN(len(g.kids))] }

// worker picks a worker; nil if there seems to be none.
func (g *storyteller) worker() *place {
	for range min(20, len(g.kids)) {
		if at := g.any(); at.kid.Super == nil {
			return &at
		}
	}
	return nil
}

func (g *storyteller) of(values ...int) int { return values[g.IntN(len(values))] }
