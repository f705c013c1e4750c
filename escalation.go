package bastion

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/internal/supervise"
)

// An EscalationError is why a supervisor gave up. It is its Cause (ErrIntensity,
// ErrEscalated or ErrSystemStop) and also the Reason of the child that led to it,
// which may be another EscalationError: the chain up to the root.
type EscalationError struct {
	Supervisor string // path
	Child      string // path
	Cause      error
	Reason     error
}

// Error says each step, from this supervisor down to what failed first.
func (e *EscalationError) Error() string {
	var b strings.Builder
	for {
		fmt.Fprintf(&b, "%v: %s gave up on %s: ", e.Cause, e.Supervisor, e.Child)
		inner, ok := e.Reason.(*EscalationError)
		if !ok {
			break
		}
		e = inner
	}
	fmt.Fprint(&b, e.Reason)
	return b.String()
}

// Unwrap is the cause and the reason.
func (e *EscalationError) Unwrap() []error { return []error{e.Cause, e.Reason} }

// Chain is a line for each step, in the order in which they happened: the child
// that failed first, each supervisor that gave up on the one before, this one last.
func (e *EscalationError) Chain() []string {
	var steps []*EscalationError
	for ok := true; ok; e, ok = e.Reason.(*EscalationError) {
		steps = append(steps, e)
	}
	first := steps[len(steps)-1]
	lines := []string{fmt.Sprintf("%s failed: %v", first.Child, first.Reason)}
	for i := len(steps) - 1; i >= 0; i-- {
		lines = append(lines, fmt.Sprintf("%s gave up on %s: %v", steps[i].Supervisor, steps[i].Child, steps[i].Cause))
	}
	return lines
}

// giveUp notes why the supervisor ends, at the moment of decision.
func (s *supervisor) giveUp(c *child, end supervise.End) {
	e := &EscalationError{Supervisor: s.path, Child: c.path(), Reason: c.exitReason()}
	switch end {
	case supervise.EndEscalated:
		e.Cause = ErrEscalated
		s.outcome = 0
	case supervise.EndStopSystem:
		e.Cause = ErrSystemStop
		s.outcome = StopSystem
	default:
		e.Cause = ErrIntensity
		s.storm(s.machine.Restarts(s.sys.clock.Now()), s.spec.Intensity.plan())
	}
	s.why = e
	s.sys.emit(Event{Kind: EventEscalated, Path: s.path, Reason: e})
}

// crash is the report of a supervisor or group that gave up; nil if it did not.
func (b *base) crash(why error, restarts uint64, since time.Time) *CrashReport {
	if why == nil {
		return nil
	}
	now := b.sys.clock.Now()
	return &CrashReport{
		Time: now, Path: b.path, ID: b.id, Incarnation: restarts + 1, Reason: why, Uptime: now.Sub(since),
		backtraces: b.sys.backtraces,
	}
}

// inherited are the conditions for the end of a child that has children. A
// group's own are for its members.
func (s *supervisor) inherited(c *child) []Condition {
	if c.group != nil {
		return s.spec.Conditions
	}
	return c.plan.terms().conditions
}

// ask puts the end of a subtree or group to its conditions, which are user code,
// and posts the end again with what they say: true. A process asks its own
// conditions where it failed; a subtree has no such place. Conditions that do not
// return within a shutdown time say nothing.
func (s *supervisor) ask(c *child, ev *event) bool {
	conditions := s.inherited(c)
	if ev.judged != nil || ev.outcome != 0 || len(conditions) == 0 || classify(ev.reason) != supervise.ClassAbnormal {
		return false
	}
	again := *ev
	again.w = nil
	c.asked = new(event)
	*c.asked = again
	again.judged = c.asked
	f := Failure{Path: c.path(), Reason: ev.reason, Restarts: c.row}
	if ev.report != nil {
		f.Incarnation = ev.report.Incarnation
	}
	limit := s.after(defaultShutdown, again)
	executor.Spawn(s.sys.exec, executor.FutureSpec{Name: "conditions of " + f.Path}, func(context.Context) (struct{}, error) {
		answer := again
		contain(func() error {
			answer.outcome = choose(conditions, f)
			return nil
		}, func(err error) {
			limit.Stop()
			if err != nil {
				s.sys.note(slog.LevelError, "bastion: a condition's Match failed", "path", f.Path, "error", err)
			}
			s.post(answer)
		})
		return struct{}{}, nil
	})
	return true
}

// choose is the outcome of the first condition that holds; none: 0.
func choose(conditions []Condition, f Failure) Outcome {
	for i := range conditions {
		if conditions[i].holds(f) {
			return conditions[i].Then
		}
	}
	return 0
}
