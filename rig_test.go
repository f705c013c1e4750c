package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/internal/goid"
)

// rigLimit is what only a hang reaches. In a synctest bubble a hang ends the test at once.
const rigLimit = 30 * time.Second

var errBoom = errors.New("boom")

// A rig is a running system with one supervisor, its events and a transcript.
type rig struct {
	*transcript
	t      *testing.T
	sys    *bastion.System
	sup    *bastion.Supervisor
	events *bastion.Subscription[bastion.Event]
	left   bool // the test leaves something behind on purpose
}

// rigOn makes a rig that is not started.
func rigOn(t *testing.T, spec bastion.SupervisorSpec, tune ...func(*bastion.Config)) *rig {
	t.Helper()
	cfg := bastion.Config{Name: "sys", Logger: slog.New(slog.DiscardHandler), Workers: 4}
	for _, f := range tune {
		f(&cfg)
	}
	sys, err := bastion.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if spec.Name == "" {
		spec.Name = "sup"
	}
	r := &rig{t: t, transcript: &transcript{t: t}, sys: sys, events: sys.Events(1 << 14)}
	if r.sup, err = sys.Supervise(spec); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// rigUp makes a rig and starts it.
func rigUp(t *testing.T, spec bastion.SupervisorSpec, tune ...func(*bastion.Config)) *rig {
	t.Helper()
	r := rigOn(t, spec, tune...)
	if err := r.sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// rigOf is rigUp for plain children that may fail often.
func rigOf(t *testing.T, children ...bastion.ChildSpec) *rig {
	t.Helper()
	return rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: children})
}

func (r *rig) stop() {
	r.t.Helper()
	err := rigIn(r.t, "Stop", func() error { return r.sys.Stop(context.Background()) })
	if h := r.sys.Health(); len(h.Ready.Problems) != 1 || h.Ready.Omitted > 0 { // nothing but that it has stopped
		r.t.Errorf("health after the stop: %v and %d more", h.Ready.Problems, h.Ready.Omitted)
	}
	if r.left {
		return
	}
	if err != nil && !errors.Is(err, bastion.ErrNotStarted) {
		r.t.Errorf("Stop: %v", err)
	}
	if b := r.sys.Inspector().Books(); !b.Balanced() || b.InHand > 0 || b.Mailboxes > 0 {
		r.t.Errorf("books at rest: %v", b)
	}
}

func (r *rig) child(name string) bastion.Ref {
	r.t.Helper()
	ref := r.sup.Child(name)
	if ref.IsZero() {
		r.t.Fatalf("no child %q", name)
	}
	return ref
}

func (r *rig) tell(name string, msg any) {
	r.t.Helper()
	if err := r.child(name).Tell(context.Background(), msg); err != nil {
		r.t.Fatalf("tell %s: %v", name, err)
	}
}

// sync waits until the child has handled what was sent to it before, and returns its incarnation.
func (r *rig) sync(ref bastion.Ref) uint64 {
	r.t.Helper()
	inc, err := rigGet(r.t, "barrier", func() (uint64, error) {
		return bastion.Ask(context.Background(), ref, barrier{})
	})
	if err != nil {
		r.t.Fatalf("barrier of %v: %v", ref, err)
	}
	return inc
}

// await reads events until one of that kind and path.
func (r *rig) await(kind bastion.EventKind, path string) bastion.Event {
	r.t.Helper()
	limit := time.NewTimer(rigLimit)
	defer limit.Stop()
	var seen []string
	for {
		select {
		case e, open := <-r.events.C():
			if !open {
				r.t.Fatalf("the events ended without %v of %s; seen:\n%s", kind, path, strings.Join(seen, "\n"))
			}
			if e.Kind == kind && e.Path == path {
				return e
			}
			seen = append(seen, fmt.Sprint(e.Kind, " ", e.Path, " ", e.Incarnation, " ", e.Reason))
		case <-limit.C:
			r.t.Fatalf("no %v of %s; seen:\n%s\n%s", kind, path, strings.Join(seen, "\n"), rigStacks())
		}
	}
}

// rigIn runs f, which must return in time.
func rigIn(t *testing.T, what string, f func() error) error {
	t.Helper()
	_, err := rigGet(t, what, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

func rigGet[T any](t *testing.T, what string, f func() (T, error)) (T, error) {
	t.Helper()
	type out struct {
		v   T
		err error
	}
	done := make(chan out, 1)
	go func() { v, err := f(); done <- out{v, err} }()
	o := rigRecv(t, what, done)
	return o.v, o.err
}

// rigRecv receives, in time.
func rigRecv[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	limit := time.NewTimer(rigLimit)
	defer limit.Stop()
	select {
	case v := <-c:
		return v
	case <-limit.C:
		t.Fatalf("%s hangs\n%s", what, rigStacks())
		panic("unreachable")
	}
}

func rigStacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// A transcript is what happened, line by line.
type transcript struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
}

func (l *transcript) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// want compares the transcript, and begins a new one.
func (l *transcript) want(lines ...string) {
	l.t.Helper()
	l.mu.Lock()
	got := l.lines
	l.lines = nil
	l.mu.Unlock()
	if !slices.Equal(got, lines) {
		l.t.Fatalf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// loud makes a rig's logger render everything, to nowhere.
func loud(cfg *bastion.Config) { cfg.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil)) }

// apart skips a test of what the runtime can only see where goroutines can be told apart.
func apart(t *testing.T) {
	t.Helper()
	if goid.Self() == 0 {
		t.Skip("NOT RUN: on this processor goroutines cannot be told apart; see docs/decisions/goroutine-identity.md")
	}
}
