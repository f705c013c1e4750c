package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/bastion-go/bastion"
)

// exitEnds are the ways to end by Context.Exit, and whether a transient child is started again after that.
var exitEnds = []struct {
	name   string
	reason error
	again  bool
}{
	{"normal", nil, false},
	{"ErrNormal", bastion.ErrNormal, false},
	{"shutdown", bastion.ErrShutdown, false},
	{"shutdown, wrapped", fmt.Errorf("%w: enough", bastion.ErrShutdown), false},
	{"failure", errBoom, true},
	{"killed", bastion.ErrKilled, true},
	{"somebody else's shutdown", &bastion.FailedError{Path: "/x", Reason: bastion.ErrShutdown}, true},
	{"somebody else's shutdown, wrapped", fmt.Errorf("asking: %w", &bastion.FailedError{Path: "/x", Reason: bastion.ErrShutdown}), true},
}

func TestS2_ExitFollowsTheRestartType(t *testing.T) {
	for _, c := range exitEnds {
		t.Run(c.name, func(t *testing.T) {
			eachScene(t, bastion.Transient, func(t *testing.T, s *scene) {
				a := s.child("a")
				failed := s.sys.Inspector().Books().Failed
				s.tell("a", do(func(ctx *bastion.Context) error { return ctx.Exit(c.reason) }))
				if c.again {
					e := s.await(bastion.EventFailed, "/sys/sup/a")
					if !errors.Is(e.Reason, c.reason) || s.sync(a) != 2 {
						t.Error("not started again", e.Reason)
					}
					failed++
				} else {
					e := s.down("a")
					if e.Reason != nil && !errors.Is(e.Reason, c.reason) {
						t.Error(e.Reason)
					}
					wantErr(t, "Tell", a.Tell(context.Background(), 1), bastion.ErrStopped)
				}
				if got := s.sys.Inspector().Books().Failed; got != failed { // in order: the message was handled
					t.Errorf("%d messages failed, want %d", got, failed)
				}
			})
		})
	}
}

func TestS2_ExitSignalFollowsTheRestartType(t *testing.T) {
	for _, c := range exitEnds[2:6] {
		t.Run(c.name, func(t *testing.T) {
			eachScene(t, bastion.Transient, func(t *testing.T, s *scene) {
				a := s.child("a")
				s.exit(a, c.reason)
				if !c.again {
					if e := s.down("a"); !errors.Is(e.Reason, bastion.ErrShutdown) {
						t.Error(e.Reason)
					}
					return
				}
				if e := s.await(bastion.EventFailed, "/sys/sup/a"); !errors.Is(e.Reason, c.reason) || e.Report == nil {
					t.Error(e.Reason)
				}
				if inc := s.sync(a); inc != 2 {
					t.Error("incarnation", inc)
				}
			})
		})
	}
}

// Exit that is not returned does nothing, and Resume does not apply to one that is.
func TestS2_ExitIsAnErrorToReturn(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{
		Name: "a", Start: actor(), Conditions: []bastion.Condition{{Is: errBoom, Then: bastion.Resume}},
	})
	a := r.child("a")
	r.tell("a", do(func(ctx *bastion.Context) error { _ = ctx.Exit(errBoom); return nil }))
	if inc := r.sync(a); inc != 1 {
		t.Error("it ended without returning it")
	}
	r.tell("a", fail{})
	if inc := r.sync(a); inc != 1 {
		t.Error("not resumed")
	}
	r.tell("a", do(func(ctx *bastion.Context) error { return fmt.Errorf("so: %w", ctx.Exit(errBoom)) }))
	if inc := r.sync(a); inc != 2 {
		t.Error("resumed after Exit")
	}
}

// A kill by signal runs no hook, is a failure named killed, and is seen as that by links and monitors; the process is
// started again.
func TestS2_ExitKilledIsAFailure(t *testing.T) {
	l := &transcript{t: t}
	s := &scene{seen: map[bastion.Ref][]any{}}
	began := make(chan struct{})
	s.rig = rigOf(t, bastion.ChildSpec{Name: "a", Start: kinds[1].make(s.on)}, bastion.ChildSpec{Name: "p", Start: withHooks(hooked{
		stop: func(*bastion.Context, error) error { l.note("stop"); return nil },
	})})
	a, p := s.child("a"), s.child("p")
	s.trapping("a")
	s.link("a", p)
	s.monitor("a", p, bastion.ThisIncarnation)
	s.in("p", func(ctx *bastion.Context) { ctx.TrapExits(true) })
	s.tell("p", do(func(ctx *bastion.Context) error { close(began); <-ctx.Done(); return ctx.Err() }))
	rigRecv(t, "the handler", began)
	s.exit(p, bastion.ErrKilled)
	e := s.await(bastion.EventFailed, "/sys/sup/p")
	if !errors.Is(e.Reason, bastion.ErrKilled) || e.Report == nil || e.Report.Message == nil {
		t.Errorf("%v, %+v", e.Reason, e.Report)
	}
	if inc := s.sync(p); inc != 2 {
		t.Error("incarnation", inc)
	}
	if got := s.got(a); got != "EXIT killed, DOWN killed" {
		t.Error(got)
	}
	l.want()
}

// What does not return when it is killed is abandoned: links and monitors see that it was killed, once, and nothing comes
// from what is left of it.
func TestL7_ExitAbandons(t *testing.T) {
	s := &scene{seen: map[bastion.Ref][]any{}}
	s.rig = rigOf(t, bastion.ChildSpec{Name: "a", Start: kinds[0].make(s.on)}, bastion.ChildSpec{Name: "p", Start: kinds[0].make(s.on)})
	a, p := s.child("a"), s.child("p")
	s.trapping("a")
	s.link("a", p)
	until, old := make(chan struct{}), make(chan *bastion.Context, 1)
	s.tell("p", do(func(ctx *bastion.Context) error { old <- ctx; <-until; return nil }))
	ctx := rigRecv(t, "the handler", old)
	s.exit(p, bastion.ErrKilled)
	if e := s.await(bastion.EventAbandoned, "/sys/sup/p"); e.Incarnation != 1 {
		t.Error(e)
	}
	if inc := s.sync(p); inc != 2 {
		t.Error("incarnation", inc)
	}
	if exit := s.onlyExit(a); !errors.Is(exit.Reason, bastion.ErrKilled) || !errors.Is(exit.Reason, bastion.ErrAbandoned) {
		t.Error(exit.Reason)
	}
	wantErr(t, "Link", ctx.Link(a), bastion.ErrEnded)
	wantErr(t, "Exit", a.Exit(ctx, errBoom), bastion.ErrEnded)
	close(until)
	s.sync(p)
	if got := s.got(a); got != "" {
		t.Error(got)
	}
}
