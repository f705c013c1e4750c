package bastion_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// A lane is one of three kinds of message of one sender.
type lane struct{ sender, kind int }

type numbered struct {
	lane
	n int
}

// TestE7_SelectiveReceiveWithCrashes holds D1, D2, D4 and L3 for a loop that takes kinds of messages in an order of its
// own and crashes in between, also while it is looking, and is restarted by order.
func TestE7_SelectiveReceiveWithCrashes(t *testing.T) {
	const senders, each = 3, 12
	for seed := range uint64(200) {
		next, handled := map[lane]int{}, 0
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{
			Name: "c", Backoff: bastion.Constant{Delay: time.Second},
			Start: bastion.Loop(func(ctx *bastion.Context) error { return pickKinds(t, seed, ctx, next, &handled) }),
		}}}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			sent := 0
			for s := range senders {
				r.Go(fmt.Sprint("sender ", s), func() {
					for n := range each {
						l := lane{s, (n + s + int(seed)) % 3}
						r.tell("c", numbered{l, n})
						sent++
					}
				})
			}
			r.Go("restarts", func() {
				if err := r.sup.Child("c").Restart(context.Background()); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			})
			r.until("all messages", func() bool { return sent == senders*each && handled == sent })
		})
	}
}

// pickKinds takes messages by kind, in turn; what it takes of a lane must be newer than what it took before. The crashes
// come after a message was counted here, so that every message is counted.
func pickKinds(t *testing.T, seed uint64, ctx *bastion.Context, next map[lane]int, handled *int) error {
	looks := 0
	for turn := 0; ; turn++ {
		want := func(msg any) bool {
			if looks++; looks == 25 {
				panic("while it looks")
			}
			return msg.(numbered).kind == turn%3
		}
		msg, ok, err := ctx.RecvWhereTimeout(want, time.Minute)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		m := msg.(numbered)
		if m.n < next[m.lane] {
			t.Errorf("seed %d: %v after %d", seed, m, next[m.lane])
		}
		next[m.lane] = m.n + 1
		if *handled++; *handled%7 == 0 {
			return errBoom
		}
	}
}
