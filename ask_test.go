package bastion_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// A query says itself what its receiver does with it.
type query struct {
	bastion.Returns[int]
	act func(ctx *bastion.Context, q query) error
}

func answers(n int) query {
	return query{act: func(ctx *bastion.Context, q query) error { return q.Reply(ctx, n) }}
}

func reactQuery(ctx *bastion.Context, msg any) error {
	if q, ok := msg.(query); ok {
		return q.act(ctx, q)
	}
	return react(ctx, msg)
}

// answerer is a handler that takes queries; answerLoop a loop that does.
func answerer() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(reactQuery) })
}

func answerLoop() bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := reactQuery(ctx, msg); err != nil {
				return err
			}
		}
	})
}

// bothKinds runs f with a handler and with a loop, called "a", and a handler called "b" beside it.
func bothKinds(t *testing.T, f func(t *testing.T, r *rig, a, b bastion.Ref)) {
	for name, start := range map[string]bastion.Behavior{"handler": answerer(), "loop": answerLoop()} {
		t.Run(name, func(t *testing.T) {
			leaveNothing(t)
			r := rigOf(t, bastion.ChildSpec{Name: "a", Start: start}, bastion.ChildSpec{Name: "b", Start: answerer()})
			f(t, r, r.child("a"), r.child("b"))
		})
	}
}

// ask asks from outside, with a limit that only a hang reaches.
func ask(t *testing.T, to bastion.Ref, q query) (int, error) {
	t.Helper()
	return rigGet(t, "Ask", func() (int, error) { return bastion.Ask(context.Background(), to, q) })
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestD6_Reply(t *testing.T) {
	bothKinds(t, func(t *testing.T, _ *rig, a, _ bastion.Ref) {
		if n, err := ask(t, a, answers(42)); n != 42 || err != nil {
			t.Error(n, err)
		}
	})
}

func TestD6_SecondReplyIsRefused(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		second := make(chan error, 2)
		n, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			_ = q.Reply(ctx, 1)
			second <- q.Reply(ctx, 2)
			second <- q.Fail(ctx, errBoom)
			return nil
		}})
		if n != 1 || err != nil {
			t.Error(n, err)
		}
		wantErr(t, "second reply", rigRecv(t, "second", second), bastion.ErrAnswered)
		wantErr(t, "late failure", rigRecv(t, "third", second), bastion.ErrAnswered)
	})
}

func TestD6_Fail(t *testing.T) {
	bothKinds(t, func(t *testing.T, _ *rig, a, _ bastion.Ref) {
		_, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error { return q.Fail(ctx, errBoom) }})
		wantErr(t, "ask", err, errBoom)
	})
}

func TestD6_AskFailsWhenTheReceiverFails(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		_, err := ask(t, a, query{act: func(*bastion.Context, query) error { return errBoom }})
		var failed *bastion.FailedError
		if !errors.As(err, &failed) || failed.Path != a.Path() || !errors.Is(err, errBoom) {
			t.Errorf("%v, want a FailedError of %s for %v", err, a.Path(), errBoom)
		}
	})
}

func TestD6_Unanswered(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		_, err := ask(t, a, query{act: func(*bastion.Context, query) error { return nil }})
		wantErr(t, "ask", err, bastion.ErrUnanswered)
	})
}

func TestD6_UnansweredByALoopThatReturns(t *testing.T) {
	leaveNothing(t)
	once := bastion.Loop(func(ctx *bastion.Context) error { _, err := ctx.Recv(); return err })
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: once, Restart: bastion.Transient})
	_, err := ask(t, r.child("a"), answers(1))
	wantErr(t, "ask", err, bastion.ErrUnanswered)
}

func TestD6_Unhandled(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		letters := r.sys.DeadLetters(8)
		_, err := ask(t, a, query{act: func(ctx *bastion.Context, _ query) error { return ctx.Unhandled() }})
		wantErr(t, "ask", err, bastion.ErrUnhandled)
		d := rigRecv(t, "dead letter", letters.C())
		if _, ok := d.Message.(query); !ok || d.Receiver != a || !errors.Is(d.Reason, bastion.ErrUnhandled) {
			t.Errorf("dead letter: %+v", d)
		}
	})
}

func TestD6_HeldQuestionIsAnsweredLaterByAnybody(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		held := make(chan query, 1)
		go func() {
			q := <-held
			r.sync(a) // the holder has long finished with the message
			_ = q.Reply(context.Background(), 7)
		}()
		n, err := ask(t, a, query{act: func(ctx *bastion.Context, q query) error {
			if err := q.Hold(ctx); err != nil {
				return err
			}
			held <- q
			return nil
		}})
		if n != 7 || err != nil {
			t.Error(n, err)
		}
	})
}

// holds makes the receiver hold the question for good.
func holds(held chan<- struct{}) query {
	return query{act: func(ctx *bastion.Context, q query) error {
		err := q.Hold(ctx)
		held <- struct{}{}
		return err
	}}
}

