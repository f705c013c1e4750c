package bastion_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// wantFaults compares the faults of a *SpecError by their beginnings, in any order.
func wantFaults(t *testing.T, err error, want ...string) {
	t.Helper()
	var spec *bastion.SpecError
	if !errors.As(err, &spec) {
		t.Fatalf("%v, want a SpecError", err)
	}
	left := slices.Clone(spec.Faults)
	for _, w := range want {
		i := slices.IndexFunc(left, func(f string) bool { return strings.HasPrefix(f, w) })
		if i < 0 {
			t.Errorf("no fault %q", w)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		t.Errorf("more faults than wanted:\n\t%s", strings.Join(left, "\n\t"))
	}
	for _, f := range spec.Faults {
		if !strings.Contains(err.Error(), f) {
			t.Errorf("%q is not in the text %q", f, err)
		}
	}
}

func TestBadSpec_EveryFaultWithItsField(t *testing.T) {
	sys := bare(t)
	ok := actor()
	_, err := sys.Supervise(bastion.SupervisorSpec{
		Name: "a/b", Strategy: 7, Intensity: bastion.Intensity{Max: -2, Within: -1},
		Conditions: []bastion.Condition{{Then: 99, Attempts: -1}},
		Children: []bastion.ChildSpec{
			{Name: "x", Start: ok},
			{Name: "y/z", Start: ok, Count: -1, Tries: -1, Restart: 9, Shutdown: -3, StartTimeout: -1},
			{Name: "x", Start: ok, Intensity: bastion.Intensity{Max: 3}},
			{Name: "nothing"},
			{Name: "#4", Start: bastion.Handle(nil)},
			{Start: bastion.Loop(nil), Backoff: bastion.Constant{Delay: -1, Jitter: 2}},
			{Start: ok, WaitReady: true, Backoff: bastion.Exponential{Factor: 0.5}},
			{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "x", Strategy: 8, Children: []bastion.ChildSpec{{Name: "/"}}}), Count: 2, DropMailbox: true},
		},
	})
	wantFaults(t, err,
		`Name: "a/b" contains a slash`, "Strategy: unknown strategy 7", "Intensity.Max", "Intensity.Within",
		"Conditions[0].Then", "Conditions[0].Attempts",
		`Children[1].Name: "y/z" contains a slash`, "Children[1].Count", "Children[1].Tries", "Children[1].Restart",
		"Children[1].Shutdown", "Children[1].StartTimeout",
		`Children[2].Name: "x" is taken by Children[0]`, "Children[2].Intensity",
		"Children[3].Start", "Children[4].Name", "Children[4].Start",
		"Children[5].Start", "Children[5].Backoff: Delay", "Children[5].Backoff: Jitter",
		"Children[6].WaitReady", "Children[6].Backoff: Factor",
		"Children[7].Count", "Children[7].DropMailbox", `Children[7].Name: "x" is taken by Children[0]`,
		"Children[7].Start.Strategy", "Children[7].Start.Children[0].Name", "Children[7].Start.Children[0].Start",
	)
}

func TestBadSpec_SupervisorNeedsAName(t *testing.T) {
	_, err := bare(t).Supervise(bastion.SupervisorSpec{})
	wantFaults(t, err, "Name: is missing")
}

func TestBadSpec_NoChildrenIsFine(t *testing.T) {
	leaveNothing(t)
	r := rigUp(t, bastion.SupervisorSpec{})
	wantErr(t, "Stop of an empty supervisor", r.sup.Stop(t.Context()), nil)
	wantErr(t, "a second Stop", r.sup.Stop(t.Context()), nil)
}

func TestBadSpec_DynamicChildren(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor()})
	_, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: "a", Start: actor()})
	wantFaults(t, err, `Name: "a" is taken in /sys/sup`)
	_, err = r.sup.Add(t.Context(), bastion.ChildSpec{Name: "g", Start: actor(), Count: 2})
	wantFaults(t, err, "Count")
	_, err = r.sup.Add(t.Context(), bastion.ChildSpec{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "s"})})
	wantFaults(t, err, "Start")
	_, err = r.sup.AddGroup(t.Context(), bastion.ChildSpec{Name: "g", Count: -1})
	wantFaults(t, err, "Count", "Start")
	_, err = r.sup.AddSupervisor(t.Context(), bastion.SupervisorSpec{Name: "a/b", Strategy: 4})
	wantFaults(t, err, "Name", "Strategy")
	_, err = r.sys.Supervise(bastion.SupervisorSpec{Name: "sup"})
	wantFaults(t, err, `Name: "sup" is taken in /sys`)
}

