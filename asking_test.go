package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// marked is middleware that puts a header on what is sent, or passes on the one in hand.
func marked(text string) []bastion.Middleware {
	return onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
		out.Header = out.Header.With("k", text).With("other", "-")
		if c, ok := ctx.(*bastion.Context); ok && text == "" {
			out.Header = c.Header()
		}
		return next(ctx, out)
	})
}

func TestM4_HeadersStayWithTheirMessage(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			var seen []string
			behavior := kindsOf(func(ctx *bastion.Context, msg any) error {
				if h := ctx.Header(); h.Value("k") != "" || msg == "plain" || msg == "fail" {
					seen = append(seen, fmt.Sprint(msg, " ", h.Value("k"), h.Value("other")))
				}
				if msg == "fail" {
					return errBoom
				}
				return parroting(nil)(ctx, msg)
			})[kind]
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: behavior},
				bastion.ChildSpec{Name: "passes", Start: actor(), Middleware: marked("")},
				bastion.ChildSpec{Name: "forwards", Start: bastion.Handle(func() bastion.Receiver {
					return bastion.ReceiverFunc(func(ctx *bastion.Context, _ any) error {
						return ctx.Forward(ctx.Supervisor().Child("c"))
					})
				})})
			c := r.child("c")
			one, two := c.Via(marked("one")...), c.Via(marked("two")...)
			tell := func(tell func(context.Context, any) error, msg any) {
				if err := tell(t.Context(), msg); err != nil {
					t.Fatal(err)
				}
			}
			tell(one.Tell, "a")
			tell(c.Tell, "plain")
			tell(two.Tell, "fail")
			tell(c.Tell, "plain")
			tell(two.Tell, "b")
			if got, err := bastion.AskVia(t.Context(), one, parrot{text: "q"}); got != "q" || err != nil {
				t.Error(got, err)
			}
			if got, err := bastion.AskVia(t.Context(), r.child("forwards").Via(marked("far")...), parrot{text: "f"}); got != "f" || err != nil {
				t.Error(got, err)
			}
			passed := make(chan error, 1)
			tell(r.child("passes").Via(marked("on")...).Tell, do(func(ctx *bastion.Context) error {
				passed <- c.Tell(ctx, "passed")
				return nil
			}))
			if err := rigRecv(t, "passing on", passed); err != nil {
				t.Error(err)
			}
			r.sync(c)
			want := []string{"a one-", "plain ", "fail two-", "plain ", "b two-", "echo q one-", "echo f far-", "passed on-"}
			if !slices.Equal(seen, want) {
				t.Errorf("%q", seen)
			}
		})
	}
}

// What waits with a header is a dead letter like any other when its receiver stops.
func TestM4_DeadLettersAreNotPacked(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})
	letters := r.sys.DeadLetters(4)
	if err := r.child("c").Via(marked("x")...).Tell(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if err := r.sys.Stop(t.Context()); !errors.Is(err, bastion.ErrNotStarted) {
		t.Error(err)
	}
	if l := rigRecv(t, "letter", letters.C()); l.Message != "x" || l.Receiver != r.child("c") {
		t.Error(l)
	}
}

func TestM5_AskingEndsWithTheAsker(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			cause := make(chan error, 1)
			begun := make(chan struct{}, 1)
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: kindsOf(func(ctx *bastion.Context, msg any) error {
				if _, ok := msg.(parrot); !ok {
					if ctx.Asking() == context.Context(ctx) {
						cause <- nil
					}
					return nil
				}
				work := ctx.Asking()
				if work != ctx.Asking() {
					t.Error("another context for the same question")
				}
				begun <- struct{}{}
				<-work.Done()
				cause <- work.Err()
				return nil
			})[kind]})
			asker, hangUp := context.WithCancel(t.Context())
			go func() { <-begun; hangUp() }()
			if _, err := bastion.Ask(asker, r.child("c"), parrot{}); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if err := rigRecv(t, "the end", cause); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			r.tell("c", "told")
			if err := rigRecv(t, "a told message", cause); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestM5_AskingEndsWithAnswerAndForward(t *testing.T) {
	ends := map[string]func(ctx *bastion.Context, q parrot) error{
		"answer":  func(ctx *bastion.Context, q parrot) error { return q.Reply(ctx, "") },
		"fail":    func(ctx *bastion.Context, q parrot) error { return q.Fail(ctx, errBoom) },
		"forward": func(ctx *bastion.Context, _ parrot) error { return ctx.Forward(ctx.Supervisor().Child("other")) },
		"reject":  func(ctx *bastion.Context, _ parrot) error { return ctx.Reject(errBoom) },
	}
	for name, end := range ends {
		held := make(chan context.Context, 1)
		r := rigOf(t, bastion.ChildSpec{Name: "other", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(parroting(nil)) })},
			bastion.ChildSpec{Name: "c", Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					work := ctx.Asking()
					if work.Err() != nil {
						t.Error("ended too early")
					}
					if err := end(ctx, msg.(parrot)); err != nil {
						return err
					}
					if again := ctx.Asking(); again.Err() == nil {
						t.Errorf("%s: it goes on", name)
					}
					held <- work
					return nil
				})
			})})
		_, _ = bastion.Ask(t.Context(), r.child("c"), parrot{})
		if work := rigRecv(t, name, held); work.Err() == nil {
			t.Errorf("%s: it goes on", name)
		}
	}
}

