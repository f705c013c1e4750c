package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bastion-go/bastion"
)

// What is in the mailbox when Unlink or Demonitor returns does not arrive, and the books say what became of it.
func TestS10_NothingArrivesAfterUnlinkOrDemonitor(t *testing.T) {
	eachScene(t, bastion.Temporary, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		s.trapping("a")
		s.link("a", p)
		once := s.monitor("a", p, bastion.ThisIncarnation)
		each := s.monitor("a", p, bastion.EachIncarnation)
		gone := s.monitor("a", p, bastion.UntilGone)
		s.in("a", func(ctx *bastion.Context) {
			s.end("p", errBoom) // all four are waiting now
			ctx.Unlink(p)
			for _, m := range []bastion.Monitor{once, each, gone} {
				ctx.Demonitor(m)
				ctx.Demonitor(m)
			}
			ctx.Unlink(p)
		})
		if got := s.got(a); got != "" {
			t.Errorf("received %s", got)
		}
		if n := s.sys.Inspector().Books().Reason(bastion.DiscardWithdrawn); n != 4 {
			t.Errorf("%d withdrawn", n)
		}
		if n, _ := s.sys.Inspector().Node(a.Path()); n.Monitors+n.LinkCount > 0 {
			t.Errorf("%d monitors and %d links are left", n.Monitors, n.LinkCount)
		}
	})
}

// An Exit that was sent on purpose is no business of Unlink.
func TestS10_UnlinkLeavesWhatWasSent(t *testing.T) {
	eachScene(t, bastion.Temporary, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		s.trapping("a")
		s.link("a", p)
		s.in("a", func(ctx *bastion.Context) {
			s.in("p", func(ctx *bastion.Context) { _ = a.Exit(ctx, errBoom) })
			ctx.Unlink(p)
		})
		if exit := s.onlyExit(a); exit.Linked || exit.From != p || exit.Incarnation != 1 || exit.Reason != errBoom {
			t.Errorf("%+v", exit)
		}
	})
}

// Links, monitors and the trapping of exits are the incarnation's: the next one has none of them.
func TestS10_EndWithTheIncarnation(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		s.trapping("a")
		s.link("a", p)
		s.trapping("p")
		s.monitor("a", p, bastion.EachIncarnation)
		s.tell("a", fail{})
		if inc := s.sync(a); inc != 2 {
			t.Fatal("incarnation", inc)
		}
		if exit := s.onlyExit(p); exit.From != a || exit.Incarnation != 1 || !exit.Linked || exit.Reason != errBoom {
			t.Errorf("%+v", exit)
		}
		s.tell("p", fail{})
		s.sync(p)
		if got := s.got(a); got != "" || s.sync(a) != 2 {
			t.Errorf("the next incarnation was told %q", got)
		}
		s.exit(a, errBoom)
		tangleRest(s.rig, []bastion.Ref{a})
		if inc := s.sync(a); inc != 3 {
			t.Errorf("the next incarnation still trapped exits: incarnation %d", inc)
		}
	})
}

// A second link with the next incarnation is one of its own; the first one's Exit may still be waiting.
func TestS10_LinkAgain(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		s.trapping("a")
		s.link("a", p)
		s.in("a", func(ctx *bastion.Context) {
			for range 3 {
				s.tell("p", fail{})
				s.sync(p)
				if err := ctx.Link(p); err != nil {
					t.Error(err)
				}
			}
		})
		if got := s.got(a); got != "EXIT boom, EXIT boom, EXIT boom" {
			t.Errorf("received %s", got)
		}
		s.in("a", func(ctx *bastion.Context) {
			s.tell("p", fail{})
			s.sync(p)
			_ = ctx.Link(p)
			ctx.Unlink(p)
		})
		s.tell("p", fail{})
		s.sync(p)
		if got := s.got(a); got != "" {
			t.Errorf("received %s after Unlink", got)
		}
	})
}

// An exit signal that is not trapped makes the Context done; the message in hand finishes, the stop hook runs with the
// reason, and the restart type decides.
func TestS10_UntrappedExit(t *testing.T) {
	l := &transcript{t: t}
	began := make(chan struct{})
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: withHooks(hooked{
		start: func(ctx *bastion.Context) error { l.note("start %d", ctx.Incarnation()); return nil },
		stop: func(ctx *bastion.Context, reason error) error {
			var e *bastion.ExitError
			l.note("stop %s %v", brief(reason), errors.As(reason, &e) && e.From == "/sys/sup/p" && e.Linked)
			return nil
		},
		on: func(ctx *bastion.Context, msg any) error {
			if q, ok := msg.(barrier); ok {
				return q.Reply(ctx, ctx.Incarnation())
			}
			if err := ctx.Link(ctx.Supervisor().Child("p")); err != nil {
				return err
			}
			close(began)
			<-ctx.Done()
			l.note("handled %v", msg)
			return nil
		},
	})}, bastion.ChildSpec{Name: "p", Start: actor()})
	r.tell("a", "message")
	rigRecv(t, "the handler", began)
	r.tell("p", fail{})
	e := r.await(bastion.EventFailed, "/sys/sup/a")
	if inc := r.sync(r.child("a")); inc != 2 {
		t.Error("incarnation", inc)
	}
	l.want("start 1", "handled message", "stop boom true", "start 2")
	if e.Report == nil || len(e.Report.Links) > 0 { // the link is what has broken
		t.Errorf("%+v", e.Report)
	}
}

