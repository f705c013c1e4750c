package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// noting is middleware that notes what comes by, under a name.
func noting(l *transcript, name string) bastion.Middleware {
	return bastion.Middleware{
		Receive: func(next bastion.Receive) bastion.Receive {
			l.note("%s made", name)
			return func(ctx *bastion.Context, msg any) error {
				l.note("%s in %v asked %v", name, msg, ctx.Asked())
				err := next(ctx, msg)
				l.note("%s out %v", name, err)
				return err
			}
		},
		Send: func(next bastion.Send) bastion.Send {
			return func(ctx context.Context, out bastion.Outgoing) error {
				l.note("%s %v to %s", name, out.Verb, out.To.Name())
				err := next(ctx, out)
				l.note("%s sent %v", name, err)
				return err
			}
		},
	}
}

// on and onSend are middleware of one side.
func on(f func(ctx *bastion.Context, msg any, next bastion.Receive) error) []bastion.Middleware {
	return []bastion.Middleware{{Receive: func(next bastion.Receive) bastion.Receive {
		return func(ctx *bastion.Context, msg any) error { return f(ctx, msg, next) }
	}}}
}

func onSend(f func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error) []bastion.Middleware {
	return []bastion.Middleware{{Send: func(next bastion.Send) bastion.Send {
		return func(ctx context.Context, out bastion.Outgoing) error { return f(ctx, out, next) }
	}}}
}

// parrot is answered with what was asked.
type parrot struct {
	bastion.Returns[string]
	text string
}

func (e parrot) String() string { return "echo " + e.text }

// parroting is an actor that answers echoes and tells what else it got to seen.
func parroting(seen func(ctx *bastion.Context, msg any)) func(ctx *bastion.Context, msg any) error {
	return func(ctx *bastion.Context, msg any) error {
		if e, ok := msg.(parrot); ok {
			return e.Reply(ctx, e.text)
		}
		if seen != nil {
			seen(ctx, msg)
		}
		return react(ctx, msg)
	}
}

// kindsOf are a handler and a loop that do the same.
func kindsOf(f func(ctx *bastion.Context, msg any) error) map[string]bastion.Behavior {
	return map[string]bastion.Behavior{
		"handler": bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(f) }),
		"loop": bastion.Loop(func(ctx *bastion.Context) error {
			for {
				msg, err := ctx.Recv()
				if err != nil {
					return err
				}
				if err := f(ctx, msg); err != nil {
					return err
				}
			}
		}),
	}
}

func TestM1_OutermostFirstOncePerIncarnation(t *testing.T) {
	for kind, behavior := range kindsOf(parroting(nil)) {
		t.Run(kind, func(t *testing.T) {
			l := &transcript{t: t}
			inner := bastion.SupervisorSpec{
				Name: "inner", Intensity: bastion.Unlimited, Middleware: []bastion.Middleware{noting(l, "inner")},
				Children: []bastion.ChildSpec{{Name: "child", Start: behavior, Middleware: []bastion.Middleware{noting(l, "first"), noting(l, "second")}}},
			}
			r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "inner", Start: bastion.Subtree(inner)}}},
				func(c *bastion.Config) { c.Middleware = []bastion.Middleware{noting(l, "system")} })
			made := []string{"second made", "first made", "inner made", "system made"}
			around := func(msg string, asked bool) (lines []string) {
				for _, name := range []string{"system", "inner", "first", "second"} {
					lines = append(lines, fmt.Sprintf("%s in %s asked %v", name, msg, asked))
				}
				for _, name := range []string{"second", "first", "inner", "system"} {
					lines = append(lines, name+" out <nil>")
				}
				return lines
			}
			ref, err := r.sys.Lookup("/sys/sup/inner/child")
			if err != nil {
				t.Fatal(err)
			}
			first := made
			for range 2 {
				for _, text := range []string{"one", "two"} {
					if got, err := bastion.Ask(t.Context(), ref, parrot{text: text}); got != text || err != nil {
						t.Fatal(got, err)
					}
				}
				if err := ref.Restart(t.Context()); err != nil { // what it noted last is there by then
					t.Fatal(err)
				}
				l.want(slices.Concat(first, around("echo one", true), around("echo two", true), made)...)
				first = nil
			}
		})
	}
}

