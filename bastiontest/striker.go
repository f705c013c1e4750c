package bastiontest

import (
	"cmp"
	"context"
	"errors"
	"path"
	"time"

	"github.com/bastion-go/bastion"
)

// striker is the faults of one run. It is bastion.Faults. Its fields belong to whoever has the baton.
type striker struct {
	s      *Sim
	faults []*armed
	hung   map[string]bool // paths of those that hang by a fault
	over   bool            // what waits by a fault is let go
}

// armed is a fault and what has become of it in this run.
type armed struct {
	Fault
	seen, struck int
}

func newStriker(s *Sim, faults []Fault) *striker {
	x := &striker{s: s, hung: make(map[string]bool)}
	for _, f := range faults {
		x.faults = append(x.faults, &armed{Fault: f})
	}
	return x
}

// before is x before the faults of a system's own config.
func (x *striker) before(own bastion.Faults) bastion.Faults {
	if own == nil {
		return x
	}
	return both{x, own}
}

func (x *striker) strike(m *Moment) error {
	m.Sim = x.s
	for _, f := range x.faults {
		if !f.fits(m) || !f.due(x.s) {
			continue
		}
		f.struck++
		x.s.seeded.Note("fault", cmp.Or(m.Path, string(m.When)), describe(f.Do))
		if err := f.Do.Strike(m); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether it is one of the fault's moments.
func (f *armed) fits(m *Moment) bool {
	if cmp.Or(f.When, OnMessage) != m.When || f.Times > 0 && f.struck >= f.Times {
		return false
	}
	if f.On != "" {
		if ok, _ := path.Match(f.On, m.Path); !ok {
			return false
		}
	}
	return f.Match == nil || f.Match(m)
}

// due reports whether it strikes at this one.
func (f *armed) due(s *Sim) bool {
	f.seen++
	if f.Nth > 0 {
		return f.seen == f.Nth
	}
	return s.seeded.Chance(f.Chance)
}

// Start implements bastion.Faults.
func (x *striker) Start(ctx *bastion.Context) error {
	if len(x.faults) == 0 {
		return nil
	}
	return x.strike(&Moment{When: OnStart, Ctx: ctx, Path: ctx.Self().Path()})
}

// Receive implements bastion.Faults.
func (x *striker) Receive(ctx *bastion.Context, msg any) error {
	if len(x.faults) == 0 {
		return nil
	}
	return x.strike(&Moment{When: OnMessage, Ctx: ctx, Path: ctx.Self().Path(), Message: msg})
}

// Send implements bastion.Faults.
func (x *striker) Send(ctx context.Context, to bastion.Ref, msg any) error {
	if len(x.faults) == 0 {
		return nil
	}
	return x.strike(&Moment{When: OnSend, Ctx: ctx, Path: to.Path(), Message: msg})
}

// late is how much later than after d a timer fires.
func (x *striker) late(d time.Duration) time.Duration {
	if len(x.faults) == 0 {
		return 0
	}
	m := &Moment{When: OnTimer, Delay: max(d, 0)}
	_ = x.strike(m)
	if m.Delay < 0 {
		return -1
	}
	return max(m.Delay-d, 0)
}

// wait lets the process of a moment hang: for d, or less than 0 for good; and until the run is over.
func (x *striker) wait(m *Moment, d time.Duration) {
	if d < 0 {
		x.hung[m.Path] = true
		x.s.seeded.Wait("nothing: it hangs by a fault", nil, func() bool { return x.over })
		return
	}
	timer, expired := x.s.expires(d)
	defer timer.Stop()
	x.hung[m.Path] = true
	x.s.seeded.Wait("a fault that makes it slow", nil, expired, func() bool { return x.over })
}

// release lets go what waits by a fault, when everything has stopped.
func (x *striker) release() { x.over = true }

// excused reports whether err, of a Stop, only says that what hangs by a fault was abandoned.
func (x *striker) excused(err error) bool {
	var left *bastion.AbandonedError
	if !errors.As(err, &left) {
		return false
	}
	for _, a := range left.Left {
		if !x.hung[a.Path] {
			return false
		}
	}
	return true
}

// both are a run's faults and a config's own.
type both struct{ first, second bastion.Faults }

func (b both) Start(ctx *bastion.Context) error {
	if err := b.first.Start(ctx); err != nil {
		return err
	}
	return b.second.Start(ctx)
}

func (b both) Receive(ctx *bastion.Context, msg any) error {
	if err := b.first.Receive(ctx, msg); err != nil {
		return err
	}
	return b.second.Receive(ctx, msg)
}

func (b both) Send(ctx context.Context, to bastion.Ref, msg any) error {
	if err := b.first.Send(ctx, to, msg); err != nil {
		return err
	}
	return b.second.Send(ctx, to, msg)
}
