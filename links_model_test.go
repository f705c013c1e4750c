package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bastion-go/bastion"
	"pgregory.net/rapid"
)

// A knot is the model of one process: what it is tied to, and what it should have received.
type knot struct {
	restart bastion.RestartType
	inc     uint64
	gone    bool
	traps   bool
	links   map[int]bool
	made    []*knotMonitor
	got     []string // in the present incarnation since the last look
}

type knotMonitor struct {
	owner, subject int
	span           bastion.Span
	m              bastion.Monitor
}

// knots is the model: slow, one step at a time, with the semantics of OTP and nothing else.
type knots []*knot

func (k knots) link(a, b int) {
	switch {
	case a == b:
	case k[b].gone:
		k.signal(a, b, "noproc")
	default:
		k[a].links[b], k[b].links[a] = true, true
	}
}

// signal is the exit signal of a broken link.
func (k knots) signal(to, from int, why string) {
	switch p := k[to]; {
	case p.traps:
		p.got = append(p.got, fmt.Sprintf("EXIT p%d %s", from, why))
	case why != "normal":
		k.end(to, why)
	}
}

// exit is Ref.Exit; from may be the process itself or -1.
func (k knots) exit(to, from int, why string) {
	switch p := k[to]; {
	case p.gone:
	case why == "killed":
		k.end(to, why)
	case p.traps:
		p.got = append(p.got, fmt.Sprintf("exit p%d %s", from, why))
	case why != "normal" || from == to:
		k.end(to, why)
	}
}

// end is the end of an incarnation, and the decision on another.
func (k knots) end(a int, why string) {
	p := k[a]
	if p.gone {
		return
	}
	links, was := p.links, p.inc
	p.inc++
	p.links, p.traps, p.made, p.got = map[int]bool{}, false, nil, nil
	met := map[int]uint64{}
	for b := range links {
		delete(k[b].links, a)
		met[b] = k[b].inc
	}
	k.downs(a, func(span bastion.Span) bool { return span != bastion.UntilGone }, fmt.Sprintf("DOWN p%d@%d %s false", a, was, why))
	for b := range k {
		if links[b] && !k[b].gone && k[b].inc == met[b] {
			k.signal(b, a, why)
		}
	}
	orderly := why == "normal" || why == "shutdown"
	if p.restart == bastion.Temporary || p.restart == bastion.Transient && orderly {
		k.bury(a, was, why)
	}
}

func (k knots) bury(a int, was uint64, why string) {
	k[a].gone, k[a].inc = true, was
	k.downs(a, func(span bastion.Span) bool { return span == bastion.UntilGone }, fmt.Sprintf("DOWN p%d@%d %s true", a, was, why))
	for _, p := range k {
		p.made = slices.DeleteFunc(p.made, func(m *knotMonitor) bool { return m.subject == a })
	}
}

func (k knots) downs(a int, which func(bastion.Span) bool, text string) {
	for _, p := range k {
		p.made = slices.DeleteFunc(p.made, func(m *knotMonitor) bool {
			if m.subject != a || !which(m.span) {
				return false
			}
			p.got = append(p.got, text)
			return m.span != bastion.EachIncarnation
		})
	}
}

// A knotRun is the model beside the real thing.
type knotRun struct {
	*scene
	rt   *rapid.T
	k    knots
	refs []bastion.Ref
}

var knotReasons = map[string]error{
	"normal": bastion.ErrNormal, "boom": errBoom, "killed": bastion.ErrKilled,
	"shutdown": fmt.Errorf("%w: that will do", bastion.ErrShutdown),
}

// step draws one act, has the model and the real process do it, and compares.
func (x *knotRun) step() {
	rt, k := x.rt, x.k
	a := rapid.IntRange(0, len(k)-1).Draw(rt, "who")
	b := rapid.IntRange(0, len(k)-1).Draw(rt, "whom")
	act := rapid.SampledFrom([]string{"link", "link", "unlink", "trap", "monitor", "monitor", "demonitor", "return", "exit", "outside", "stop"}).Draw(rt, "act")
	why := rapid.SampledFrom([]string{"normal", "shutdown", "boom", "killed"}).Draw(rt, "why")
	if k[a].gone && act != "outside" && act != "stop" {
		return
	}
	own := func(f func(ctx *bastion.Context) error) {
		x.tell(fmt.Sprint("p", a), do(f))
	}
	switch act {
	case "link":
		own(func(ctx *bastion.Context) error { return ctx.Link(x.refs[b]) })
		k.link(a, b)
	case "unlink":
		own(func(ctx *bastion.Context) error { ctx.Unlink(x.refs[b]); return nil })
		delete(k[a].links, b)
		delete(k[b].links, a)
	case "trap":
		on := rapid.Bool().Draw(rt, "on")
		own(func(ctx *bastion.Context) error { ctx.TrapExits(on); return nil })
		k[a].traps = on
	case "monitor":
		x.monitorStep(a, b, rapid.SampledFrom([]bastion.Span{bastion.ThisIncarnation, bastion.UntilGone, bastion.EachIncarnation}).Draw(rt, "span"))
	case "demonitor":
		if n := len(k[a].made); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(rt, "which")
			m := k[a].made[i].m
			k[a].made = slices.Delete(k[a].made, i, i+1)
			own(func(ctx *bastion.Context) error { ctx.Demonitor(m); return nil })
		}
	case "return":
		own(func(ctx *bastion.Context) error { return ctx.Exit(knotReasons[why]) })
		k.end(a, why)
	case "exit":
		own(func(ctx *bastion.Context) error { _ = x.refs[b].Exit(ctx, knotReasons[why]); return nil })
		k.exit(b, a, why)
	case "outside":
		err := x.refs[a].Exit(context.Background(), knotReasons[why])
		if gone := errors.Is(err, bastion.ErrStopped); gone != k[a].gone || err != nil && !gone {
			rt.Fatalf("Exit of p%d: %v", a, err)
		}
		k.exit(a, -1, why)
	case "stop":
		if err := rigIn(x.t, "Stop", func() error { return x.refs[a].Stop(context.Background()) }); err != nil {
			rt.Fatal(err)
		}
		if was := k[a].inc; !k[a].gone {
			k.end(a, "shutdown")
			if !k[a].gone {
				k.bury(a, was, "shutdown")
			}
		}
	}
	x.compare()
}