func TestBadSpec_FactoryThatReturnsNil(t *testing.T) {
	leaveNothing(t)
	nothing := map[string]bastion.Behavior{
		"plain": bastion.Handle(func() bastion.Receiver { return nil }),
		"typed": bastion.HandleTyped(func() bastion.TypedReceiver[int] { return nil }),
	}
	r := rigOf(t)
	for name, start := range nothing {
		_, err := r.sup.Add(t.Context(), bastion.ChildSpec{Name: name, Start: start})
		var failed *bastion.StartError
		if !errors.As(err, &failed) || failed.Path != "/sys/sup/"+name {
			t.Errorf("%s: %v, want a StartError", name, err)
		}
		g, err := r.sup.AddGroup(t.Context(), bastion.ChildSpec{Name: name, Start: start})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Spawn(t.Context()); !errors.As(err, &failed) {
			t.Errorf("%s: Spawn: %v, want a StartError", name, err)
		}
	}
}

func TestBadConfig(t *testing.T) {
	_, err := bastion.New(bastion.Config{
		Name: "a/b", Workers: -1, MaxBlocked: -1, Shutdown: -1, Intensity: bastion.Intensity{Max: -2, Within: -1},
	})
	wantFaults(t, err, "Name", "Workers", "MaxBlocked", "Shutdown", "Intensity.Max", "Intensity.Within")
}

// bare is a system that is not started.
func bare(t *testing.T) *bastion.System {
	t.Helper()
	sys, err := bastion.New(bastion.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

func TestBadInput_StartTwice(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t)
	wantErr(t, "second Start", r.sys.Start(t.Context()), bastion.ErrStarted)
	wantErr(t, "Stop", r.sys.Stop(t.Context()), nil)
	wantErr(t, "second Stop", r.sys.Stop(t.Context()), nil)
	wantErr(t, "Start after Stop", r.sys.Start(t.Context()), bastion.ErrStarted)
}

func TestBadInput_StopBeforeStart(t *testing.T) {
	leaveNothing(t)
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: actor()}}})
	wantErr(t, "Stop", rigIn(t, "Stop", func() error { return r.sys.Stop(context.Background()) }), bastion.ErrNotStarted)
	wantErr(t, "Wait", rigIn(t, "Wait", r.sys.Wait), nil)
	wantErr(t, "Start", r.sys.Start(t.Context()), bastion.ErrStarted)
	wantErr(t, "Tell", r.child("a").Tell(t.Context(), 1), bastion.ErrStopped)
	_, err := r.sys.Supervise(bastion.SupervisorSpec{Name: "late"})
	wantErr(t, "Supervise", err, bastion.ErrStopped)
}

func TestBadInput_StopAndStartAtOnce(t *testing.T) {
	leaveNothing(t)
	for i := range 200 {
		sys := bare(t)
		if _, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Start: actor()}, {Start: looper()}}}); err != nil {
			t.Fatal(err)
		}
		go func() { _ = sys.Start(context.Background()) }()
		_ = rigIn(t, "Stop", func() error {
			if i%2 == 0 {
				sys.Kill()
				return sys.Wait()
			}
			return sys.Stop(context.Background())
		})
	}
}

func TestBadInput_NilContext(t *testing.T) {
	leaveNothing(t)
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "a", Start: answerer()}}})
	var none context.Context
	wantErr(t, "Start", r.sys.Start(none), nil)
	a := r.child("a")
	if n, err := bastion.Ask(none, a, answers(3)); n != 3 || err != nil {
		t.Error(n, err)
	}
	if _, err := r.sys.Broadcast(none, answers(1)); err != nil {
		t.Error(err)
	}
	if _, err := r.sup.Add(none, bastion.ChildSpec{Name: "b", Start: actor()}); err != nil {
		t.Error(err)
	}
	wantErr(t, "Move", r.sup.Move(none, "b", bastion.Position{Before: "a"}), nil)
	wantErr(t, "Restart", r.sup.Restart(none, "a"), nil)
	wantErr(t, "Remove", r.sup.Remove(none, "b"), nil)
	wantErr(t, "Ref.Stop", a.Stop(none), nil)
	wantErr(t, "System.Stop", r.sys.Stop(none), nil)
	var q query
	wantErr(t, "Reply", q.Reply(none, 1), bastion.ErrNoQuestion)
	wantErr(t, "Hold", q.Hold(none), bastion.ErrNoQuestion)
}

