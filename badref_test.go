package bastion_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/bastion-go/bastion"
)

func TestBadInput_SupervisorThatIsNobody(t *testing.T) {
	for name, s := range map[string]*bastion.Supervisor{"nil": nil, "zero": new(bastion.Supervisor)} {
		ctx := t.Context()
		if s.Name() != "" || s.Path() != "" || !s.Child("x").IsZero() || s.Group("x") != nil || s.Supervisor("x") != nil {
			t.Errorf("%s: found something", name)
		}
		_, err := s.Add(ctx, bastion.ChildSpec{Start: actor()})
		wantErr(t, name+" Add", err, bastion.ErrNoProcess)
		_, err = s.AddGroup(ctx, bastion.ChildSpec{Start: actor()})
		wantErr(t, name+" AddGroup", err, bastion.ErrNoProcess)
		_, err = s.AddSupervisor(ctx, bastion.SupervisorSpec{Name: "x"})
		wantErr(t, name+" AddSupervisor", err, bastion.ErrNoProcess)
		_, err = s.Broadcast(ctx, 1)
		wantErr(t, name+" Broadcast", err, bastion.ErrNoProcess)
		wantErr(t, name+" Remove", s.Remove(ctx, "x"), bastion.ErrNoProcess)
		wantErr(t, name+" Restart", s.Restart(ctx, "x"), bastion.ErrNoProcess)
		wantErr(t, name+" Move", s.Move(ctx, "x", bastion.Position{}), bastion.ErrNoProcess)
		wantErr(t, name+" Stop", s.Stop(ctx), bastion.ErrNoProcess)
		wantErr(t, name+" Kill", s.Kill(ctx), bastion.ErrNoProcess)
	}
}

func TestBadInput_GroupThatIsNobody(t *testing.T) {
	for name, g := range map[string]*bastion.Group{"nil": nil, "zero": new(bastion.Group)} {
		if g.Name() != "" || g.Path() != "" || g.Len() != 0 || len(g.Members()) != 0 || !g.Member(0).IsZero() {
			t.Errorf("%s: found something", name)
		}
		_, err := g.Spawn(t.Context())
		wantErr(t, name+" Spawn", err, bastion.ErrNoProcess)
		_, err = g.Broadcast(t.Context(), 1)
		wantErr(t, name+" Broadcast", err, bastion.ErrNoProcess)
		wantErr(t, name+" Stop", g.Stop(t.Context()), bastion.ErrNoProcess)
	}
}

func TestBadInput_ContextThatIsNobodys(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: answerer()})
	a := r.child("a")
	for name, ctx := range map[string]*bastion.Context{"nil": nil, "zero": new(bastion.Context)} {
		wantErr(t, name+" Tell", a.Tell(ctx, 1), nil)
		if n, err := bastion.Ask(ctx, a, answers(3)); n != 3 || err != nil {
			t.Errorf("%s Ask: %d, %v", name, n, err)
		}
		err := bastion.AskThen(ctx, a, answers(1), func(*bastion.Context, int, error) error { return nil })
		wantErr(t, name+" AskThen", err, bastion.ErrNotHandler)
		if n, err := r.sup.Broadcast(ctx, 1); n != 1 || err != nil {
			t.Errorf("%s Broadcast: %d, %v", name, n, err)
		}
		wantErr(t, name+" Restart", r.sup.Restart(ctx, "a"), nil)
		wantErr(t, name+" Hold", answers(1).Hold(ctx), bastion.ErrNoQuestion)
		wantErr(t, name+" Start", r.sys.Start(ctx), bastion.ErrStarted)
	}
	wantErr(t, "Stop", r.sys.Stop((*bastion.Context)(nil)), nil)
}

func TestBadInput_HugeNumbers(t *testing.T) {
	leaveNothing(t)
	r := rigOf(t)
	r.sys.Events(math.MaxInt).Close()
	r.sys.DeadLetters(math.MaxInt).Close()
	if math.MaxInt > math.MaxInt32 {
		_, err := r.sup.AddGroup(t.Context(), bastion.ChildSpec{Name: "g", Start: actor(), Count: math.MaxInt})
		wantFaults(t, err, "Count: must be at most")
	}
}

func TestBadInput_ZeroValues(t *testing.T) {
	new(bastion.Subscription[bastion.Event]).Close()
	for _, err := range []error{
		new(bastion.RingError), new(bastion.SpecError), new(bastion.FailedError), new(bastion.StartError),
		new(bastion.EscalationError), new(bastion.AbandonedError), new(bastion.PanicError),
	} {
		if err.Error() == "" || errors.Is(err, context.Canceled) {
			t.Errorf("%T: %v", err, err)
		}
	}
	if new(bastion.CrashReport).String() == "" || !(bastion.Books{}).Balanced() {
		t.Error("an empty report or account is wrong")
	}
}
