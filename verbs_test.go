package bastion_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// order is the names of a supervisor's children in start order.
func order(s *bastion.Supervisor) (names []string) {
	for _, c := range s.Children() {
		names = append(names, c.Name)
	}
	return names
}

func (r *rig) wantOrder(names ...string) {
	r.t.Helper()
	if got := order(r.sup); !slices.Equal(got, names) {
		r.t.Errorf("order %q, want %q", got, names)
	}
}

// aSubtree is a subtree with one noted child.
func aSubtree(l *transcript, child string) bastion.Behavior {
	return bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{noted(l, child)}})
}

func TestS8_InsertOfEveryKindAtEveryPlace(t *testing.T) {
	for _, running := range []bool{false, true} {
		r := rigOn(t, bastion.SupervisorSpec{Intensity: bastion.Unlimited, Strategy: bastion.OneForAll})
		if running {
			check(r.sys.Start(t.Context()))
		}
		insert := func(name string, spec bastion.ChildSpec, at bastion.Position) {
			t.Helper()
			spec.Name = name
			c, err := r.sup.Insert(t.Context(), spec, at)
			if err != nil || c.Name != name {
				t.Fatalf("%s: %v %v", name, c, err)
			}
		}
		insert("c", bastion.ChildSpec{Start: notedBy(r.transcript, "c")}, bastion.Position{})
		insert("a", bastion.ChildSpec{Start: notedBy(r.transcript, "a"), Count: 1}, bastion.Position{Before: "c"})
		insert("b", bastion.ChildSpec{Start: aSubtree(r.transcript, "b")}, bastion.Position{After: "a"})
		insert("d", bastion.ChildSpec{Start: notedBy(r.transcript, "d")}, bastion.Position{After: "c"})
		r.wantOrder("a", "b", "c", "d")
		if running {
			r.want("start c@1", "start a@1", "start b@1", "start d@1")
		} else {
			check(r.sys.Start(t.Context()))
			r.want("start a@1", "start b@1", "start c@1", "start d@1")
		}
		r.tell("c", fail{})
		r.await(bastion.EventRestarting, "/sys/sup/c")
		r.await(bastion.EventStarted, "/sys/sup/d")
		r.want("stop c@1 boom", "stop d@1 shutdown", "stop b@1 shutdown", "stop a@1 shutdown",
			"start a@2", "start b@2", "start c@2", "start d@2")
	}
}

func TestS8_InsertAndMoveRefuse(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "a", Start: actor()}, bastion.ChildSpec{Name: "b", Start: actor()})
	_, err := r.sup.Insert(t.Context(), bastion.ChildSpec{Start: actor()}, bastion.Position{Before: "x"})
	wantErr(t, "Insert before nobody", err, bastion.ErrNoProcess)
	_, err = r.sup.Insert(t.Context(), bastion.ChildSpec{Start: actor()}, bastion.Position{Before: "a", After: "b"})
	wantFaults(t, err, "Position.After")
	wantFaults(t, r.sup.Move(t.Context(), "a", bastion.Position{Before: "a", After: "b"}), "Position.After")
	wantErr(t, "Move after nobody", r.sup.Move(t.Context(), "a", bastion.Position{After: "x"}), bastion.ErrNoProcess)
	_, err = r.sup.Insert(t.Context(), bastion.ChildSpec{Name: "a", Start: actor()}, bastion.Position{})
	wantFaults(t, err, `Name: "a" is taken`)
	r.wantOrder("a", "b")
	for _, to := range []bastion.Position{{After: "b"}, {Before: "b"}, {After: "b"}, {Before: "b"}, {}} {
		check(r.sup.Move(t.Context(), "a", to))
		want := []string{"b", "a"}
		if to.Before != "" {
			want = []string{"a", "b"}
		}
		r.wantOrder(want...)
	}
}