func TestBadInput_NobodyAndUnknownNames(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t)
	var nobody bastion.Ref
	for name, verb := range map[string]func(context.Context) error{"Stop": nobody.Stop, "Drain": nobody.Drain, "Kill": nobody.Kill} {
		wantErr(t, name, verb(t.Context()), bastion.ErrNoProcess)
	}
	_, err := bastion.Ask(t.Context(), nobody, answers(1))
	wantErr(t, "Ask", err, bastion.ErrNoProcess)
	_, err = bastion.Typed[int](nobody)
	wantErr(t, "Typed", err, bastion.ErrNoProcess)
	wantErr(t, "zero TypedRef", bastion.TypedRef[int]{}.Tell(t.Context(), 1), bastion.ErrNoProcess)
	if nobody.String() != "nobody" || nobody.Path() != "" || nobody.Name() != "" || nobody.ID() != 0 {
		t.Error(nobody)
	}
	wantErr(t, "Remove", r.sup.Remove(t.Context(), "x"), bastion.ErrNoProcess)
	wantErr(t, "Restart", r.sup.Restart(t.Context(), "x"), bastion.ErrNoProcess)
	wantErr(t, "Move", r.sup.Move(t.Context(), "x", bastion.Position{Before: "y"}), bastion.ErrNoProcess)
	for _, path := range []string{"", "/", "/sys", "/other/sup", "/sys/sup", "/sys/sup/x", "/sys/sup/x/0", "/sys//x"} {
		if _, err := r.sys.Lookup(path); !errors.Is(err, bastion.ErrNoProcess) {
			t.Errorf("Lookup(%q): %v", path, err)
		}
	}
	if r.sup.Group("x") != nil || r.sup.Supervisor("x") != nil || !r.sup.Child("x").IsZero() {
		t.Error("found what is not there")
	}
}

func TestBadInput_AddToAStoppedSupervisor(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "g", Group: true, Start: actor()})
	g := r.sup.Group("g")
	if err := r.sup.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := rigGet(t, "Add", func() (bastion.Ref, error) {
		return r.sup.Add(context.Background(), bastion.ChildSpec{Name: "x", Start: actor()})
	})
	wantErr(t, "Add", err, bastion.ErrStopped)
	_, err = g.Spawn(t.Context())
	wantErr(t, "Spawn", err, bastion.ErrStopped)
	wantErr(t, "Restart", r.sup.Restart(t.Context(), "g"), bastion.ErrStopped)
	wantErr(t, "Remove", r.sup.Remove(t.Context(), "g"), nil)
}

func TestBadInput_Recv(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: answerLoop()}, bastion.ChildSpec{Name: "h", Start: answerer()})
	out := make(chan error, 4)
	r.tell("h", do(func(ctx *bastion.Context) error {
		_, err := ctx.Recv()
		out <- err
		_, _, err = ctx.TryRecv()
		out <- err
		return nil
	}))
	wantErr(t, "Recv in a handler", rigRecv(t, "Recv", out), bastion.ErrNotLoop)
	wantErr(t, "TryRecv in a handler", rigRecv(t, "TryRecv", out), bastion.ErrNotLoop)
	r.tell("a", do(func(ctx *bastion.Context) error {
		return ctx.Go(func(ctx *bastion.Context) error { _, err := ctx.Recv(); out <- err; return nil })
	}))
	wantErr(t, "Recv in a ctx.Go", rigRecv(t, "Recv", out), bastion.ErrNotLoop)
	ctx := leaked(r)
	eventually(t, func() bool { // as soon as the loop receives again
		_, err := ctx.Recv()
		if !errors.Is(err, bastion.ErrBusy) && !errors.Is(err, bastion.ErrNotLoop) {
			t.Fatalf("a second Recv: %v", err)
		}
		return errors.Is(err, bastion.ErrBusy)
	}, func() string { return "a second Recv is never told ErrBusy" })
	if err := r.child("a").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := ctx.Recv()
	wantErr(t, "Recv after the end", err, bastion.ErrEnded)
}

func TestBadInput_NilFunctions(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "h", Start: answerer()})
	out := make(chan error, 2)
	r.tell("h", do(func(ctx *bastion.Context) error {
		out <- ctx.Go(nil)
		out <- bastion.AskThen[int](ctx, ctx.Self(), answers(1), nil)
		return nil
	}))
	wantErr(t, "Go", rigRecv(t, "Go", out), bastion.ErrNilFunc)
	wantErr(t, "AskThen", rigRecv(t, "AskThen", out), bastion.ErrNilFunc)
	if inc := r.sync(r.child("h")); inc != 1 {
		t.Errorf("incarnation %d", inc)
	}
}

func TestBadInput_QuestionThatIsAPointer(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: answerer()})
	q := answers(1)
	_, err := bastion.Ask(t.Context(), r.child("a"), &q)
	wantErr(t, "Ask of a pointer", err, bastion.ErrNoQuestion)
}

func TestBadInput_Run(t *testing.T) {
	leaveNothing(t)
	wantFaults(t, bastion.Run(t.Context(), bastion.Config{Workers: -1}), "Workers")
	wantFaults(t, bastion.Run(t.Context(), bastion.Config{}, bastion.SupervisorSpec{Name: "/"}), "Name")
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	wantErr(t, "Run", rigIn(t, "Run", func() error { return bastion.Run(ctx, bastion.Config{}, bastion.SupervisorSpec{Name: "s"}) }), nil)
}
