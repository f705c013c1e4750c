//go:build unix

package command_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/command"
)

// patience is a guard against hanging, not a time that anything is expected to take.
const patience = time.Minute

// A rig is a system with one command, whose lines and whose end it collects.
type rig struct {
	t     *testing.T
	sys   *bastion.System
	sup   *bastion.Supervisor
	lines chan command.Line
	ends  chan error // what AfterStop was told
	hasty bool       // it is killed, which on a busy machine may abandon it
}

// rigUp builds the system; nothing is started yet. Lines of stdout go to the rig unless the spec says otherwise.
func rigUp(t *testing.T, spec command.Spec, child bastion.ChildSpec) *rig {
	t.Helper()
	r := &rig{t: t, lines: make(chan command.Line, 1<<20), ends: make(chan error, 1)}
	sys, err := bastion.New(bastion.Config{Name: "t", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r.sys = sys
	sink, err := sys.Supervise(bastion.SupervisorSpec{Name: "out", Children: []bastion.ChildSpec{{
		Name: "sink", Start: bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(_ *bastion.Context, msg any) error {
				r.lines <- msg.(command.Line)
				return nil
			})
		}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if o := &spec.Stdout; o.To.IsZero() && o.File == nil && !o.Discard {
		o.To = sink.Child("sink")
	}
	child.Name, child.Start = "c", command.Run(spec)
	child.Callbacks.AfterStop = func(end bastion.Failure) { r.ends <- end.Reason }
	if r.sup, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{child}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stop)
	return r
}

// rigOn builds the system and starts it.
func rigOn(t *testing.T, spec command.Spec, child bastion.ChildSpec) *rig {
	t.Helper()
	r := rigUp(t, spec, child)
	if err := r.start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.sys.Start(ctx)
}

// stop stops the system and wants books that balance. It may be called twice.
func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.sys.Stop(ctx); err != nil && !(r.hasty && errors.Is(err, bastion.ErrAbandoned)) {
		r.t.Errorf("Stop: %v", err)
	}
	if b := r.sys.Inspector().Books(); !b.Balanced() {
		r.t.Errorf("books: %+v", b)
	}
}

func (r *rig) ref() bastion.Ref { return r.sup.Child("c") }

func (r *rig) tell(msg any) {
	r.t.Helper()
	if err := r.ref().Tell(context.Background(), msg); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) line() command.Line { r.t.Helper(); return recv(r.t, "line", r.lines) }

func (r *rig) want(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		if l := r.line(); l.Text != text {
			r.t.Fatalf("line %q, want %q", l.Text, text)
		}
	}
}

// end is why the command is down for good.
func (r *rig) end() error { r.t.Helper(); return recv(r.t, "the end", r.ends) }

func recv[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}
