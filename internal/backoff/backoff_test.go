package backoff

import (
	"slices"
	"testing"
	"time"
)

func TestS6_PlanFillsInDefaults(t *testing.T) {
	for _, c := range []struct {
		in   Backoff
		want []time.Duration // the first waits, without jitter
		well time.Duration   // a life so long ends the row
	}{
		{nil, []time.Duration{0, 0, 0}, 0},
		{Constant{Delay: time.Second}, []time.Duration{time.Second, time.Second}, 0},
		{Linear{First: 1, Step: 2, Max: 4}, []time.Duration{1, 3, 4, 4}, 40},
		{Exponential{First: time.Second}, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}, 10 * time.Minute},
		{Exponential{First: 1, Factor: 3, Max: 8, Healthy: 5}, []time.Duration{1, 3, 8}, 5},
	} {
		plan := Plan(c.in)
		for i, want := range c.want {
			if got := plan.Delay(i+1, 0); got != want {
				t.Errorf("%#v: wait %d is %v, want %v", c.in, i+1, got, want)
			}
		}
		if plan.Healthy != c.well {
			t.Errorf("%#v: healthy after %v, want %v", c.in, plan.Healthy, c.well)
		}
	}
}

func TestS6_FaultsNameTheField(t *testing.T) {
	for _, c := range []struct {
		in   Backoff
		want []string
	}{
		{nil, nil},
		{Exponential{}, nil},
		{Constant{Delay: -1, Jitter: 2}, []string{"Delay: must not be negative", "Jitter: must be between 0 and 1"}},
		{Linear{Step: -1}, []string{"Step: must not be negative"}},
		{Exponential{Factor: 0.5}, []string{"Factor: must be at least 1"}},
	} {
		if got := Faults(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%#v: faults %q, want %q", c.in, got, c.want)
		}
	}
}
