package middleware_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/middleware"
)

func always(any) bool { return true }

// failing fails with the first n questions that it gets, and counts them.
func failing(n int, calls *int) ask {
	return ask{do: func(ctx *bastion.Context, q ask) error {
		if *calls++; *calls <= n {
			return errBoom
		}
		return answer(ctx, q)
	}}
}

func TestRetry_OnlyWhatIsSafe(t *testing.T) {
	for seed := range uint64(20) {
		seeded(t, seed, func(sys *bastion.System, sup *bastion.Supervisor) {
			for _, c := range []struct {
				r     middleware.Retry
				fails int
				calls int
				ok    bool
			}{
				{middleware.Retry{}, 1, 1, false}, // it was accepted, and may have done something
				{middleware.Retry{Idempotent: func(any) bool { return false }, Again: func(error) bool { return true }}, 1, 1, false},
				{middleware.Retry{Idempotent: always}, 2, 3, true},
				{middleware.Retry{Idempotent: always}, 3, 3, false},
				{middleware.Retry{Idempotent: always, Tries: 5}, 4, 5, true},
				{middleware.Retry{Idempotent: always, Tries: 1}, 1, 1, false},
			} {
				calls := 0
				began := sys.Clock().Now()
				got, err := bastion.AskVia(context.Background(), sup.Child("c").Via(c.r.Middleware()), failing(c.fails, &calls))
				if calls != c.calls || (err == nil) != c.ok || c.ok && got != "fine" || !c.ok && !errors.Is(err, errBoom) {
					t.Errorf("seed %d, %+v: %d calls, %q, %v", seed, c, calls, got, err)
				}
				if took := sys.Clock().Now().Sub(began); took > 150*time.Millisecond { // 10 + 20 + 40 + 80 ms at most
					t.Errorf("took %v", took)
				}
			}
		}, actor("c"))
	}
}

func TestRetry_AnswersAreAnswers(t *testing.T) {
	system(t, nil, func(_ *bastion.System, sup *bastion.Supervisor) {
		calls := 0
		no := ask{do: func(ctx *bastion.Context, q ask) error { calls++; return q.Fail(ctx, errBoom) }}
		via := sup.Child("c").Via(middleware.Retry{Idempotent: always}.Middleware())
		if _, err := bastion.AskVia(t.Context(), via, no); !errors.Is(err, errBoom) || calls != 1 {
			t.Error(calls, err)
		}
		via = sup.Child("c").Via(middleware.Retry{Idempotent: always, Again: func(err error) bool { return err == errBoom }}.Middleware())
		if _, err := bastion.AskVia(t.Context(), via, no); !errors.Is(err, errBoom) || calls != 4 {
			t.Error(calls, err)
		}
	}, actor("c"))
}

func TestRetry_Budget(t *testing.T) {
	seeded(t, 1, func(_ *bastion.System, sup *bastion.Supervisor) {
		via := sup.Child("c").Via(middleware.Retry{Idempotent: always, Tries: 2}.Middleware())
		const asks = 1000
		calls := 0
		for range asks {
			_, _ = bastion.AskVia(context.Background(), via, failing(1<<30, &calls))
		}
		if retries := calls - asks; retries < asks/5 || retries > asks/5+10 {
			t.Errorf("%d retries for %d asks", retries, asks)
		}
	}, actor("c"))
}

func TestRetry_EndsWithItsContext(t *testing.T) {
	seeded(t, 1, func(sys *bastion.System, sup *bastion.Supervisor) {
		via := sup.Child("c").Via(middleware.Retry{Idempotent: always, Tries: 1 << 20, Base: time.Hour, Cap: time.Hour, Share: 1}.Middleware())
		ctx, cancel := sys.Timeout(context.Background(), time.Minute)
		defer cancel()
		calls := 0
		began := sys.Clock().Now()
		if _, err := bastion.AskVia(ctx, via, failing(1<<30, &calls)); !errors.Is(err, errBoom) {
			t.Error(err)
		}
		if took := sys.Clock().Now().Sub(began); took > time.Minute {
			t.Error(took)
		}
	}, actor("c"))
}

// The same seed draws the same pauses.
func TestRetry_SeededRunsRepeat(t *testing.T) {
	took := func(seed uint64) (d time.Duration) {
		seeded(t, seed, func(sys *bastion.System, sup *bastion.Supervisor) {
			calls := 0
			began := sys.Clock().Now()
			_, _ = bastion.AskVia(context.Background(), sup.Child("c").Via(middleware.Retry{Idempotent: always}.Middleware()), failing(2, &calls))
			d = sys.Clock().Now().Sub(began)
		}, actor("c"))
		return d
	}
	if a, b := took(7), took(7); a != b || a == 0 {
		t.Error(a, b)
	}
}
