package bastiontest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

func TestSim_L10_CrashReports(t *testing.T) {
	prove(t, func(w *world) {
		w.pair(nil)
		ref, other, spy := w.sup.Child("h"), w.sup.Child("l"), w.Spy(w.sys)
		failures := 1 + w.Choose(3)
		for i := range failures {
			up := time.Duration(1+w.Choose(3)) * time.Second
			linked, waiting, panics := w.Choose(2) == 1, w.Choose(3), w.Choose(2) == 1
			if linked {
				_ = ref.Tell(context.Background(), func(ctx *bastion.Context) error { ctx.TrapExits(true); return ctx.Link(other) })
				_ = other.Tell(context.Background(), func(ctx *bastion.Context) error { ctx.TrapExits(true); return nil })
				w.incarnation(ref)
				w.incarnation(other)
			}
			w.Sleep(up)
			ready, free := false, false
			x := w.send(context.Background(), "", ref, deedNone, ref)
			x.do = func(*bastion.Context) error {
				ready = true
				w.Until("the others", func() bool { return free })
				if panics {
					panic("planned")
				}
				return errPlanned
			}
			w.Until("it", func() bool { return ready })
			for range waiting {
				w.send(context.Background(), "", ref, deedNone, ref)
			}
			free = true
			w.Until("the failure", func() bool { return spy.Count(bastion.EventFailed, ref.Path()) == i+1 })
			events := spy.Events()
			k := slices.IndexFunc(events, func(e bastion.Event) bool {
				return e.Kind == bastion.EventFailed && e.Path == ref.Path() && e.Incarnation == uint64(i+1)
			})
			if k < 0 {
				w.Fatalf("failure %d is not among %v", i+1, events)
			}
			r := events[k].Report
			links := 0
			if linked {
				links = 1
			}
			if r == nil || r.Path != ref.Path() || r.ID != ref.ID() || r.Incarnation != uint64(i+1) || r.Message != any(x) || r.MailboxLen != waiting ||
				r.Uptime != up || r.Decision != "restart" || len(r.Links) != links || strings.Contains(r.Stack(), "sim_report_test.go") != panics {
				w.Errorf("failure %d, waiting %d, up %v, linked %t: %+v", i+1, waiting, up, linked, r)
			}
			w.incarnation(ref)
		}
	})
}
