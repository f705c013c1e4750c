package bastiontest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// The tests named TestSim_… hold one contract each (docs/contracts.md) as a property of many simulated runs: 500 seeds, or
// as many as -bastion.seeds says (make proofs: 10,000). Each seed draws what happens as well as in which order. Besides its
// own property every run is held against the contracts of delivery by its History, and against the books.

// A world is one run of a property.
type world struct {
	*bastiontest.Sim
	sys *bastion.System
	sup *bastion.Supervisor

	lines   []string       // what the processes noted
	running map[string]int // lives under way, by path
	tasks   []*task
	sent    map[string]int // tasks by sender and receiver
}

// prove runs main with many seeds.
func prove(t *testing.T, main func(w *world)) {
	t.Helper()
	t.Parallel()
	bastiontest.Options{Seeds: 500, Budget: proofTime, History: true, Parallel: 1}.Run(t, func(s *bastiontest.Sim) {
		main(&world{Sim: s, running: make(map[string]int), sent: make(map[string]int)})
	})
}

// start starts a system with one supervisor, named sup, below a root that bears anything.
func (w *world) start(spec bastion.SupervisorSpec) {
	w.Helper()
	spec.Name = "sup"
	w.sys = w.System(bastion.Config{Name: "sys", Intensity: bastion.Unlimited}, spec)
	w.sup = w.sys.Root().Supervisor("sup")
}