// The verbs by reference and by name, for each kind of child.
func TestS8_VerbsForEveryKindOfChild(t *testing.T) {
	l := &transcript{t: t}
	kinds := map[string]bastion.ChildSpec{
		"process": noted(l, "c"),
		"group":   {Name: "c", Start: notedBy(l, "c"), Count: 1},
		"subtree": {Name: "c", Start: aSubtree(l, "c")},
	}
	type verb func(ctx context.Context) error
	for kind, spec := range kinds {
		t.Run(kind, func(t *testing.T) {
			l.t = t
			r := rigOf(t, spec)
			c := r.sup.Children()[0]
			stop, drain, kill := verb(c.Ref.Stop), verb(c.Ref.Drain), verb(c.Ref.Kill)
			restart, remove := verb(c.Ref.Restart), verb(c.Ref.Remove)
			switch {
			case c.Group != nil:
				stop, drain, kill, restart, remove = c.Group.Stop, c.Group.Drain, c.Group.Kill, c.Group.Restart, c.Group.Remove
			case c.Supervisor != nil:
				stop, drain, kill = c.Supervisor.Stop, c.Supervisor.Drain, c.Supervisor.Kill
				restart = func(ctx context.Context) error { return c.Supervisor.Parent().Restart(ctx, c.Name) }
				remove = func(ctx context.Context) error { return c.Supervisor.Parent().Remove(ctx, c.Name) }
			}
			do := func(v verb, active int, lines ...string) {
				t.Helper()
				if err := rigIn(t, "verb", func() error { return v(t.Context()) }); err != nil {
					t.Fatal(err)
				}
				l.want(lines...)
				if n := r.sup.Count(); n.Active != active {
					t.Errorf("%+v, want %d active", n, active)
				}
			}
			l.want("start c@1")
			do(restart, 1, "stop c@1 shutdown", "start c@2")
			do(stop, 0, "stop c@2 shutdown")
			do(stop, 0)
			do(restart, 1, "start c@3")
			do(drain, 0, "stop c@3 shutdown")
			do(func(ctx context.Context) error { return r.sup.Restart(ctx, "c") }, 1, "start c@4")
			do(kill, 0)
			do(restart, 1, "start c@5")
			do(remove, 0, "stop c@5 shutdown")
			if n := r.sup.Count(); n != (bastion.Counts{}) {
				t.Errorf("%+v after it was removed", n)
			}
			wantErr(t, "restart of what is gone", restart(t.Context()), map[bool]error{true: bastion.ErrNoProcess, false: bastion.ErrStopped}[kind == "subtree"])
		})
	}
}

func TestL6_DrainOfGroupsAndSubtrees(t *testing.T) {
	for name, drain := range map[string]func(*rig) error{
		"group":      func(r *rig) error { return r.sup.Group("g").Drain(context.Background()) },
		"supervisor": func(r *rig) error { return r.sup.Drain(context.Background()) },
		"root":       func(r *rig) error { return r.sys.Root().Drain(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 3, Start: actor()})
			for _, m := range r.sup.Group("g").Members() {
				check(m.Tell(t.Context(), hang{gate}))
				for range 10 {
					check(m.Tell(t.Context(), 1))
				}
			}
			done := make(chan error, 1)
			go func() { done <- drain(r) }()
			close(gate)
			if err := rigRecv(t, "Drain", done); err != nil {
				t.Fatal(err)
			}
			if b := r.sys.Inspector().Books(); b.Handled != 33 || b.Accepted != 33 {
				t.Errorf("books %v", b)
			}
		})
	}
}

// A wait under a context ends with it; the order stands.
func TestL6_WaitingEndsWithTheContext(t *testing.T) {
	gate := make(chan struct{})
	slow := withHooks(hooked{stop: func(*bastion.Context, error) error { <-gate; return nil }})
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 1, Start: slow, Shutdown: bastion.UnlimitedShutdown})
	for _, v := range []func(context.Context) error{r.sup.Group("g").Stop, r.sup.Stop, r.sup.Drain} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := v(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		cancel()
	}
	close(gate)
	r.await(bastion.EventStopped, "/sys/sup")
}

