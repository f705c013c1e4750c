package bastion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

func conditioned(conditions ...bastion.Condition) bastion.ChildSpec {
	n := 0 // the state, which Resume keeps
	return bastion.ChildSpec{Name: "c", Conditions: conditions, Start: bastion.Handle(func() bastion.Receiver {
		n = 0
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			if m, ok := msg.(barrier); ok {
				return m.Reply(ctx, uint64(n))
			}
			n++
			return react(ctx, msg)
		})
	})}
}

func TestS12_ResumeKeepsStateAfterAnErrorNotAfterAPanic(t *testing.T) {
	r := rigOf(t, conditioned(bastion.Condition{Then: bastion.Resume}))
	for range 3 {
		r.tell("c", fail{})
	}
	if n := r.sync(r.child("c")); n != 3 {
		t.Errorf("state %d, want 3", n)
	}
	r.tell("c", do(func(*bastion.Context) error { panic("p") }))
	if n := r.sync(r.child("c")); n != 0 {
		t.Errorf("state %d after a panic, want 0", n)
	}
	if b := r.sys.Inspector().Books(); b.Failed != 4 {
		t.Errorf("books: %v", b)
	}
}

func TestS12_IsMatchAndOrder(t *testing.T) {
	other := errors.New("other")
	r := rigUp(t, bastion.SupervisorSpec{
		Intensity:  bastion.Unlimited,
		Children:   []bastion.ChildSpec{conditioned(bastion.Condition{Is: errBoom, Match: func(f bastion.Failure) bool { return f.Path == "/sys/sup/c" }, Then: bastion.Resume})},
		Conditions: []bastion.Condition{{Is: other, Then: bastion.StopChild}, {Is: errBoom, Then: bastion.StopSystem}},
	})
	r.tell("c", fail{}) // the child's own condition goes first
	if n := r.sync(r.child("c")); n != 1 {
		t.Errorf("state %d", n)
	}
	r.tell("c", do(func(*bastion.Context) error { return other })) // the supervisor's
	r.await(bastion.EventStopped, "/sys/sup/c")
	if n, _ := r.sys.Inspector().Node("/sys/sup/c"); n.State != bastion.StateStopped {
		t.Errorf("state %v", n.State)
	}
}

func TestS12_EscalateAndStopSystem(t *testing.T) {
	for then, cause := range map[bastion.Outcome]error{bastion.Escalate: bastion.ErrEscalated, bastion.StopSystem: bastion.ErrSystemStop} {
		for _, group := range []bool{false, true} {
			spec := conditioned(bastion.Condition{Then: then})
			spec.Group = group
			if group {
				spec.Count = 1
			}
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{
				Name: "t", Start: bastion.Subtree(bastion.SupervisorSpec{Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{spec}}),
			}}}, func(c *bastion.Config) {
				c.Intensity = bastion.Unlimited
				if then == bastion.Escalate {
					c.Intensity = bastion.NoRestarts
				}
			})
			sub := r.sup.Supervisor("t")
			ref := sub.Child("c")
			if group {
				ref = sub.Group("c").Member(0)
			}
			if group && then == bastion.Escalate {
				continue // the group is restarted, as the subtree allows
			}
			if err := ref.Tell(t.Context(), fail{}); err != nil {
				t.Fatal(err)
			}
			if err := rigIn(t, "Wait", r.sys.Wait); !errors.Is(err, cause) || !errors.Is(err, errBoom) {
				t.Errorf("%v, group %v: %v", then, group, err)
			}
		}
	}
}

func TestS2_RestartTypesAndEnds(t *testing.T) {
	ends := map[string]func(*bastion.Context) error{
		"nil":     func(*bastion.Context) error { return nil },
		"error":   func(*bastion.Context) error { return errBoom },
		"panic":   func(*bastion.Context) error { panic("p") },
		"context": func(*bastion.Context) error { return context.Canceled }, // nobody told it to end
	}
	for end, how := range ends {
		for _, typ := range []bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary} {
			t.Run(typ.String()+" "+end, func(t *testing.T) {
				r := rigOf(t, bastion.ChildSpec{Name: "c", Restart: typ, Start: bastion.Loop(func(ctx *bastion.Context) error {
					if ctx.Incarnation() == 1 {
						return how(ctx)
					}
					return serve(ctx)
				})})
				if typ == bastion.Permanent || typ == bastion.Transient && end != "nil" {
					if inc := r.sync(r.child("c")); inc != 2 {
						t.Errorf("incarnation %d", inc)
					}
					return
				}
				r.await(bastion.EventStopped, "/sys/sup/c")
				if gone := r.sup.Child("c").IsZero(); gone != (typ == bastion.Temporary) {
					t.Errorf("gone: %v", gone)
				}
			})
		}
	}
}

func TestS2_TriesThenGivenUp(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor(), Tries: 2})
	for range 2 {
		r.tell("c", fail{})
		r.sync(r.child("c"))
	}
	r.tell("c", fail{})
	if e := r.await(bastion.EventStopped, "/sys/sup/c"); !errors.Is(e.Reason, errBoom) {
		t.Errorf("reason %v", e.Reason)
	}
	if err := r.sup.Restart(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if inc := r.sync(r.child("c")); inc != 4 {
		t.Errorf("incarnation %d", inc)
	}
}