func TestL10_ReportNamesLinks(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		s.link("a", s.child("p"))
		s.link("q", s.child("a"))
		s.tell("a", fail{})
		e := s.await(bastion.EventFailed, "/sys/sup/a")
		if got := fmt.Sprint(e.Report.Links); got != "[/sys/sup/p /sys/sup/q]" {
			t.Error(got)
		}
	})
}

func TestS10_BadInput(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		foreign := rigOf(t, bastion.ChildSpec{Name: "x", Start: actor()}).child("x")
		var old *bastion.Context
		s.in("a", func(ctx *bastion.Context) {
			old = ctx
			_, noRef := ctx.Monitor(bastion.Ref{}, bastion.UntilGone)
			_, otherSystem := ctx.Monitor(foreign, bastion.UntilGone)
			_, span := ctx.Monitor(p, 99)
			wantErr(t, "Link nobody", ctx.Link(bastion.Ref{}), bastion.ErrNoProcess)
			wantErr(t, "Monitor nobody", noRef, bastion.ErrNoProcess)
			wantErr(t, "Link abroad", ctx.Link(foreign), bastion.ErrForeign)
			wantErr(t, "Monitor abroad", otherSystem, bastion.ErrForeign)
			if span == nil {
				t.Error("a span that there is not")
			}
			ctx.Unlink(bastion.Ref{})
			ctx.Unlink(foreign)
			ctx.Demonitor(bastion.Monitor{})
		})
		s.tell("a", fail{})
		s.sync(a)
		_, err := old.Monitor(p, bastion.ThisIncarnation)
		wantErr(t, "Monitor of an ended incarnation", err, bastion.ErrEnded)
		wantErr(t, "Link of an ended incarnation", old.Link(p), bastion.ErrEnded)
		wantErr(t, "Exit by an ended incarnation", p.Exit(old, errBoom), bastion.ErrEnded)
		wantErr(t, "Exit of nobody", bastion.Ref{}.Exit(context.Background(), errBoom), bastion.ErrNoProcess)
		old.Unlink(p)
		old.TrapExits(true)
		s.exit(a, errBoom)
		tangleRest(s.rig, []bastion.Ref{a})
		if inc := s.sync(a); inc != 3 {
			t.Error("an ended incarnation made the next one trap exits")
		}
	})
}

// What a goroutine of ctx.Go does with its Context, its process has done.
func TestS10_GoroutinesSpeakForTheProcess(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		done := make(chan struct{})
		s.in("a", func(ctx *bastion.Context) {
			err := ctx.Go(func(ctx *bastion.Context) error {
				defer close(done)
				ctx.TrapExits(true)
				_, err := ctx.Monitor(p, bastion.ThisIncarnation)
				return errors.Join(err, ctx.Link(p))
			})
			if err != nil {
				t.Error(err)
			}
		})
		rigRecv(t, "the goroutine", done)
		s.tell("p", fail{})
		s.sync(p)
		if got := s.got(a); got != "DOWN boom, EXIT boom" {
			t.Error(got)
		}
	})
}

// A ring of links has no end: all go, each once, when one fails.
func TestS10_RingOfLinks(t *testing.T) {
	const n = 1000
	log := &transcript{t: t}
	specs := tangleKinds(n, log)
	for i := range specs {
		specs[i].Restart = bastion.Temporary
	}
	r := rigOf(t, specs...)
	var refs []bastion.Ref
	for i := range n {
		refs = append(refs, r.child(fmt.Sprint("p", i)))
	}
	for i := range refs {
		tangleAsk(r, refs[i], func(*tangle) int { return 0 }, func(ctx *bastion.Context) {
			if err := errors.Join(ctx.Link(refs[(i+1)%n]), ctx.Link(refs[(i+n/2)%n])); err != nil {
				t.Error(err)
			}
		})
	}
	r.tell("p0", fail{})
	ended := map[string]int{}
	for len(ended) < n {
		e := rigRecv(t, "the end of the ring", r.events.C())
		if e.Kind == bastion.EventStopped {
			ended[e.Path]++
			if !errors.Is(e.Reason, errBoom) {
				t.Errorf("%s: %v", e.Path, e.Reason)
			}
		}
	}
	for path, times := range ended {
		if times != 1 {
			t.Errorf("%s ended %d times", path, times)
		}
	}
	log.want()
}
