package bastion_test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// TestL12_InManyOrders has children with a heartbeat hang, wait and work in seeded runs: only the hanging one fails, in
// virtual time and in time, and the same seed does the same things.
func TestL12_InManyOrders(t *testing.T) {
	for _, name := range []string{"handler", "loop"} {
		for seed := range uint64(contractSeeds) {
			first := silentOnce(t, seed, name)
			if seed%10 == 0 {
				if second := silentOnce(t, seed, name); first != second {
					t.Fatalf("%s, seed %d: two runs differ:\n%s\n\n%s", name, seed, first, second)
				}
			}
		}
	}
}

func silentOnce(t *testing.T, seed uint64, name string) (trace string) {
	t.Helper()
	spec := both(nil)
	for i := range spec.Children {
		spec.Children[i].Heartbeat, spec.Children[i].Shutdown = beatEvery, 10*time.Second
	}
	whole := seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
		events := r.sys.Events(64)
		defer events.Close()
		began := r.Clock().Now()
		for _, busy := range []string{"handler", "loop"} {
			r.tell(busy, do(func(ctx *bastion.Context) error {
				for range 10 {
					if err := ctx.Sleep(beatEvery / 2); err != nil {
						return err
					}
					ctx.Beat()
				}
				return nil
			}))
		}
		r.tell(name, do(func(ctx *bastion.Context) error { return ctx.Sleep(time.Hour) }))
		for _, each := range []string{"handler", "loop"} {
			want := uint64(1)
			if each == name {
				want = 2
			}
			inc, err := bastion.Ask(context.Background(), r.sup.Child(each), barrier{})
			if err != nil || inc != want {
				t.Errorf("%s, seed %d: %s answers in incarnation %d, want %d, %v", name, seed, each, inc, want, err)
			}
		}
		due := 5*beatEvery + beatEvery
		if took := r.Clock().Now().Sub(began); took < due || took > due+2*beatEvery/4 {
			t.Errorf("%s, seed %d: back after %v, the silence began after %v", name, seed, took, 5*beatEvery)
		}
		e := bastion.Event{}
		for e.Kind != bastion.EventSilent {
			e = <-events.C()
		}
		if e.Path != r.sup.Child(name).Path() || !errors.Is(e.Reason, bastion.ErrNoHeartbeat) {
			t.Errorf("%s, seed %d: %+v", name, seed, e)
		}
	})
	return loggedStack.ReplaceAllString(whole, "")
}

// loggedStack is the stack in a log record. That of somebody who has just given the baton on ends where it has come to in
// real time.
var loggedStack = regexp.MustCompile(` stack="[^"]*"`)
