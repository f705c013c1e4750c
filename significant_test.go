package bastion_test

import (
	"errors"
	"testing"

	"github.com/bastion-go/bastion"
)

// onceThen is a loop that ends at the first message, well or badly.
func onceThen(end error) bastion.Behavior {
	return bastion.Loop(func(ctx *bastion.Context) error {
		if _, err := ctx.Recv(); err != nil {
			return err
		}
		return end
	})
}

// significants is a subtree with two significant children and one that is not.
func significants(l *transcript, auto bastion.AutoShutdown) bastion.Behavior {
	return bastion.Subtree(bastion.SupervisorSpec{AutoShutdown: auto, Children: []bastion.ChildSpec{
		noted(l, "plain"),
		{Name: "x", Start: onceThen(nil), Restart: bastion.Transient, Significant: true},
		{Name: "y", Start: onceThen(errBoom), Restart: bastion.Temporary, Significant: true},
	}})
}

func TestS9_AnyAndAll(t *testing.T) {
	for _, auto := range []bastion.AutoShutdown{bastion.AnySignificant, bastion.AllSignificant} {
		t.Run(auto.String(), func(t *testing.T) {
			l := &transcript{t: t}
			r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
				{Name: "tree", Restart: bastion.Transient, Start: significants(l, auto)}, noted(l, "beside"),
			}})
			tree := r.sup.Supervisor("tree")
			for _, name := range []string{"y", "x"}[:int(auto)] { // one for any, both for all
				if err := tree.Child(name).Tell(t.Context(), 1); err != nil {
					t.Fatal(err)
				}
			}
			if e := r.await(bastion.EventStopped, "/sys/sup/tree"); !errors.Is(e.Reason, bastion.ErrShutdown) {
				t.Errorf("reason %v", e.Reason)
			}
			l.want("start plain@1", "start beside@1", "stop plain@1 shutdown")
			if err := r.sup.Restart(t.Context(), "tree"); err != nil { // kept, as a transient child that finished
				t.Fatal(err)
			}
			l.want("start plain@2")
		})
	}
}

func TestS9_AnOrderIsNoEndByItself(t *testing.T) {
	l := &transcript{t: t}
	r := rigOf(t, bastion.ChildSpec{Name: "tree", Restart: bastion.Transient, Start: significants(l, bastion.AnySignificant)})
	tree := r.sup.Supervisor("tree")
	if err := tree.Child("x").Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := tree.Remove(t.Context(), "y"); err != nil {
		t.Fatal(err)
	}
	if n, err := r.sys.Inspector().Node("/sys/sup/tree"); err != nil || n.State != bastion.StateRunning {
		t.Error(n.State, err)
	}
}

// What follows is for the supervisor's own supervisor to say, by the restart type: the end is an ordinary shutdown.
func TestS9_RestartTypeOfTheSupervisorThatShutDown(t *testing.T) {
	for _, typ := range []bastion.RestartType{bastion.Permanent, bastion.Transient, bastion.Temporary} {
		t.Run(typ.String(), func(t *testing.T) {
			l := &transcript{t: t}
			r := rigOf(t, bastion.ChildSpec{Name: "tree", Restart: typ, Start: significants(l, bastion.AnySignificant)})
			if err := r.sup.Supervisor("tree").Child("x").Tell(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			if typ == bastion.Permanent {
				r.await(bastion.EventRestarting, "/sys/sup/tree")
				r.await(bastion.EventStarted, "/sys/sup/tree/plain")
				l.want("start plain@1", "stop plain@1 shutdown", "start plain@2")
				return
			}
			r.await(bastion.EventStopped, "/sys/sup/tree")
			if gone := r.sup.Supervisor("tree") == nil; gone != (typ == bastion.Temporary) {
				t.Errorf("gone: %v", gone)
			}
		})
	}
}

func TestS9_BadCombinations(t *testing.T) {
	_, err := bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{
		{Start: actor(), Significant: true, Restart: bastion.Transient},
		{Start: bastion.Subtree(bastion.SupervisorSpec{AutoShutdown: bastion.AnySignificant, Children: []bastion.ChildSpec{
			{Start: actor(), Significant: true},
			{Start: actor(), Significant: true, Restart: bastion.Temporary, Count: 2},
			{Start: actor(), Significant: true, Restart: bastion.Temporary},
		}})},
		{Start: bastion.Subtree(bastion.SupervisorSpec{AutoShutdown: 7})},
	}})
	wantFaults(t, err, "Children[0].Significant", "Children[1].Start.Children[0].Significant",
		"Children[1].Start.Children[1].Significant", "Children[2].Start.AutoShutdown")
	r := rigOf(t)
	_, err = r.sup.Add(t.Context(), bastion.ChildSpec{Start: actor(), Significant: true, Restart: bastion.Temporary})
	wantFaults(t, err, "Significant: the supervisor's AutoShutdown is never")
}
