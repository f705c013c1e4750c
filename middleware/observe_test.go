package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/middleware"
)

func TestLogging_TypesOnly(t *testing.T) {
	var text bytes.Buffer
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "took" {
			return slog.Attr{}
		}
		return a
	}
	l := middleware.Logging{Logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: plain}))}
	seeded(t, 1, func(_ *bastion.System, sup *bastion.Supervisor) {
		via := sup.Child("c").Via(l.Middleware())
		if err := via.Tell(context.Background(), "secret"); err != nil {
			t.Error(err)
		}
		_, _ = bastion.AskVia(context.Background(), via, ask{do: func(*bastion.Context, ask) error { panic("boom") }})
	}, actor("c", bastion.Middleware{Receive: l.Middleware().Receive}))
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	slices.Sort(lines) // what is sent is noted when it was accepted, perhaps after it was handled
	want := []string{
		`level=ERROR msg=received process=/sys/sup/c message=middleware_test.ask by=asked from=nobody error="middleware: panic or Goexit"`,
		`level=ERROR msg=sent process="" message=middleware_test.ask by=ask to=/sys/sup/c#`,
		`level=INFO msg=received process=/sys/sup/c message=string by=told from=nobody`,
		`level=INFO msg=sent process="" message=string by=tell to=/sys/sup/c#`,
	}
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("%s", text.String())
	}
}

func TestTiming_OnTheSystemsClock(t *testing.T) {
	var samples []middleware.Sample
	timing := middleware.Timing{Observe: func(s middleware.Sample) { samples = append(samples, s) }}
	slow := func(ctx *bastion.Context, q ask) error {
		if err := ctx.Sleep(3 * time.Second); err != nil {
			return err
		}
		return answer(ctx, q)
	}
	seeded(t, 1, func(_ *bastion.System, sup *bastion.Supervisor) {
		if _, err := bastion.AskVia(context.Background(), sup.Child("c").Via(timing.Middleware()), ask{do: slow}); err != nil {
			t.Error(err)
		}
		if len(samples) == 1 { // it has answered, and not yet returned
			_, _ = bastion.Ask(context.Background(), sup.Child("c"), ask{do: answer})
		}
	}, actor("c", timing.Middleware()))
	for _, s := range samples[:2] {
		if s.Took != 3*time.Second || s.Err != nil || s.Sent != (s.Verb == bastion.VerbAsk) {
			t.Errorf("%+v", s)
		}
	}
	if m := (middleware.Timing{}).Middleware(); m.Receive != nil || m.Send != nil {
		t.Error("it has nobody to tell")
	}
}

// A tracer numbers its spans, and keeps them.
type tracer struct {
	mu    sync.Mutex
	spans []string
	errs  int
}

func (tr *tracer) Begin(s middleware.Span) (string, func(error)) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	id := fmt.Sprint(len(tr.spans) + 1)
	what := "receive " + s.Process.Name()
	if s.Sent {
		what = "send " + s.To.Name()
	}
	tr.spans = append(tr.spans, fmt.Sprintf("%s: %s under %q", id, what, s.Parent))
	return id, func(err error) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if err != nil {
			tr.errs++
		}
	}
}

func TestTracing_TravelsAlong(t *testing.T) {
	tr := &tracer{}
	m := middleware.Tracing{Tracer: tr}.Middleware()
	pass := func(next string, then func(*bastion.Context, ask) error) func(*bastion.Context, ask) error {
		return func(ctx *bastion.Context, q ask) error {
			if _, err := bastion.Ask(ctx, ctx.Supervisor().Child(next), ask{do: then}); err != nil {
				return err
			}
			return answer(ctx, q)
		}
	}
	seeded(t, 1, func(_ *bastion.System, sup *bastion.Supervisor) {
		via := sup.Child("a").Via(bastion.Middleware{Send: m.Send})
		if _, err := bastion.AskVia(context.Background(), via, ask{do: pass("b", pass("c", answer))}); err != nil {
			t.Error(err)
		}
		_, err := bastion.Ask(context.Background(), sup.Child("a"), ask{do: func(*bastion.Context, ask) error { return errBoom }})
		if !errors.Is(err, errBoom) {
			t.Error(err)
		}
	}, actor("a", m), actor("b", m), actor("c", m))
	want := []string{
		`1: send a under ""`, `2: receive a under "1"`, `3: send b under "2"`, `4: receive b under "3"`, `5: send c under "4"`,
		`6: receive c under "5"`, `7: receive a under ""`,
	}
	if !slices.Equal(tr.spans, want) || tr.errs != 1 {
		t.Errorf("%q, %d errors", tr.spans, tr.errs)
	}
}

// A question waits behind another until its asker has gone; what is asked for the first one ends with that.
func TestDeadline_NothingIsDoneForNobody(t *testing.T) {
	for seed := range uint64(30) {
		handled := 0
		d := middleware.Deadline{}.Middleware()
		seeded(t, seed, func(sys *bastion.System, sup *bastion.Supervisor) {
			letters := sys.DeadLetters(8)
			hangs := ask{do: func(ctx *bastion.Context, q ask) error {
				began := sys.Clock().Now()
				_, err := bastion.Ask(ctx, ctx.Supervisor().Child("b"), ask{do: func(ctx *bastion.Context, _ ask) error {
					return ctx.Sleep(time.Hour)
				}})
				if took := sys.Clock().Now().Sub(began); err == nil || took > 2*time.Second {
					t.Errorf("seed %d: %v after %v", seed, err, took)
				}
				return ctx.Sleep(time.Second)
			}}
			first, cancelFirst := sys.Timeout(context.Background(), 2*time.Second)
			defer cancelFirst()
			if err := sup.Child("a").Tell(context.Background(), func(*bastion.Context) error { return nil }); err != nil {
				t.Error(err)
			}
			if _, err := bastion.Ask(first, sup.Child("a"), hangs); err == nil {
				t.Error("an answer")
			}
			late, cancelLate := sys.Timeout(context.Background(), time.Millisecond)
			defer cancelLate()
			if _, err := bastion.Ask(late, sup.Child("a"), ask{do: func(ctx *bastion.Context, q ask) error { handled++; return answer(ctx, q) }}); err == nil {
				t.Error("an answer")
			}
			if _, err := bastion.Ask(context.Background(), sup.Child("a"), ask{do: answer}); err != nil {
				t.Error(err)
			}
			if handled != 0 {
				t.Errorf("seed %d: it was handled", seed)
			}
			if l, open := <-letters.C(); !open || l.Reason != middleware.ErrExpired {
				t.Error(l)
			}
		}, actor("a", d), actor("b", d))
	}
}

func TestDeadline_Limit(t *testing.T) {
	seeded(t, 1, func(sys *bastion.System, sup *bastion.Supervisor) {
		via := sup.Child("c").Via(middleware.Deadline{Limit: time.Minute}.Middleware())
		began := sys.Clock().Now()
		_, err := bastion.AskVia(context.Background(), via, ask{do: func(ctx *bastion.Context, _ ask) error { return ctx.Sleep(time.Hour) }})
		if took := sys.Clock().Now().Sub(began); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(took, err)
		}
	}, actor("c"))
}
