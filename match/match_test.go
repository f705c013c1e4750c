package match_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/match"
)

type (
	add    struct{ N int }
	text   string
	total  struct{ bastion.Returns[int] }
	refuse struct{ bastion.Returns[int] }
	held   struct{ bastion.Returns[int] }
	sum    struct{ bastion.Returns[int] }
	fail   struct{ bastion.Returns[int] }
	seen   struct{ bastion.Returns[string] }
)

func (t text) String() string { return string(t) }

var errBoom = errors.New("boom")

// A recorder notes which arm took what.
type recorder struct{ lines []string }

func (r *recorder) note(format string, args ...any) error {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
	return nil
}

func noting[M any](r *recorder, arm string) func(*bastion.Context, M) error {
	return func(_ *bastion.Context, m M) error { return r.note("%s %v", arm, m) }
}

// matcher has an arm of every kind.
func (r *recorder) matcher() *match.Matcher {
	return match.New(
		match.Fallback(func(_ *bastion.Context, msg any) error { return r.note("fallback %T", msg) }), // last, wherever it stands
		match.Answer(func(*bastion.Context, seen) (string, error) { return strings.Join(r.lines, "; "), nil }),
		match.Tell(noting[add](r, "told")),
		match.Tell(noting[add](r, "never")),
		match.Broadcast(noting[add](r, "broadcast")),
		match.On(noting[fmt.Stringer](r, "stringer")),
		match.Answer(func(*bastion.Context, total) (int, error) { return len(r.lines), nil }),
		match.Answer(func(ctx *bastion.Context, q refuse) (int, error) { return 0, q.Fail(ctx, errBoom) }),
		match.Answer(func(*bastion.Context, fail) (int, error) { return 0, errBoom }),
		match.Ask(func(ctx *bastion.Context, q held) error {
			return errors.Join(q.Hold(ctx), ctx.Go(func(ctx *bastion.Context) error { return q.Reply(ctx, 7) }))
		}),
	)
}

func start(t *testing.T, b bastion.Behavior) (*bastion.System, *bastion.Supervisor, bastion.Ref) {
	t.Helper()
	sys, err := bastion.New(bastion.Config{Name: "sys", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{{Name: "c", Start: b}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sys, sup, sup.Child("c")
}

// looping is a loop that gives its matcher what it receives.
func looping(factory func() *match.Matcher) bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		m := factory()
		for {
			msg, err := ctx.Recv()
			if err == nil {
				err = m.Receive(ctx, msg)
			}
			if err != nil {
				return err
			}
		}
	})
}

// behaviors are a matcher as a receiver, and in a loop.
func behaviors(factory func() *match.Matcher) map[string]bastion.Behavior {
	return map[string]bastion.Behavior{
		"handler": bastion.Handle(func() bastion.Receiver { return factory() }),
		"loop":    looping(factory),
	}
}

