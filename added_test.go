package bastion_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// What was added to one life of a supervisor is gone in the next, also if it was stopped before.
func TestS8_AddedAndStoppedIsGoneWithItsSupervisorsLife(t *testing.T) {
	l := &transcript{t: t}
	r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "s", Start: aSubtree(l, "a")}}})
	s := r.sup.Supervisor("s")
	b, err := s.Add(context.Background(), noted(l, "b"))
	check(err)
	check(rigIn(t, "Stop", func() error { return b.Stop(context.Background()) }))
	check(rigIn(t, "Restart", func() error { return r.sup.Restart(context.Background(), "s") }))
	l.want("start a@1", "start b@1", "stop b@1 shutdown", "stop a@1 shutdown", "start a@2")
	if got := order(s); len(got) != 1 {
		t.Errorf("children %q, want only a", got)
	}
}

// A child that was added is like those that were declared: it stays in the table when it does not start again by order.
func TestS8_AddedStaysWhenItDoesNotStartAgain(t *testing.T) {
	broken := false
	r := rigOf(t)
	b, err := r.sup.Add(context.Background(), bastion.ChildSpec{Name: "b", Start: withHooks(hooked{
		start: func(*bastion.Context) error {
			if broken {
				return errBoom
			}
			return nil
		},
	})})
	check(err)
	check(rigIn(t, "Stop", func() error { return b.Stop(context.Background()) }))
	broken = true
	again := func() error { return r.sup.Restart(context.Background(), "b") }
	var failed *bastion.StartError
	if err := rigIn(t, "Restart", again); !errors.As(err, &failed) {
		t.Errorf("Restart: %v", err)
	}
	r.wantOrder("b")
	broken = false
	check(rigIn(t, "Restart", again))
	if r.sync(b) != 3 {
		t.Error("it is another process")
	}
}

// Whoever adds a child or starts one again is told why it did not start, also of a temporary one, which is forgotten then.
func TestS8_TemporaryThatDoesNotStartSaysWhy(t *testing.T) {
	r := rigOf(t)
	broken := true
	spec := bastion.ChildSpec{Name: "b", Restart: bastion.Temporary, Start: withHooks(hooked{
		start: func(*bastion.Context) error {
			if broken {
				return errBoom
			}
			return nil
		},
	})}
	add := func() error { _, err := r.sup.Add(context.Background(), spec); return err }
	var failed *bastion.StartError
	if err := rigIn(t, "Add", add); !errors.As(err, &failed) || !errors.Is(err, errBoom) {
		t.Errorf("Add: %v", err)
	}
	broken = false
	check(rigIn(t, "Add", add))
	broken = true
	err := rigIn(t, "Restart", func() error { return r.sup.Restart(context.Background(), "b") })
	if !errors.As(err, &failed) || !errors.Is(err, errBoom) {
		t.Errorf("Restart: %v", err)
	}
	r.wantOrder()
}
