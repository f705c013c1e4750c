package resizer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bastion-go/bastion"
)

// Need says that somebody had work and found nobody: the process sees to it that
// there is at least one member, at once. For a group whose Min is None.
type Need struct{}

// Status asks the process how things stand.
type Status struct{ bastion.Returns[Report] }

// A Report is the answer to Status.
type Report struct {
	Members  int           // that serve
	Leaving  int           // told to drain, and not gone yet
	Backlog  float64       // at the last look, for each member in the mean
	Wait     time.Duration // likewise: the time in the queue
	Looks    uint64        // of this incarnation
	Grown    uint64        // members added, by this incarnation
	Shrunken uint64        // members told to go, likewise
}

// Run makes the process. Faults of the spec are faults of the supervisor's; a group
// that does not exist is a failure of the process when it starts.
func Run(spec Spec) bastion.Behavior {
	if f := spec.faults(); f != nil {
		return bastion.Invalid(f...)
	}
	spec = spec.complete()
	return bastion.Loop(func(ctx *bastion.Context) error {
		r := &resizer{spec: &spec, leaving: make(map[bastion.Ref]bool), handled: make(map[bastion.Ref]uint64)}
		return r.run(ctx)
	})
}

// A resizer is one incarnation of the process.
type resizer struct {
	spec    *Spec
	group   *bastion.Group
	leaving map[bastion.Ref]bool   // told to drain
	handled map[bastion.Ref]uint64 // by each, until the last look
	looked  time.Time
	calm    int
	report  Report
}

func (r *resizer) run(ctx *bastion.Context) error {
	r.group = ctx.Supervisor().Group(r.spec.Group)
	if r.group == nil {
		return fmt.Errorf("resizer: %w: %s has no group %q", bastion.ErrNoProcess, ctx.Supervisor().Path(), r.spec.Group)
	}
	clock := ctx.System().Clock()
	r.measure(clock.Now())
	for {
		due := make(chan struct{})
		timer := clock.AfterFunc(r.spec.Every, func() { close(due) })
		for looked := false; !looked; {
			msg, came, err := ctx.RecvUntil(due)
			if err != nil {
				timer.Stop()
				return err
			}
			if looked = !came; looked {
				err = r.look(ctx, clock.Now())
			} else {
				err = r.receive(ctx, msg)
			}
			if err != nil {
				timer.Stop()
				return err
			}
		}
	}
}

func (r *resizer) receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case Need:
		if n := len(r.serving()); n == 0 && r.spec.Max > 0 {
			return r.resize(ctx, sample{}, 1)
		}
		return nil
	case Status:
		r.report.Members, r.report.Leaving = len(r.serving()), len(r.leaving)
		return m.Reply(ctx, r.report)
	}
	return ctx.Unhandled()
}

// look is one look at the group, and what follows from it.
func (r *resizer) look(ctx *bastion.Context, now time.Time) error {
	is := r.measure(now)
	r.report.Looks++
	r.report.Backlog, r.report.Wait = is.mean(), is.wait()
	want, calm := r.spec.decide(is, r.calm)
	r.calm = calm
	if want == is.members {
		return nil
	}
	return r.resize(ctx, is, want)
}

// serving are the members that are to stay.
func (r *resizer) serving() []bastion.Ref {
	all := r.group.Serving()
	for ref := range r.leaving {
		if ref.Load(1).State == bastion.StateStopped {
			delete(r.leaving, ref)
		}
	}
	return slices.DeleteFunc(all, func(ref bastion.Ref) bool { return r.leaving[ref] })
}

// measure reads what the members have and what they have done since the last time.
func (r *resizer) measure(now time.Time) sample {
	members := r.serving()
	is := sample{members: len(members), elapsed: now.Sub(r.looked)}
	handled := make(map[bastion.Ref]uint64, len(members))
	for _, ref := range members {
		l := ref.Load(maxCounted)
		is.backlog += l.Backlog()
		is.waiting += l.Mailbox
		is.handled += l.Handled - r.handled[ref]
		handled[ref] = l.Handled
	}
	r.handled, r.looked = handled, now
	return is
}

// maxCounted bounds what is counted of one mailbox.
const maxCounted = 1 << 16

func (r *resizer) resize(ctx *bastion.Context, is sample, want int) error {
	done := Resized{From: is.members, To: is.members, Backlog: is.mean(), Wait: is.wait()}
	for done.To < want && done.Err == nil {
		if _, done.Err = r.group.Spawn(ctx); done.Err == nil {
			done.To++
			r.report.Grown++
		}
	}
	if want < is.members {
		if err := r.drain(ctx, is.members-want); err != nil {
			return err
		}
		done.To = want
	}
	if errors.Is(done.Err, bastion.ErrPending) || ctx.Err() != nil {
		return bastion.ErrStopping
	}
	if err := ctx.Note(done.String()); err != nil {
		return err
	}
	if r.spec.OnResize != nil {
		return r.spec.OnResize(ctx, done)
	}
	return nil
}

// drain tells so many to go: those who have the least to do, of equals the youngest.
func (r *resizer) drain(ctx *bastion.Context, count int) error {
	type member struct {
		ref     bastion.Ref
		backlog int
	}
	var all []member
	for _, ref := range r.serving() {
		all = append(all, member{ref, ref.Load(maxCounted).Backlog()})
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(a.backlog, b.backlog) })
	for _, m := range all[:min(count, len(all))] {
		r.leaving[m.ref] = true
		r.report.Shrunken++
		if err := ctx.Go(func(ctx *bastion.Context) error { return drainOne(ctx, m.ref) }); err != nil {
			return err
		}
	}
	return nil
}

// drainOne gives the order and waits for the end, or for our own: the order stays.
func drainOne(ctx *bastion.Context, ref bastion.Ref) error {
	if err := ref.Drain(ctx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, bastion.ErrPending) && !errors.Is(err, bastion.ErrStopped) {
		return err
	}
	return nil
}