// A held question keeps its context, and gives it up with its incarnation.
func TestM5_AskingOfAHeldQuestion(t *testing.T) {
	works := make(chan context.Context, 1)
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			q, ok := msg.(parrot)
			if !ok {
				return react(ctx, msg)
			}
			works <- ctx.Asking()
			return q.Hold(ctx)
		})
	})})
	asked := make(chan error, 1)
	go func() { _, err := bastion.Ask(context.Background(), r.child("c"), parrot{}); asked <- err }()
	work := rigRecv(t, "question", works)
	r.sync(r.child("c"))
	if work.Err() != nil {
		t.Error("ended with the message")
	}
	r.tell("c", fail{})
	if err := rigRecv(t, "Ask", asked); !errors.Is(err, errBoom) {
		t.Error(err)
	}
	rigRecv(t, "its end", work.Done())
}

// TestM5_DeadlinesTravelAlong asks through three processes with what Asking gives; all of them end at the first asker's
// deadline, to the nanosecond, in a bubble and in seeded runs.
func TestM5_DeadlinesTravelAlong(t *testing.T) {
	const patience = 7 * time.Second
	chain := func(sys func() *bastion.System, note func(left time.Duration, err error)) bastion.SupervisorSpec {
		step := func(next string) bastion.Behavior {
			return bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
					if _, ok := msg.(parrot); !ok {
						return react(ctx, msg)
					}
					if err := ctx.Sleep(time.Second); err != nil {
						return err
					}
					work := ctx.Asking()
					at, _ := work.Deadline()
					left := at.Sub(sys().Clock().Now())
					var err error
					if next == "" {
						err = ctx.Await(work.Done())
					} else {
						_, err = bastion.Ask(work, ctx.Supervisor().Child(next), parrot{})
					}
					note(left, err)
					return nil
				})
			})
		}
		return bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: step("b")}, {Name: "b", Start: step("c")}, {Name: "c", Start: step("")}}}
	}
	check := func(lefts []time.Duration, took time.Duration, err error) {
		t.Helper()
		slices.Sort(lefts)
		if want := []time.Duration{patience - 3*time.Second, patience - 2*time.Second, patience - time.Second}; !slices.Equal(lefts, want) {
			t.Error(lefts)
		}
		if took != patience || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, bastion.ErrUnanswered) { // all of them end at one moment
			t.Error(took, err)
		}
	}
	for seed := range uint64(30) {
		var lefts []time.Duration
		var r *seededRig
		seeded(t, executor.SeededConfig{Seed: seed}, chain(func() *bastion.System { return r.sys }, func(left time.Duration, _ error) { lefts = append(lefts, left) }), func(rig *seededRig) {
			r = rig
			began := r.Clock().Now()
			ctx, cancel := r.sys.Timeout(context.Background(), patience)
			defer cancel()
			_, err := bastion.Ask(ctx, r.sup.Child("a"), parrot{})
			took := r.Clock().Now().Sub(began)
			for _, name := range []string{"a", "b", "c"} {
				_, _ = bastion.Ask(context.Background(), r.sup.Child(name), barrier{})
			}
			check(lefts, took, err)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		lefts := make(chan time.Duration, 3)
		var r *rig
		r = rigUp(t, chain(func() *bastion.System { return r.sys }, func(left time.Duration, _ error) { lefts <- left }))
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		_, err := bastion.Ask(ctx, r.child("a"), parrot{})
		check([]time.Duration{<-lefts, <-lefts, <-lefts}, time.Since(began), err)
	})
}
