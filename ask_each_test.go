package bastion_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

func TestD6_AskEachGivesOneAnswerOfEach(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 5, Start: answerer()}, bastion.ChildSpec{Name: "gone", Start: answerer()})
	gone := r.child("gone")
	if err := gone.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	to := append(r.sup.Group("g").Members(), gone, bastion.Ref{})
	came := map[bastion.Ref]error{}
	for a := range bastion.AskEach(context.Background(), to, answers(7)) {
		if _, twice := came[a.From]; twice || a.Err == nil && a.Value != 7 {
			t.Errorf("%v: %v, %v", a.From, a.Value, a.Err)
		}
		came[a.From] = a.Err
	}
	if len(came) != len(to) {
		t.Errorf("%d answers of %d", len(came), len(to))
	}
	for ref, err := range came {
		switch {
		case ref == gone:
			wantErr(t, "gone", err, bastion.ErrStopped)
		case ref.IsZero():
			wantErr(t, "nobody", err, bastion.ErrNoProcess)
		default:
			wantErr(t, "member", err, nil)
		}
	}
}

// TestD6_BreakingOffGivesTheRestUp: their answers are dead letters, and nobody gets an answer that is not his.
func TestD6_BreakingOffGivesTheRestUp(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "quick", Start: answerer()}, bastion.ChildSpec{Name: "slow", Start: answerer()})
	letters := r.sys.DeadLetters(8)
	release := r.hold("slow")
	for a := range bastion.AskEach(context.Background(), []bastion.Ref{r.child("slow"), r.child("quick")}, answers(3)) {
		if a.From != r.child("quick") || a.Value != 3 || a.Err != nil {
			t.Errorf("%+v", a)
		}
		break
	}
	release()
	d := rigRecv(t, "dead letter", letters.C())
	if d.Message != 3 || d.Sender != r.child("slow") || !errors.Is(d.Reason, bastion.ErrLate) {
		t.Errorf("dead letter: %+v", d)
	}
}

func TestD6_AskEachEndsWithItsContext(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 3, Start: answerer()})
	ctx, cancel := context.WithCancel(context.Background())
	held := make(chan struct{}, 3)
	q := holds(held)
	go func() {
		for range 3 {
			<-held
		}
		cancel()
	}()
	n := 0
	for a := range bastion.AskEach(ctx, r.sup.Group("g").Members(), q) {
		wantErr(t, "answer", a.Err, context.Canceled)
		n++
	}
	for a := range bastion.AskEach(ctx, r.sup.Group("g").Members(), q) {
		wantErr(t, "answer", a.Err, context.Canceled)
		n++
	}
	if n != 6 {
		t.Errorf("%d answers", n)
	}
}

// TestD6_RingsThroughAskEach: whoever asks several waits for each of them, and a ring is found through any.
func TestD6_RingsThroughAskEach(t *testing.T) {
	for seed := range uint64(100) {
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			{Name: "a", Start: answerer()}, {Name: "b", Start: answerer()}, {Name: "c", Start: answerer()},
		}}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			a, b, c := r.sup.Child("a"), r.sup.Child("b"), r.sup.Child("c")
			refused := 0
			back := query{act: func(ctx *bastion.Context, q query) error { // whoever is asked asks a back
				_, err := bastion.Ask(ctx, a, answers(1))
				var ring *bastion.RingError
				if errors.As(err, &ring) && len(ring.Ring) == 2 {
					refused++
				}
				return q.Reply(ctx, 1)
			}}
			got := 0
			err := a.Tell(context.Background(), do(func(ctx *bastion.Context) error {
				for answer := range bastion.AskEach(ctx, []bastion.Ref{b, c, a}, back) {
					switch {
					case answer.From == a && errors.Is(answer.Err, bastion.ErrDeadlock), answer.From != a && answer.Err == nil:
						got++
					default:
						t.Errorf("seed %d: %+v", seed, answer)
					}
				}
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			r.until("three answers", func() bool { return got == 3 })
			if refused != 2 {
				t.Errorf("seed %d: %d asks were refused", seed, refused)
			}
		})
	}
}

// TestD6_AskEachOfTheFailing: the failure of one is its answer.
func TestD6_AskEachOfTheFailing(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 3, Start: answerer(), Intensity: bastion.Unlimited})
	q := query{act: func(ctx *bastion.Context, q query) error {
		if ctx.Index() == 1 {
			return errBoom
		}
		return q.Reply(ctx, ctx.Index())
	}}
	for a := range bastion.AskEach(context.Background(), r.sup.Group("g").Members(), q) {
		if a.From == r.sup.Group("g").Member(1) {
			wantErr(t, "the failing", a.Err, errBoom)
		} else {
			wantErr(t, "the others", a.Err, nil)
		}
	}
}

func TestD1_AskOneOfAsksOne(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 4, Start: answerer(), Intensity: bastion.Unlimited})
	members := r.sup.Group("g").Members()
	for _, m := range members[:2] {
		if err := m.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	asked := make(chan int, 4)
	q := query{act: func(ctx *bastion.Context, q query) error { asked <- ctx.Index(); return errBoom }}
	a := bastion.AskOneOf(context.Background(), slices.Values(members), q)
	wantErr(t, "the one that accepted it", a.Err, errBoom)
	if a.From != members[2] || len(asked) != 1 {
		t.Errorf("%+v, %d were asked", a, len(asked))
	}
	a = bastion.AskOneOf(context.Background(), slices.Values(members[:2]), q)
	wantErr(t, "nobody accepts", a.Err, bastion.ErrStopped)
	wantErr(t, "nobody", bastion.AskOneOf(context.Background(), slices.Values(members[:0]), q).Err, bastion.ErrNoProcess)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantErr(t, "cancelled", bastion.AskOneOf(ctx, slices.Values(members), q).Err, context.Canceled)
	if len(asked) != 1 {
		t.Errorf("%d were asked", len(asked))
	}
}