func (x *knotRun) monitorStep(a, b int, span bastion.Span) {
	rec := &knotMonitor{owner: a, subject: b, span: span}
	x.in(fmt.Sprint("p", a), func(ctx *bastion.Context) {
		var err error
		if rec.m, err = ctx.Monitor(x.refs[b], span); err != nil {
			x.t.Error(err)
		}
	})
	if x.k[b].gone {
		x.k[a].got = append(x.k[a].got, fmt.Sprintf("DOWN p%d@%d noproc true", b, x.k[b].inc))
		return
	}
	x.k[a].made = append(x.k[a].made, rec)
}

// compare waits for rest and looks whether the real processes are where the model's are.
func (x *knotRun) compare() {
	tangleRest(x.rig, x.refs)
	for i, p := range x.k {
		n, err := x.sys.Inspector().Node(x.refs[i].Path())
		if p.gone {
			if err == nil && n.State != bastion.StateStopped {
				x.rt.Fatalf("p%d is %v, and should be gone", i, n.State)
			}
			continue
		}
		if err != nil || n.Incarnation != p.inc {
			x.rt.Fatalf("p%d: incarnation %d, model %d (%v)", i, n.Incarnation, p.inc, err)
		}
		var links []string
		for b := range p.links {
			links = append(links, x.refs[b].Path())
		}
		slices.Sort(links)
		if !slices.Equal(n.Links, links) || n.LinkCount != len(links) || n.Monitors != len(p.made) {
			x.rt.Fatalf("p%d: linked with %v, model %v; %d monitors, model %d", i, n.Links, links, n.Monitors, len(p.made))
		}
		var got []string
		for _, m := range x.take(x.refs[i]) {
			got = append(got, x.text(m, p.inc))
		}
		got = slices.DeleteFunc(got, func(s string) bool { return s == "" })
		slices.Sort(got)
		slices.Sort(p.got)
		if !slices.Equal(got, p.got) {
			x.rt.Fatalf("p%d received %v, model %v", i, got, p.got)
		}
		p.got = nil
	}
}

func (x *knotRun) text(m any, inc uint64) string {
	s, ok := m.(knotStamped)
	if ok && s.inc != inc {
		return "" // received by an incarnation that ended in the same step
	}
	switch m := s.msg.(type) {
	case bastion.Down:
		return fmt.Sprintf("DOWN %s@%d %s %v", m.Ref.Name(), m.Incarnation, reasonText(m.Reason), m.Gone)
	case bastion.Exit:
		from := m.From.Name()
		if m.From.IsZero() {
			from = "p-1"
		}
		word := map[bool]string{true: "EXIT", false: "exit"}[m.Linked]
		return fmt.Sprintf("%s %s %s", word, from, reasonText(m.Reason))
	}
	return fmt.Sprint(m)
}

// A knotStamped message is one with the incarnation that received it.
type knotStamped struct {
	inc uint64
	msg any
}

// TestS10_Model plays random acts, one after the other, on real processes and on a slow model.
func TestS10_Model(t *testing.T) {
	leaveNothing(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := &scene{seen: map[bastion.Ref][]any{}}
		x := &knotRun{scene: s, rt: rt}
		on := func(ctx *bastion.Context, msg any) error {
			switch msg.(type) {
			case bastion.Down, bastion.Exit:
				s.mu.Lock()
				defer s.mu.Unlock()
				s.seen[ctx.Self()] = append(s.seen[ctx.Self()], knotStamped{ctx.Incarnation(), msg})
				return nil
			}
			return react(ctx, msg)
		}
		var specs []bastion.ChildSpec
		for i := range rapid.IntRange(2, 5).Draw(rt, "processes") {
			restart := rapid.SampledFrom([]bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary}).Draw(rt, "restart")
			k := rapid.SampledFrom([]int{0, 1}).Draw(rt, "kind")
			specs = append(specs, bastion.ChildSpec{Name: fmt.Sprint("p", i), Restart: restart, Start: kinds[k].make(on)})
			x.k = append(x.k, &knot{restart: restart, inc: 1, links: map[int]bool{}})
		}
		s.rig = rigOf(t, specs...)
		defer s.stop()
		for i := range specs {
			x.refs = append(x.refs, s.child(fmt.Sprint("p", i)))
		}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			x.step()
		}
	})
}
