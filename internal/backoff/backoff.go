package backoff

import (
	"time"

	"github.com/bastion-go/bastion/internal/supervise"
)

// A Backoff delays restarts: Constant, Linear or Exponential. All durations are as
// in time; nothing is blocked while something waits to be restarted.
type Backoff interface {
	plan() supervise.Backoff
	faults() []string
}

// Plan is b as the decision takes it, with its defaults. Nil waits not at all.
func Plan(b Backoff) supervise.Backoff {
	if b == nil {
		return supervise.Backoff{}
	}
	return b.plan()
}

// Faults lists what is wrong with b, each with the field's name in front. Nil has
// none.
func Faults(b Backoff) []string {
	if b == nil {
		return nil
	}
	return b.faults()
}

// Constant waits the same time before every restart.
type Constant struct {
	Delay   time.Duration // not negative; zero: at once
	Jitter  float64       // 0..1: up to so much of the delay is taken off by chance
	Healthy time.Duration // a life so long starts the count of restarts in a row anew. Zero: never
}

// Linear waits First, First+Step, First+2·Step …, at most Max.
type Linear struct {
	First, Step time.Duration
	Max         time.Duration // zero: no limit
	Jitter      float64       // 0..1: up to so much of the wait is taken off by chance
	Healthy     time.Duration // zero: ten times the last delay
}

// Exponential waits First, First·Factor, First·Factor² …, at most Max.
type Exponential struct {
	First   time.Duration
	Factor  float64       // zero: 2
	Max     time.Duration // zero: one minute
	Jitter  float64       // 0..1: up to so much of the wait is taken off by chance
	Healthy time.Duration // a life so long starts the count anew. Zero: ten times the longest delay
}

func (b Constant) plan() supervise.Backoff {
	return supervise.Backoff{Kind: supervise.Constant, First: b.Delay, Jitter: b.Jitter, Healthy: b.Healthy}
}

func (b Linear) plan() supervise.Backoff {
	return supervise.Backoff{
		Kind: supervise.Linear, First: b.First, Step: b.Step, Max: b.Max, Jitter: b.Jitter,
		Healthy: healthy(b.Healthy, max(b.First, b.Max)),
	}
}

func (b Exponential) plan() supervise.Backoff {
	limit := b.Max
	if limit == 0 {
		limit = time.Minute
	}
	return supervise.Backoff{
		Kind: supervise.Exponential, First: b.First, Factor: b.Factor, Max: limit, Jitter: b.Jitter,
		Healthy: healthy(b.Healthy, limit),
	}
}

// healthy is the life after which failures are counted anew: as given, or ten
// times the longest wait.
func healthy(given, longest time.Duration) time.Duration {
	if given != 0 {
		return given
	}
	return 10 * longest
}

func (b Constant) faults() []string {
	return append(notNegative("Delay", b.Delay, "Healthy", b.Healthy), badJitter(b.Jitter)...)
}

func (b Linear) faults() []string {
	return append(notNegative("First", b.First, "Step", b.Step, "Max", b.Max, "Healthy", b.Healthy), badJitter(b.Jitter)...)
}

func (b Exponential) faults() []string {
	out := append(notNegative("First", b.First, "Max", b.Max, "Healthy", b.Healthy), badJitter(b.Jitter)...)
	if b.Factor != 0 && !(b.Factor >= 1) {
		out = append(out, "Factor: must be at least 1")
	}
	return out
}

func badJitter(j float64) []string {
	if j >= 0 && j <= 1 {
		return nil
	}
	return []string{"Jitter: must be between 0 and 1"}
}

func notNegative(pairs ...any) (out []string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(time.Duration) < 0 {
			out = append(out, pairs[i].(string)+": must not be negative")
		}
	}
	return out
}