func TestD6_HeldQuestionFailsWhenItsHolderEnds(t *testing.T) {
	ends := map[string]func(r *rig, a bastion.Ref) error{
		"failure": func(_ *rig, a bastion.Ref) error { return a.Tell(context.Background(), fail{}) },
		"stop":    func(_ *rig, a bastion.Ref) error { return a.Stop(context.Background()) },
		"kill":    func(_ *rig, a bastion.Ref) error { return a.Kill(context.Background()) },
		"restart": func(r *rig, _ bastion.Ref) error { return r.sup.Restart(context.Background(), "a") },
		"return": func(_ *rig, a bastion.Ref) error {
			return a.Tell(context.Background(), do(func(*bastion.Context) error { return errors.New("done") }))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
				held := make(chan struct{}, 1)
				go func() { <-held; _ = end(r, a) }()
				_, err := ask(t, a, holds(held))
				var failed *bastion.FailedError
				if !errors.As(err, &failed) || failed.Reason == nil {
					t.Errorf("held question: %v", err)
				}
			})
		})
	}
}

func TestD6_HeldQuestionFailsWhenALoopReturnsNil(t *testing.T) {
	leaveNothing(t)
	var hold = bastion.Loop(func(ctx *bastion.Context) error {
		msg, err := ctx.Recv()
		if err != nil {
			return err
		}
		return reactQuery(ctx, msg)
	})
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: hold, Restart: bastion.Transient})
	_, err := ask(t, r.child("a"), holds(make(chan struct{}, 1)))
	if err == nil || err.Error() == "" {
		t.Error("no error")
	}
	var failed *bastion.FailedError
	if errors.As(err, &failed) && failed.Reason == nil {
		t.Errorf("%q: a normal end is no failure without a reason", err)
	}
}

func TestD6_QuestionInTheMailboxFailsWhenTheReceiverStops(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		release := r.hold("a")
		out := make(chan error, 1)
		go func() { _, err := bastion.Ask(context.Background(), a, answers(1)); out <- err }()
		r.awaitMailbox("a", 1)
		stopped := make(chan error, 1)
		go func() { stopped <- a.Stop(context.Background()) }()
		r.awaitState("a", bastion.StateStopping)
		release()
		wantErr(t, "ask", rigRecv(t, "Ask", out), bastion.ErrStopped)
		wantErr(t, "stop", rigRecv(t, "Stop", stopped), nil)
		_, err := ask(t, a, answers(1))
		wantErr(t, "ask after the stop", err, bastion.ErrStopped)
	})
}

func TestD6_LateReplyGoesToTheDeadLetters(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		letters := r.sys.DeadLetters(8)
		ctx, cancel := context.WithCancel(context.Background())
		got, gone, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() { <-got; cancel() }()
		q := query{act: func(ctx *bastion.Context, q query) error {
			close(got)
			<-gone
			late <- q.Reply(ctx, 9)
			return nil
		}}
		_, err := rigGet(t, "Ask", func() (int, error) { return bastion.Ask(ctx, a, q) })
		wantErr(t, "ask", err, context.Canceled)
		close(gone)
		wantErr(t, "late reply", rigRecv(t, "reply", late), bastion.ErrLate)
		d := rigRecv(t, "dead letter", letters.C())
		if d.Message != 9 || d.Sender != a || !errors.Is(d.Reason, bastion.ErrLate) {
			t.Errorf("dead letter: %+v", d)
		}
		if n, err := ask(t, a, answers(3)); n != 3 || err != nil {
			t.Errorf("the next asker got %v, %v", n, err)
		}
	})
}

func TestD6_CancelledContext(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		asked := false
		_, err := bastion.Ask(ctx, a, query{act: func(ctx *bastion.Context, q query) error { asked = true; return q.Reply(ctx, 1) }})
		wantErr(t, "ask", err, context.Canceled)
		if r.sync(a); asked {
			t.Error("the question was sent all the same")
		}
		short, done := context.WithTimeout(context.Background(), time.Millisecond)
		defer done()
		_, err = rigGet(t, "Ask", func() (int, error) { return bastion.Ask(short, a, holds(make(chan struct{}, 1))) })
		wantErr(t, "ask with a deadline", err, context.DeadlineExceeded)
	})
}

func TestD6_NotStarted(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: answerer()}}})
	_, err := bastion.Ask(t.Context(), r.child("a"), answers(1))
	wantErr(t, "ask before Start", err, bastion.ErrNotStarted)
}

func TestD6_ToldNotAsked(t *testing.T) {
	bothKinds(t, func(t *testing.T, r *rig, a, _ bastion.Ref) {
		out := make(chan error, 3)
		r.tell("a", query{act: func(ctx *bastion.Context, q query) error {
			out <- q.Reply(ctx, 1)
			out <- q.Fail(ctx, errBoom)
			out <- q.Hold(ctx)
			return nil
		}})
		for range 3 {
			wantErr(t, "verb of a question that was told", rigRecv(t, "answer", out), bastion.ErrNoQuestion)
		}
	})
}
