package demo

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

func (r *fortRun) fault(format string, values ...any) {
	r.blame.Lock()
	defer r.blame.Unlock()
	r.report.Faults = append(r.report.Faults, fmt.Sprintf(format, values...))
}

// record checks that a death was reported as what it was.
func (r *fortRun) record(d death, was bulletin, took time.Duration) {
	r.mu.Lock()
	by := r.found[was.Incarnation]
	r.mu.Unlock()
	done := Death{What: d.what, Incarnation: was.Incarnation, Back: took}
	if by != nil {
		done.Kind, done.Reason, done.Output = string(by.Crash.Kind), by.Crash.Reason, excerptOf(by.Crash.Output)
	}
	switch {
	case by == nil:
		r.fault("incarnation %d died of a %s, which nobody reported", was.Incarnation, d.what)
	case by.Crash.Kind != d.kind && runtime.GOOS == "linux": // other systems keep less of what Go says
		r.fault("incarnation %d died of a %s, reported as %q: %s", was.Incarnation, d.what, by.Crash.Kind, by.Crash.Reason)
	}
	r.report.Deaths = append(r.report.Deaths, done)
}

// excerptOf is the beginning of a crash's output: what happened, and where.
func excerptOf(output string) string {
	const most = 8
	lines := strings.SplitN(strings.TrimSpace(output), "\n", most+1)
	return strings.Join(lines[:min(len(lines), most)], "\n")
}

// settle checks the service with load and deaths over: every key must be readable, and from the ward that serves.
func (r *fortRun) settle(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, comeBack)
	defer cancel()
	if r.gone() {
		return // said already
	}
	r.report.ReadBack = r.fleet.readBack(limited, func(_ string, life uint64) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return wardOf(life) == r.now.Incarnation
	})
	r.fleet.leave()
	if wrong, sample := r.tally.accusations(); wrong > 0 {
		for _, text := range sample {
			r.fault("%s", text)
		}
		if more := wrong - uint64(len(sample)); more > 0 {
			r.fault("and %d more wrong answers", more)
		}
	}
}

func (r *fortRun) gone() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// stop ends the fort in order: the ward stops, tells its books, and the guard ends with its status.
func (r *fortRun) stop(ctx context.Context) {
	if r.gone() {
		return
	}
	_ = r.orders.Close()
	limit := time.NewTimer(comeBack)
	defer limit.Stop()
	select {
	case <-r.over:
	case <-ctx.Done():
		return
	case <-limit.C:
		r.fault("the fort did not stop in %v", comeBack)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.end == nil:
		r.fault("the last ward did not tell its books")
	case !r.end.Stopped.Balanced || r.end.Stopped.InHand != 0 || r.end.Stopped.Mailboxes != 0:
		r.fault("the books of the last ward do not balance: %+v", *r.end.Stopped)
	default:
		r.report.Stopped = *r.end.Stopped
	}
	if status := r.guard.ProcessState.ExitCode(); status != 0 {
		r.fault("the fort ended with status %d", status)
	}
}

// conclude fills the rest of the report.
func (r *fortRun) conclude() FortReport {
	p := &r.report
	p.Seed, p.Shards, p.Clients, p.Guard = r.o.Seed, r.o.Shards, r.o.Clients, r.guard.Process.Pid
	p.Incarnations = r.now.Incarnation
	p.Answered, p.Refused, p.Cut = r.tally.answered.Load(), r.tally.refused.Load(), r.tally.cut.Load()
	p.P50, p.P99 = r.tally.latency.quantile(0.5), r.tally.latency.quantile(0.99)
	p.Connects, p.Unconnected = r.tally.connects.Load(), r.tally.unconnected.Load()
	p.Reads, p.Writes, p.Lost, p.Retired = r.tally.reads.Load(), r.tally.writes.Load(), r.tally.lost.Load(), r.tally.retired.Load()
	p.Wrong, _ = r.tally.accusations()
	p.Others = p.Incarnations - 1 - len(p.Deaths)
	if p.Unconnected > 0 {
		r.fault("%s failed, the last as: %v", plural(int(p.Unconnected), "connection attempt"), r.tally.lastTrouble())
	}
	if p.Clients > 0 && p.Answered == 0 {
		r.fault("not one request was answered")
	}
	p.Passed, p.Faults = len(p.Faults) == 0, append([]string{}, p.Faults...)
	return *p
}

// tail is the end of what was written.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(len(t.text)-maxTail, 0):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