func TestArmsByTypeAndDelivery(t *testing.T) {
	for kind, b := range behaviors(func() *match.Matcher { return new(recorder).matcher() }) {
		t.Run(kind, func(t *testing.T) {
			_, sup, c := start(t, b)
			ctx := t.Context()
			for _, msg := range []any{add{1}, text("a"), total{}, 3.5} { // a question that is told is none
				if err := c.Tell(ctx, msg); err != nil {
					t.Fatal(err)
				}
			}
			for _, msg := range []any{add{2}, text("b"), 3.5} {
				if n, err := sup.Broadcast(ctx, msg); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			got, err := bastion.Ask(ctx, c, seen{})
			want := "told {1}; stringer a; fallback match_test.total; fallback float64; broadcast {2}; stringer b; fallback float64"
			if got != want || err != nil {
				t.Errorf("%s %v\nwant %s", got, err, want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for kind, b := range behaviors(func() *match.Matcher { return new(recorder).matcher() }) {
		t.Run(kind, func(t *testing.T) {
			_, _, c := start(t, b)
			ctx := t.Context()
			if n, err := bastion.Ask(ctx, c, total{}); n != 0 || err != nil {
				t.Errorf("Answer: %v %v", n, err)
			}
			if n, err := bastion.Ask(ctx, c, held{}); n != 7 || err != nil {
				t.Errorf("Ask: %v %v", n, err)
			}
			if _, err := bastion.Ask(ctx, c, refuse{}); err != errBoom {
				t.Errorf("Fail in an Answer: %v", err)
			}
			if _, err := bastion.Ask(ctx, c, sum{}); !errors.Is(err, bastion.ErrUnanswered) {
				t.Errorf("a question that only the fallback takes: %v", err)
			}
			var failed *bastion.FailedError
			if _, err := bastion.Ask(ctx, c, fail{}); !errors.As(err, &failed) || !errors.Is(err, errBoom) {
				t.Errorf("an Answer that fails: %v", err)
			}
			if n, err := bastion.Ask(ctx, c, total{}); n != 0 || err != nil {
				t.Errorf("the next life: %v %v", n, err)
			}
		})
	}
}

// An answer that comes too late is no failure of who gives it.
func TestAnswerThatNobodyWaitsFor(t *testing.T) {
	began, goOn := make(chan struct{}), make(chan struct{})
	sys, _, c := start(t, bastion.Handle(func() bastion.Receiver {
		return match.New(match.Answer(func(*bastion.Context, total) (int, error) {
			close(began)
			<-goOn
			return 1, nil
		}))
	}))
	letters := sys.DeadLetters(1)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { _, err := bastion.Ask(ctx, c, total{}); gone <- err }()
	<-began
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(goOn)
	if l := <-letters.C(); l.Message != 1 || !errors.Is(l.Reason, bastion.ErrLate) {
		t.Errorf("%+v", l)
	}
	if _, err := bastion.Ask(t.Context(), c, sum{}); !errors.Is(err, bastion.ErrUnhandled) { // and there is no fallback
		t.Error(err)
	}
	if n, _ := sys.Inspector().Node("/sys/sup/c"); n.Incarnation != 1 {
		t.Errorf("incarnation %d", n.Incarnation)
	}
}

// With Takes a loop leaves in its mailbox what it has no arm for.
func TestTakes(t *testing.T) {
	got := make(chan []any, 1)
	_, _, c := start(t, bastion.Loop(func(ctx *bastion.Context) error {
		var taken []any
		m := match.New(
			match.Tell(func(_ *bastion.Context, m add) error { taken = append(taken, m); return nil }),
			match.Broadcast(func(_ *bastion.Context, m text) error { taken = append(taken, m); return nil }),
		)
		wanted := func(msg any) bool { return m.Takes(ctx, msg) }
		for len(taken) < 2 {
			msg, err := ctx.RecvWhere(wanted)
			if err == nil {
				err = m.Receive(ctx, msg)
			}
			if err != nil {
				return err
			}
		}
		for {
			msg, ok, err := ctx.TryRecv()
			if err != nil {
				return err
			}
			if !ok {
				got <- taken
				_, err := ctx.Recv()
				return err
			}
			taken = append(taken, msg)
		}
	}))
	for _, msg := range []any{text("told, so not taken"), add{1}, 2.5, add{2}} {
		if err := c.Tell(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	if taken := <-got; !slices.Equal(taken, []any{add{1}, add{2}, text("told, so not taken"), 2.5}) {
		t.Errorf("%v", taken)
	}
	if !match.New(match.Fallback(func(*bastion.Context, any) error { return nil })).Takes(new(bastion.Context), 1) {
		t.Error("a fallback takes everything")
	}
}

func TestNewRefuses(t *testing.T) {
	for what, f := range map[string]func(){
		"a zero arm":     func() { match.New(match.Arm{}) },
		"a nil function": func() { match.New(match.Tell[add](nil)) },
		"a nil answer":   func() { match.New(match.Answer[int, total](nil)) },
		"a nil fallback": func() { match.New(match.Fallback(nil)) },
		"two fallbacks":  func() { f := match.Fallback(noting[any](new(recorder), "")); match.New(f, f) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is taken", what)
				}
			}()
			f()
		}()
	}
}
