package otptest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A play is a tale on its way through our side.
type play struct {
	*stage
	sys  *bastion.System
	path map[string]string // of all supervisors
	raw  bool              // a start may fail when it is repeated by order
}

// perform plays a tale to Bastion and returns its transcript, one line for the boot and for each event.
func perform(t *testing.T, x *tale) (lines []string) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlay(t, x)
		defer close(p.free)
		for _, e := range x.Boot {
			p.plan(e.Name, e.Times)
		}
		_, err := p.sys.Supervise(p.spec(&x.Top))
		if err != nil {
			t.Fatalf("%v\n%v", err, x)
		}
		if p.sys.Start(t.Context()) != nil {
			lines = append(lines, p.line("failed"))
			return
		}
		lines = append(lines, p.line("ok"))
		for _, e := range x.Events {
			if p.dead() {
				return
			}
			lines = append(lines, p.line(p.happen(e)))
		}
		if p.dead() {
			return
		}
		if err := p.sys.Stop(t.Context()); err != nil && !errors.Is(err, bastion.ErrAbandoned) {
			t.Errorf("Stop: %v", err)
		}
		lines = append(lines, p.line("ok"))
	})
	return lines
}

func newPlay(t *testing.T, x *tale) *play {
	p := &play{raw: x.Rule == bouncing, path: map[string]string{}, stage: &stage{fails: map[string]int{}, free: make(chan struct{})}}
	sys, err := bastion.New(bastion.Config{
		Name: "sys", Logger: slog.New(slog.DiscardHandler), Workers: 2, Watchdog: -1, Intensity: bastion.NoRestarts,
	})
	if err != nil {
		t.Fatal(err)
	}
	p.sys, p.events = sys, sys.Events(1<<12)
	p.locate(&x.Top, "/sys/")
	return p
}

func (p *play) locate(s *super, at string) {
	p.path[s.Name] = at + s.Name
	for i := range s.Kids {
		if sub := s.Kids[i].Super; sub != nil {
			p.locate(sub, at+s.Name+"/")
		}
	}
}

// line ends one event: everything comes to rest, what happened is taken, the table is read.
func (p *play) line(result string) string {
	time.Sleep(time.Minute) // the bubble's; it is over when everything else waits, all shutdown times included
	synctest.Wait()
	table := "dead"
	if !p.dead() {
		n, err := p.sys.Inspector().Node(p.path["top"])
		if err != nil {
			table = err.Error()
		} else {
			table = draw(n)
		}
	}
	return result + "|" + p.take() + "|" + table
}

func (p *play) dead() bool {
	select {
	case <-p.sys.Done():
		return true
	default:
		return false
	}
}

// draw shows the table of a supervisor as the other side does.
func draw(n bastion.Node) string {
	switch {
	case n.State == bastion.StateStopped, n.State == bastion.StateDeclared:
		return n.Name + "-"
	case n.State != bastion.StateRunning:
		return n.Name + ":" + n.State.String()
	case n.Kind != bastion.KindSupervisor:
		return n.Name
	}
	kids := make([]string, len(n.Children))
	for i := range n.Children {
		kids[i] = draw(n.Children[i])
	}
	return n.Name + "{" + strings.Join(kids, " ") + "}"
}

// ---- specs

func (p *play) spec(s *super) bastion.SupervisorSpec {
	spec := bastion.SupervisorSpec{
		Name: s.Name, Strategy: s.Strategy, AutoShutdown: s.Auto,
		Intensity: bastion.Intensity{Max: s.Max, Within: 1e6 * time.Second},
	}
	if s.Max == 0 {
		spec.Intensity.Max = bastion.NoRestarts.Max
	}
	for i := range s.Kids {
		spec.Children = append(spec.Children, p.child(&s.Kids[i]))
	}
	return spec
}

