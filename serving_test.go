package bastion_test

import (
	"context"
	"slices"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// TestGroup_ServingFollowsSpawnsAndEnds: what Serving returns is never older than the Edition read before it.
func TestGroup_ServingFollowsSpawnsAndEnds(t *testing.T) {
	spec := bastion.ChildSpec{Name: "g", Count: 2, Start: actor(), Intensity: bastion.Unlimited}
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{spec}})
	g := r.sup.Group("g")
	if len(g.Serving()) != 2 || g.Edition() == 0 {
		t.Error("a group that was not started has its members")
	}
	if err := r.sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	was := g.Edition()
	ref, err := g.Spawn(context.Background())
	if err != nil || g.Edition() == was || !slices.Contains(g.Serving(), ref) {
		t.Errorf("spawned: %v, %v", err, g.Serving())
	}
	was = g.Edition()
	if err := ref.Tell(context.Background(), fail{}); err != nil {
		t.Fatal(err)
	}
	if r.sync(ref) != 2 || g.Edition() != was || !slices.Contains(g.Serving(), ref) {
		t.Error("a member that was restarted is the same member")
	}
	if err := ref.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if g.Edition() == was || len(g.Serving()) != 2 {
		t.Errorf("after the stop: %v", g.Serving())
	}
	var nobody *bastion.Group
	if nobody.Serving() != nil || nobody.Edition() != 0 {
		t.Error("nobody serves")
	}
}

// TestGroup_WhoDrainsDoesNotServe: nor who has not started.
func TestGroup_WhoDrainsDoesNotServe(t *testing.T) {
	for seed := range uint64(50) {
		spec := bastion.ChildSpec{Name: "g", Count: 2, Start: withHooks(hooked{start: func(ctx *bastion.Context) error {
			for _, ref := range ctx.Supervisor().Group("g").Serving() {
				if ctx.Index() > 1 && ref == ctx.Self() {
					t.Error("it serves, and has not started")
				}
			}
			return nil
		}})}
		seeded(t, executor.SeededConfig{Seed: seed}, bastion.SupervisorSpec{Children: []bastion.ChildSpec{spec}}, func(r *seededRig) {
			g := r.sup.Group("g")
			ref, err := g.Spawn(context.Background())
			if err != nil || !slices.Contains(g.Serving(), ref) {
				t.Errorf("seed %d: spawned: %v", seed, err)
			}
			served, seen := true, false
			err = ref.Tell(context.Background(), do(func(ctx *bastion.Context) error {
				if err := ctx.Await(ctx.Stopping()); err != nil {
					return err
				}
				served, seen = slices.Contains(g.Serving(), ref), true
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if err := ref.Drain(context.Background()); err != nil || !seen || served {
				t.Errorf("seed %d: %v, looked %v, served %v", seed, err, seen, served)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	r := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()})
	c := r.child("c")
	release := r.hold("c")
	for range 10 {
		r.tell("c", 1)
	}
	if l := c.Load(0); l.Mailbox != 10 || !l.InHand || l.Backlog() != 11 || l.State != bastion.StateRunning {
		t.Errorf("%+v", l)
	}
	if l := c.Load(3); l.Mailbox > 3 || l.Backlog() > 4 {
		t.Errorf("counted on: %+v", l)
	}
	release()
	r.sync(c)
	eventually(t, func() bool { return c.Load(0).Backlog() == 0 }, func() string { return "it has work" })
	if l := c.Load(0); l.Handled != 12 {
		t.Errorf("%+v", l)
	}
	if l := (bastion.Ref{}).Load(0); l.State != bastion.StateStopped || l.Backlog() != 0 {
		t.Errorf("nobody: %+v", l)
	}
}

// TestE7_RandomIsOfTheSeed: each number comes, and the same seed gives the same ones.
func TestE7_RandomIsOfTheSeed(t *testing.T) {
	draw := func(seed uint64) (drawn []int) {
		seeded(t, executor.SeededConfig{Seed: seed}, both(nil), func(r *seededRig) {
			for range 200 {
				drawn = append(drawn, r.sys.Random(5))
			}
		})
		return drawn
	}
	first := draw(1)
	if !slices.Equal(first, draw(1)) || slices.Equal(first, draw(2)) {
		t.Error("not of the seed")
	}
	r := rigOf(t)
	seen := map[int]int{}
	for range 10_000 {
		seen[r.sys.Random(5)]++
	}
	for i := range 5 {
		if seen[i] < 1500 || len(seen) != 5 {
			t.Errorf("%v", seen)
		}
	}
	if r.sys.Random(1) != 0 || r.sys.Random(0) != 0 || r.sys.Random(-3) != 0 {
		t.Error("nothing to draw")
	}
}