func TestM1_OnSend(t *testing.T) {
	for kind, behavior := range kindsOf(parroting(nil)) {
		t.Run(kind, func(t *testing.T) {
			l := &transcript{t: t}
			mute := func(m bastion.Middleware) []bastion.Middleware { return []bastion.Middleware{{Send: m.Send}} }
			r := rigUp(t, bastion.SupervisorSpec{
				Intensity: bastion.Unlimited, Middleware: mute(noting(l, "sup")),
				Children: []bastion.ChildSpec{
					{Name: "a", Start: behavior, Middleware: mute(noting(l, "own"))},
					{Name: "b", Start: bastion.HandleTyped(func() bastion.TypedReceiver[any] { return bastion.TypedReceiverFunc[any](parroting(nil)) })},
				},
			})
			b := r.child("b")
			door, err := bastion.Typed[any](b)
			if err != nil {
				t.Fatal(err)
			}
			around := func(verb string) []string {
				return []string{"sup " + verb + " to b", "own " + verb + " to b", "own sent <nil>", "sup sent <nil>"}
			}
			for verb, act := range map[string]func(ctx *bastion.Context) error{
				"tell":       func(ctx *bastion.Context) error { return b.Tell(ctx, "x") },
				"tell typed": func(ctx *bastion.Context) error { return door.Tell(ctx, "x") },
				"tell derived": func(ctx *bastion.Context) error {
					inner, cancel := context.WithCancel(ctx)
					defer cancel()
					return b.Tell(inner, "x")
				},
				"ask": func(ctx *bastion.Context) error { _, err := bastion.Ask(ctx, b, parrot{}); return err },
				"tell go": func(ctx *bastion.Context) error {
					done := make(chan error, 1)
					if err := ctx.Go(func(ctx *bastion.Context) error { done <- b.Tell(ctx, "x"); return nil }); err != nil {
						return err
					}
					return <-done
				},
			} {
				result := make(chan error, 1)
				r.tell("a", do(func(ctx *bastion.Context) error { result <- act(ctx); return nil }))
				if err := rigRecv(t, verb, result); err != nil {
					t.Error(verb, err)
				}
				l.want(around(strings.Fields(verb)[0])...)
			}
		})
	}
}

func TestM1_OnSendOfAskThenAndBroadcast(t *testing.T) {
	l := &transcript{t: t}
	var seen []bastion.Verb
	r := rigOf(t,
		bastion.ChildSpec{Name: "a", Start: actor(), Middleware: onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
			seen = append(seen, out.Verb)
			out.Header = out.Header.With("k", out.Verb.String())
			return next(ctx, out)
		})},
		bastion.ChildSpec{Name: "b", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				l.note("%v %q", msg, ctx.Header().Value("k"))
				return parroting(nil)(ctx, msg)
			})
		})})
	answered := make(chan string, 1)
	r.tell("a", do(func(ctx *bastion.Context) error {
		if n, err := ctx.Supervisor().Broadcast(ctx, "all"); n != 2 || err != nil {
			t.Error(n, err)
		}
		return bastion.AskThen(ctx, r.child("b"), parrot{text: "then"}, func(_ *bastion.Context, answer string, err error) error {
			answered <- answer
			return err
		})
	}))
	if got := rigRecv(t, "AskThen", answered); got != "then" {
		t.Error(got)
	}
	l.want(`all "broadcast"`, `echo then "ask then"`)
	if want := []bastion.Verb{bastion.VerbBroadcast, bastion.VerbBroadcast, bastion.VerbAskThen}; !slices.Equal(seen, want) {
		t.Error(seen)
	}
}

func TestM2_DropReplaceAnswer(t *testing.T) {
	for _, kind := range []string{"handler", "loop"} {
		t.Run(kind, func(t *testing.T) {
			var seen []any
			errNot := errors.New("not today")
			r := rigOf(t, bastion.ChildSpec{Name: "c", Start: kindsOf(parroting(func(_ *bastion.Context, msg any) { seen = append(seen, msg) }))[kind],
				Middleware: on(func(ctx *bastion.Context, msg any, next bastion.Receive) error {
					switch m := msg.(type) {
					case parrot:
						switch m.text {
						case "drop":
							return nil
						case "reject":
							return ctx.Reject(errNot)
						case "answer":
							return m.Reply(ctx, "mine")
						}
						m.text += "!"
						return next(ctx, m)
					case string:
						if m == "drop" {
							return nil
						}
						return next(ctx, "other "+m)
					}
					return next(ctx, msg)
				})})
			letters := r.sys.DeadLetters(8)
			ask := func(text string) (string, error) { return bastion.Ask(t.Context(), r.child("c"), parrot{text: text}) }
			for text, want := range map[string]error{"drop": bastion.ErrUnanswered, "reject": errNot} {
				if _, err := ask(text); !errors.Is(err, want) {
					t.Errorf("%s: %v", text, err)
				}
			}
			if letter := rigRecv(t, "letter", letters.C()); letter.Reason != errNot || letter.Receiver != r.child("c") {
				t.Error(letter)
			}
			for text, want := range map[string]string{"answer": "mine", "x": "x!"} {
				if got, err := ask(text); got != want || err != nil {
					t.Error(text, got, err)
				}
			}
			r.tell("c", "drop")
			r.tell("c", "take")
			r.sync(r.child("c"))
			if !slices.Equal(seen, []any{"other take", seen[1]}) {
				t.Error(seen)
			}
		})
	}
}