func (p *play) child(k *kid) bastion.ChildSpec {
	c := bastion.ChildSpec{
		Name: k.Name, Restart: k.Restart, Significant: k.Significant,
		Shutdown: []time.Duration{time.Minute / 2, 2 * time.Millisecond, bastion.BrutalKill, bastion.UnlimitedShutdown}[k.Shutdown],
	}
	if k.Backoff {
		c.Backoff = bastion.Constant{Delay: time.Second}
	}
	if k.Super != nil {
		c.Start = bastion.Subtree(p.spec(k.Super))
		return c
	}
	c.Start, c.WaitReady = p.behaviour(k), k.Form == loop
	return c
}

// ---- events

// happen makes e happen and returns the answer in OTP's words.
func (p *play) happen(e event) string {
	switch e.Do {
	case leave:
		return p.leave(e)
	case fail:
		p.plan(e.Name, e.Times)
		return "ok"
	case mend:
		p.unplan()
		return "ok"
	}
	if e.Do == bounce && !p.raw {
		p.unplan()
	}
	sup := p.supervisor(e.Sup)
	if sup == nil {
		return "noproc"
	}
	return answer(p.act(sup, e))
}

// leave makes a worker end by itself.
func (p *play) leave(e event) string {
	sup := p.supervisor(e.Sup)
	if sup == nil || !running(p.node(p.path[e.Sup]+"/"+e.Name)) {
		return "noproc"
	}
	ref, ctx := sup.Child(e.Name), context.Background()
	switch e.How {
	case killed:
		return answer(ref.Exit(ctx, bastion.ErrKilled))
	case struck:
		return answer(ref.Exit(ctx, errCrash))
	case dismissed:
		return answer(ref.Exit(ctx, bastion.ErrShutdown))
	}
	return answer(ref.Tell(ctx, order(e.How)))
}

// supervisor is the one of that name if it runs. OTP has no other: a reference of ours outlives its supervisor's lives.
func (p *play) supervisor(name string) *bastion.Supervisor {
	at := p.path[name]
	if !running(p.node(at)) {
		return nil
	}
	sup := p.sys.Root()
	for _, step := range strings.Split(strings.TrimPrefix(at, "/sys/"), "/") {
		sup = sup.Supervisor(step)
	}
	return sup
}

// node is what stands at a path; a stopped one if nothing does.
func (p *play) node(path string) bastion.Node {
	n, err := p.sys.Inspector().Node(path)
	if err != nil {
		n.State = bastion.StateStopped
	}
	return n
}

func running(n bastion.Node) bool { return n.State == bastion.StateRunning }

func (p *play) act(sup *bastion.Supervisor, e event) error {
	ctx := context.Background()
	switch e.Do {
	case insert:
		return p.insert(sup, e)
	case remove:
		return sup.Remove(ctx, e.Name)
	case restart:
		if running(p.node(sup.Path() + "/" + e.Name)) {
			return errRunning // our Restart would stop it first
		}
		return sup.Restart(ctx, e.Name)
	case bounce:
		return sup.Restart(ctx, e.Name)
	}
	var child interface {
		Stop(context.Context) error
		Kill(context.Context) error
	} = sup.Child(e.Name)
	if sub := sup.Supervisor(e.Name); sub != nil {
		child = sub
	}
	if e.Do == kill {
		return child.Kill(ctx)
	}
	return child.Stop(ctx)
}

func (p *play) insert(sup *bastion.Supervisor, e event) error {
	if e.Kid.Super != nil {
		p.locate(e.Kid.Super, sup.Path()+"/")
	}
	_, err := sup.Insert(context.Background(), p.child(e.Kid), bastion.Position{})
	return err
}

var errRunning = errors.New("running")

// answer is what a verb of ours answered in OTP's words.
func answer(err error) string {
	var spec *bastion.SpecError
	var start *bastion.StartError
	switch {
	case err == nil:
		return "ok"
	case err == errRunning:
		return "running"
	case errors.Is(err, bastion.ErrNoProcess):
		return "unknown"
	case errors.As(err, &start):
		return "failed"
	case errors.As(err, &spec) && len(spec.Faults) == 1 && strings.HasPrefix(spec.Faults[0], "Name: "):
		return "taken"
	}
	return fmt.Sprintf("%q", err)
}
