package bastion

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"
)

// A CrashReport says all that is known of a failed incarnation (contract L10), or
// of a supervisor or group that gave up (contract S3).
// It goes to the system's logger and, with EventFailed, to the event stream. The
// stack is kept as program counters and made readable only when asked for.
type CrashReport struct {
	Time        time.Time
	Path        string
	ID          uint64
	Incarnation uint64
	Reason      error
	Message     any           // in hand when it failed; nil if none
	MailboxLen  int           // waiting then
	Uptime      time.Duration // of the incarnation
	Restarts    int           // of its supervisor, within the window of its intensity
	Links       []string      // paths of processes it was linked with, a hundred at most
	Decision    string        // what the supervisor decided

	format     func(msg any) string
	backtraces Backtraces
}

// Stack is where the failure happened, for panics and runtime.Goexit, as much of
// it as Config.Backtraces says; empty for returned errors.
func (r *CrashReport) Stack() string { return r.backtraces.cut(stackOf(r.Reason)) }

// Chain is what led to it, a line for each step, first things first: for the
// failure of a supervisor or group that of the child, and of every supervisor
// between; nil for a process.
func (r *CrashReport) Chain() []string {
	var e *EscalationError
	if errors.As(r.Reason, &e) {
		return e.Chain()
	}
	return nil
}

// formatPatience is how long a report waits for the spec's formatter.
const formatPatience = time.Second

// message renders the message as the spec allows: by its formatter, else its type.
func (r *CrashReport) message() string {
	switch {
	case r.Message == nil:
		return "none"
	case r.format == nil:
		return fmt.Sprintf("%T", r.Message)
	}
	// On a goroutine of its own: a Goexit in there must not end the supervisor's,
	// nor must the supervisor wait for ever for what does not return.
	text := make(chan string, 1)
	go contain(func() error { text <- r.format(r.Message); return nil }, func(err error) {
		if err != nil {
			text <- fmt.Sprintf("%T (formatter failed)", r.Message)
		}
	})
	patience := time.NewTimer(formatPatience)
	defer patience.Stop()
	select {
	case t := <-text:
		return t
	case <-patience.C:
		return fmt.Sprintf("%T (formatter did not return)", r.Message)
	}
}

// String is the report for people.
func (r *CrashReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s#%d incarnation %d failed after %v: %v\n", r.Path, r.ID, r.Incarnation, r.Uptime, r.Reason)
	fmt.Fprintf(&b, "message in hand: %s, waiting: %d, restarts in window: %d, decision: %s\n",
		r.message(), r.MailboxLen, r.Restarts, r.Decision)
	if len(r.Links) > 0 {
		fmt.Fprintf(&b, "links: %s\n", strings.Join(r.Links, ", "))
	}
	for _, step := range r.Chain() {
		fmt.Fprintf(&b, "\t%s\n", step)
	}
	b.WriteString(r.Stack())
	return b.String()
}

// crash makes the report of a failure. Owner, or agenda after abandonment.
func (p *process) crash(c *Context, f fault) *CrashReport {
	links, _ := p.linked()
	now := p.sys().clock.Now()
	return &CrashReport{
		Time: now, Path: p.path(), ID: p.id, Incarnation: uint64(c.inc),
		Reason: f.reason, Message: f.message, MailboxLen: p.waits(math.MaxInt), Uptime: p.age(now),
		Links: links, format: p.plan.terms().Format, backtraces: p.sys().backtraces,
	}
}

// LogValue is the report as a group of attributes. With an empty key, as the
// system logs it, they stand in the record itself. They are made only by a handler
// that writes them: making a stack readable costs more than the rest of a restart.
func (r *CrashReport) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String("path", r.Path), slog.Uint64("id", r.ID), slog.Uint64("incarnation", r.Incarnation),
		slog.Any("reason", r.Reason), slog.String("message", r.message()), slog.Int("mailbox", r.MailboxLen),
		slog.Duration("uptime", r.Uptime), slog.Int("restarts", r.Restarts),
		slog.String("decision", r.Decision), slog.String("stack", r.Stack()),
	}
	if chain := r.Chain(); chain != nil {
		attrs = append(attrs, slog.Any("chain", chain))
	}
	return slog.GroupValue(attrs...)
}