func TestM2_TryRecvPassesOverWhatIsDropped(t *testing.T) {
	sent, looked := make(chan struct{}), make(chan struct{})
	r := rigOf(t, bastion.ChildSpec{Name: "c", Middleware: on(func(ctx *bastion.Context, msg any, next bastion.Receive) error {
		if msg == "drop" {
			return nil
		}
		return next(ctx, msg)
	}), Start: bastion.Loop(func(ctx *bastion.Context) error {
		<-sent
		if msg, ok, err := ctx.TryRecv(); ok || err != nil {
			t.Error(msg, ok, err)
		}
		close(looked)
		return serve(ctx)
	})})
	for range 3 {
		r.tell("c", "drop")
	}
	close(sent)
	rigRecv(t, "TryRecv", looked)
	r.sync(r.child("c"))
}

func TestM2_WhatASendMiddlewareKeepsIsSaid(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
	letters := r.sys.DeadLetters(8)
	ref := r.child("c")
	keep := ref.Via(onSend(func(context.Context, bastion.Outgoing, bastion.Send) error { return nil })...)
	if err := keep.Tell(t.Context(), "x"); !errors.Is(err, bastion.ErrDropped) {
		t.Error(err)
	}
	if l := rigRecv(t, "letter", letters.C()); l.Message != "x" || l.Receiver != ref || l.Reason != bastion.ErrDropped {
		t.Error(l)
	}
	if _, err := bastion.AskVia(t.Context(), keep, parrot{}); !errors.Is(err, bastion.ErrDropped) {
		t.Error(err)
	}
	refuse := ref.Via(onSend(func(context.Context, bastion.Outgoing, bastion.Send) error { return errBoom })...)
	if err := refuse.Tell(t.Context(), "x"); !errors.Is(err, errBoom) {
		t.Error(err)
	}
	lie := ref.Via(onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
		if err := next(ctx, out); err != nil {
			return err
		}
		return errBoom
	})...)
	if err := lie.Tell(t.Context(), "x"); err != nil {
		t.Errorf("it was accepted: %v", err)
	}
	if _, err := bastion.AskVia(t.Context(), lie, barrier{}); !errors.Is(err, errBoom) {
		t.Error(err)
	}
	if b := r.sys.Inspector().Books(); b.Accepted != 2 {
		t.Errorf("of six sends, two were accepted: %v", b)
	}
}

func TestM2_AnswerInPlaceOfTheReceiver(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
	var answer any = "cached"
	var said error
	via := r.child("c").Via(onSend(func(_ context.Context, out bastion.Outgoing, _ bastion.Send) error {
		said = out.Answer(answer)
		return said
	})...)
	if got, err := bastion.AskVia(t.Context(), via, parrot{}); got != "cached" || err != nil {
		t.Error(got, err)
	}
	answer = 7
	if _, err := bastion.AskVia(t.Context(), via, parrot{}); !errors.Is(err, bastion.ErrType) {
		t.Error(err)
	}
	if err := via.Tell(t.Context(), "x"); !errors.Is(err, bastion.ErrNoQuestion) {
		t.Error(err)
	}
	if err := (bastion.Outgoing{}).Answer(1); !errors.Is(err, bastion.ErrNoQuestion) {
		t.Error(err)
	}
}

// TestM1_SeededStorm plays drops, panics and refusals on both sides in many orders; the rig wants the books exact.
func TestM1_SeededStorm(t *testing.T) {
	for seed := range uint64(60) {
		var r *seededRig
		chance := func(n int) bool { return r.Choose(n) == 0 }
		ms := []bastion.Middleware{
			on(func(ctx *bastion.Context, msg any, next bastion.Receive) error {
				switch {
				case chance(6):
					panic("in")
				case chance(6):
					return ctx.Reject(nil)
				}
				return next(ctx, msg)
			})[0],
			onSend(func(ctx context.Context, out bastion.Outgoing, next bastion.Send) error {
				switch {
				case chance(6):
					panic("out")
				case chance(6):
					return nil
				}
				out.Header = out.Header.With("k", "v")
				return next(ctx, out)
			})[0],
		}
		spec := both(nil)
		spec.Intensity, spec.Middleware = bastion.Unlimited, ms
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(rig *seededRig) {
			r = rig
			hop := do(func(ctx *bastion.Context) error {
				_ = r.sup.Child("loop").Tell(ctx, "x")
				if ctx.Self() != r.sup.Child("loop") {
					_, _ = bastion.Ask(ctx, r.sup.Child("loop"), barrier{})
				}
				return nil
			})
			for range 20 {
				_ = r.sup.Child("handler").Tell(context.Background(), hop)
				_, _ = bastion.Ask(context.Background(), r.sup.Child("loop"), barrier{})
			}
		})
	}
}