func (w *world) note(format string, args ...any) {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

// noted holds what was noted since the last call.
func (w *world) noted(want ...string) {
	w.Helper()
	if !slices.Equal(w.lines, want) {
		w.Errorf("noted\n\t%q, want\n\t%q", w.lines, want)
	}
	w.lines = nil
}

// A task is told. It is done once at most.
type task struct {
	id       int
	from, to string
	seq      int // of those from one to another
	deed     deed
	do       func(ctx *bastion.Context) error

	err      error // what the send answered
	received []string
}

// who is asked for the incarnation of its receiver.
type who struct{ bastion.Returns[uint64] }

// child is a handler or a loop that notes its life, and does what its tasks say.
func (w *world) child(name string, loop bool) bastion.ChildSpec {
	spec := bastion.ChildSpec{Name: name, Shutdown: time.Second}
	if loop {
		spec.Start = bastion.Loop(func(ctx *bastion.Context) error {
			w.begins(ctx)
			defer w.ends(ctx, nil)
			for {
				msg, err := ctx.Recv()
				if err == nil {
					err = w.receive(ctx, msg)
				}
				if err != nil {
					return err
				}
			}
		})
		return spec
	}
	spec.Start = bastion.Handle(func() bastion.Receiver { return &member{w: w} })
	return spec
}

// a member is a handler of a world.
type member struct{ w *world }

func (m *member) Start(ctx *bastion.Context) error { m.w.begins(ctx); return nil }

func (m *member) Stop(ctx *bastion.Context, reason error) error { m.w.ends(ctx, reason); return nil }

func (m *member) Receive(ctx *bastion.Context, msg any) error { return m.w.receive(ctx, msg) }

func (w *world) begins(ctx *bastion.Context) {
	w.running[ctx.Self().Path()]++
	w.note("start %s@%d", ctx.Self().Name(), ctx.Incarnation())
}

func (w *world) ends(ctx *bastion.Context, reason error) {
	w.running[ctx.Self().Path()]--
	text := fmt.Sprintf("stop %s@%d", ctx.Self().Name(), ctx.Incarnation())
	if reason != nil {
		text += " " + inShort(reason)
	}
	w.note("%s", text)
}

func (w *world) receive(ctx *bastion.Context, msg any) error {
	switch m := msg.(type) {
	case *task:
		m.received = append(m.received, fmt.Sprintf("%s@%d", ctx.Self().Path(), ctx.Incarnation()))
		if m.do != nil {
			return m.do(ctx)
		}
	case who:
		return m.Reply(ctx, ctx.Incarnation())
	case func(ctx *bastion.Context) error:
		return m(ctx)
	}
	return nil
}

func inShort(reason error) string {
	switch {
	case errors.Is(reason, bastion.ErrShutdown):
		return "shutdown"
	case errors.As(reason, new(*bastion.PanicError)):
		return "panic"
	}
	return reason.Error()
}

// A deed is what a task makes its receiver do.
type deed int

const (
	deedNone deed = iota
	deedError
	deedPanic
	deedGoexit
	deedNil
	deedSleep
	deedTell
	deedStop
	deedKill
	deedRestart
	deeds
)

// failing are those that fail their receiver.
func (d deed) failing() bool { return d >= deedError && d <= deedNil }

// does is the code of a deed that concerns another process.
func (w *world) does(d deed, other bastion.Ref) func(ctx *bastion.Context) error {
	switch d {
	case deedError:
		return func(*bastion.Context) error { return errPlanned }
	case deedPanic:
		return func(*bastion.Context) error { panic("planned") }
	case deedGoexit:
		return func(*bastion.Context) error { runtime.Goexit(); return nil }
	case deedNil:
		return func(*bastion.Context) error { clear(*(*[]int)(nil)); return nil }
	case deedSleep:
		return func(ctx *bastion.Context) error { _ = ctx.Sleep(time.Millisecond); return nil }
	case deedTell:
		return func(ctx *bastion.Context) error {
			w.send(ctx, fmt.Sprintf("%s@%d", ctx.Self().Path(), ctx.Incarnation()), other, deedNone, other)
			return nil
		}
	case deedStop:
		return func(ctx *bastion.Context) error { _ = other.Stop(ctx); return nil }
	case deedKill:
		return func(ctx *bastion.Context) error { _ = other.Kill(ctx); return nil }
	case deedRestart:
		return func(ctx *bastion.Context) error { _ = other.Restart(ctx); return nil }
	}
	return nil
}

// send tells a task, and keeps what the send answered.
func (w *world) send(ctx context.Context, from string, to bastion.Ref, d deed, other bastion.Ref) *task {
	x := &task{id: len(w.tasks), from: from, to: to.Path(), deed: d, do: w.does(d, other)}
	key := from + " to " + x.to
	w.sent[key]++
	x.seq = w.sent[key]
	w.tasks = append(w.tasks, x)
	x.err = to.Tell(ctx, x)
	return x
}

// storm has three senders tell tasks of all kinds to processes of all kinds, and stops the system. Whoever kills leaves
// nothing behind, because nobody here is deaf.
func (w *world) storm() (letters []bastion.DeadLetter, events []bastion.Event) {
	dropping := w.child("d", false)
	dropping.DropMailbox = true
	slow := w.child("c", true)
	slow.Backoff = bastion.Constant{Delay: 5 * time.Millisecond}
	group := w.child("g", false)
	group.Count, group.Intensity = 2, bastion.Unlimited
	w.start(bastion.SupervisorSpec{Strategy: bastion.Strategy(w.Choose(3)), Intensity: bastion.Unlimited,
		Children: []bastion.ChildSpec{w.child("a", false), w.child("b", true), slow, dropping, group}})
	spy := w.Spy(w.sys)
	refs := append(w.sup.Group("g").Members(), w.sup.Child("a"), w.sup.Child("b"), w.sup.Child("c"), w.sup.Child("d"))
	left := 3
	for i := range left {
		name := fmt.Sprint("client ", i)
		w.Go(name, func() {
			defer func() { left-- }()
			for range 6 {
				d := deed(w.Choose(int(deeds)))
				w.send(context.Background(), name, refs[w.Choose(len(refs))], d, refs[w.Choose(len(refs))])
			}
		})
	}
	w.Until("the clients", func() bool { return left == 0 })
	w.Sleep(time.Second)
	if err := w.sys.Stop(context.Background()); err != nil && !errors.Is(err, bastion.ErrAbandoned) {
		w.Errorf("Stop: %v", err)
	}
	return spy.DeadLetters(), spy.Events()
}