func TestS8_RestartOfAMember(t *testing.T) {
	l := &transcript{t: t}
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{
		{Name: "g", Count: 2, Start: notedBy(l, "m"), Intensity: bastion.NoRestarts, Restart: bastion.Temporary},
	}})
	g := r.sup.Group("g")
	l.want("start m@1", "start m@1")
	m := g.Member(1)
	check(m.Tell(t.Context(), 1)) // kept
	check(m.Restart(t.Context()))
	l.want("stop m@1 shutdown", "start m@2")
	if inc := r.sync(m); inc != 2 || g.Len() != 2 {
		t.Errorf("incarnation %d, %d members", inc, g.Len())
	}
	inside := make(chan error, 1) // from inside, it is not waited for
	check(m.Tell(t.Context(), do(func(ctx *bastion.Context) error { inside <- ctx.Self().Restart(ctx); return nil })))
	wantErr(t, "Restart of itself", rigRecv(t, "Restart", inside), bastion.ErrPending)
	if inc := r.sync(m); inc != 3 {
		t.Errorf("incarnation %d", inc)
	}
	check(m.Stop(t.Context()))
	wantErr(t, "Restart of a member that left", m.Restart(t.Context()), bastion.ErrStopped)
	check(m.Remove(t.Context()))
}

func TestS8_RestartOfAMemberThatWaits(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 1, Start: actor(), Backoff: bastion.Constant{Delay: 24 * time.Hour}})
	m := r.sup.Group("g").Member(0)
	check(m.Tell(t.Context(), fail{}))
	r.await(bastion.EventRestarting, "/sys/sup/g/0")
	check(m.Restart(t.Context()))
	if inc := r.sync(m); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
	off := rigOn(t, bastion.SupervisorSpec{Name: "off", Children: []bastion.ChildSpec{{Name: "g", Count: 1, Start: actor()}}})
	wantErr(t, "Restart before the start", off.sup.Group("g").Member(0).Restart(t.Context()), bastion.ErrNotStarted)
}

// A new life of a supervisor begins with all that it was declared with, as OTP's init is called again; what was removed
// on purpose stays removed (+).
func TestS8_ANewLifeBeginsWithWhatWasDeclared(t *testing.T) {
	l := &transcript{t: t}
	temp := func(name string) bastion.ChildSpec {
		c := noted(l, name)
		c.Restart = bastion.Temporary
		return c
	}
	r := rigOf(t, bastion.ChildSpec{Name: "tree", Start: bastion.Subtree(bastion.SupervisorSpec{
		Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{temp("ends"), temp("stopped"), temp("removed"), noted(l, "off"), noted(l, "p")},
	})})
	tree := r.sup.Supervisor("tree")
	ends := tree.Child("ends")
	check(ends.Tell(t.Context(), fail{}))
	r.await(bastion.EventStopped, "/sys/sup/tree/ends")
	check(tree.Child("stopped").Stop(t.Context()))
	check(tree.Remove(t.Context(), "removed"))
	check(tree.Child("off").Stop(t.Context()))
	l.want("start ends@1", "start stopped@1", "start removed@1", "start off@1", "start p@1", "stop ends@1 boom",
		"stop stopped@1 shutdown", "stop removed@1 shutdown", "stop off@1 shutdown")
	if got := order(tree); !slices.Equal(got, []string{"off", "p"}) {
		t.Errorf("children %q", got)
	}
	wantErr(t, "Tell", ends.Tell(t.Context(), 1), bastion.ErrStopped)
	wantErr(t, "Restart of one that is forgotten", ends.Restart(t.Context()), bastion.ErrStopped)
	check(tree.Child("p").Tell(t.Context(), fail{})) // the tree gives up, and is restarted
	r.await(bastion.EventRestarting, "/sys/sup/tree")
	r.await(bastion.EventStarted, "/sys/sup/tree/p")
	l.want("stop p@1 boom", "start ends@2", "start stopped@2", "start off@2", "start p@2")
	if inc := r.sync(ends); inc != 2 { // the same reference
		t.Errorf("incarnation %d", inc)
	}
}
