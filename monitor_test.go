package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// downText is all that a Down says.
func downText(m any) string {
	d, ok := m.(bastion.Down)
	if !ok {
		return fmt.Sprint(m)
	}
	return fmt.Sprintf("%s@%d %s %v", d.Ref.Name(), d.Incarnation, reasonText(d.Reason), d.Gone)
}

func (s *scene) wantDowns(ref bastion.Ref, want ...string) {
	s.t.Helper()
	s.sync(ref)
	var got []string
	for _, m := range s.take(ref) {
		got = append(got, downText(m))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("received %q, want %q", got, want)
	}
}

func TestS10_MonitorSpans(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		a, p := s.child("a"), s.child("p")
		once := s.monitor("a", p, bastion.ThisIncarnation)
		if once.Ref() != p || once.IsZero() {
			t.Error(once)
		}
		s.tell("p", fail{})
		s.sync(p)
		s.wantDowns(a, "p@1 boom false")
		s.monitor("a", p, bastion.EachIncarnation)
		s.tell("p", fail{})
		s.sync(p)
		s.tell("p", do(func(ctx *bastion.Context) error { return bastion.ErrNormal }))
		s.sync(p)
		s.wantDowns(a, "p@2 boom false", "p@3 normal false")
		s.monitor("a", p, bastion.UntilGone)
		s.tell("p", fail{})
		s.sync(p)
		s.wantDowns(a, "p@4 boom false")
		if err := rigIn(t, "Stop", func() error { return p.Stop(context.Background()) }); err != nil {
			t.Fatal(err)
		}
		s.wantDowns(a, "p@5 shutdown false", "p@5 shutdown true")
		for _, span := range []bastion.Span{bastion.ThisIncarnation, bastion.UntilGone, bastion.EachIncarnation} {
			s.monitor("a", p, span)
			s.wantDowns(a, "p@5 noproc true")
		}
		if n, _ := s.sys.Inspector().Node(a.Path()); n.Monitors > 0 {
			t.Errorf("%d monitors are left", n.Monitors)
		}
	})
}

// Between two incarnations a monitor takes the next, a link finds nobody, and an exit signal nobody either.
func TestS10_BetweenIncarnations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scene{seen: map[bastion.Ref][]any{}}
		s.rig = rigOf(t,
			bastion.ChildSpec{Name: "a", Start: kinds[0].make(s.on)},
			bastion.ChildSpec{Name: "p", Start: kinds[1].make(s.on), Backoff: bastion.Constant{Delay: time.Minute}},
		)
		a, p := s.child("a"), s.child("p")
		s.tell("p", fail{})
		synctest.Wait()
		s.trapping("a")
		s.monitor("a", p, bastion.ThisIncarnation)
		s.monitor("a", p, bastion.UntilGone)
		s.link("a", p)
		wantErr(t, "Exit", p.Exit(context.Background(), errBoom), bastion.ErrNoProcess)
		if exit := s.onlyExit(a); !errors.Is(exit.Reason, bastion.ErrNoProcess) || !exit.Linked || exit.Incarnation != 1 {
			t.Errorf("%+v", exit)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		s.wantDowns(a)
		s.tell("p", fail{})
		synctest.Wait()
		s.wantDowns(a, "p@2 boom false")
		s.monitor("a", p, bastion.ThisIncarnation)
		s.monitor("a", p, bastion.EachIncarnation)
		if err := p.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s.wantDowns(a, "p@2 boom true", "p@2 noproc true") // the other waited for an incarnation that will not be
	})
}

// Before the system is started nobody lives yet; the first incarnation is the next.
func TestS10_ExitBeforeStart(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: actor()}}})
	wantErr(t, "Exit", r.child("a").Exit(context.Background(), errBoom), bastion.ErrNoProcess)
}

// A Down and a trapped Exit stay behind what their subject sent, also across workers and restarts, and come before what
// its next incarnation sends.
func TestO2_DownStaysInOrder(t *testing.T) {
	eachScene(t, bastion.Permanent, func(t *testing.T, s *scene) {
		const lives, each = 20, 30
		a, p := s.child("a"), s.child("p")
		s.trapping("a")
		for range 2 * farewellPortion { // more than is told at once
			s.monitor("q", p, bastion.EachIncarnation)
		}
		s.monitor("a", p, bastion.EachIncarnation)
		for range lives {
			s.tell("p", do(func(ctx *bastion.Context) error {
				for range each {
					_ = a.Tell(ctx, fmt.Sprint("from ", ctx.Incarnation()))
				}
				return errBoom
			}))
		}
		s.sync(p)
		s.sync(a)
		got := s.take(a)
		if len(got) != lives*(each+1) {
			t.Fatalf("%d messages", len(got))
		}
		for i, m := range got {
			life, want := i/(each+1)+1, ""
			if want = fmt.Sprint("from ", life); i%(each+1) == each {
				want = fmt.Sprintf("p@%d boom false", life)
			}
			if downText(m) != want {
				t.Fatalf("message %d is %q, want %q", i, downText(m), want)
			}
		}
	})
}

// farewellPortion is as in the runtime; a test above only wants more than that.
const farewellPortion = 64

// A process that is watched a hundred thousand times ends without holding up anybody: others are served meanwhile, each
// monitor fires once, and nothing is kept.
func TestS10_StarOfMonitors(t *testing.T) {
	const watchers = 10
	monitors := 100_000
	if raceDetector {
		monitors = 10_000
	}
	s := &scene{seen: map[bastion.Ref][]any{}}
	log := &transcript{t: t}
	specs := tangleKinds(watchers, log)
	s.rig = rigOf(t, append(specs, bastion.ChildSpec{Name: "star", Start: actor()})...)
	star := s.child("star")
	for i := range watchers {
		tangleAsk(s.rig, s.child(fmt.Sprint("p", i)), func(v *tangle) int { return 0 }, func(ctx *bastion.Context) {
			for range monitors / watchers {
				if _, err := ctx.Monitor(star, bastion.ThisIncarnation); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	if n, _ := s.sys.Inspector().Node(star.Path()); n.MonitoredBy != monitors {
		t.Fatalf("%d monitors", n.MonitoredBy)
	}
	for i := range watchers { // what is not known to a tangle would be a fault in it
		tangleAsk(s.rig, s.child(fmt.Sprint("p", i)), func(v *tangle) int { v.blind = true; return 0 })
	}
	s.tell("star", fail{})
	if inc := s.sync(star); inc != 2 { // answered when all were told
		t.Error("incarnation", inc)
	}
	for i := range watchers {
		if got := tangleAsk(s.rig, s.child(fmt.Sprint("p", i)), func(v *tangle) int { return v.downs[star] }); got != monitors/watchers {
			t.Errorf("p%d: %d downs", i, got)
		}
	}
	if n, _ := s.sys.Inspector().Node(star.Path()); n.MonitoredBy != 0 {
		t.Errorf("%d monitors are left", n.MonitoredBy)
	}
	log.want()
}
