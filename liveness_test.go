package bastion_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A supervisor that may not restart once more is in a storm until a window has passed.
func TestH2_NearTheIntensity(t *testing.T) {
	for _, kind := range []string{"supervisor", "group"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bound := bastion.Intensity{Max: 3, Within: 10 * time.Second}
				r := rigUp(t, bastion.SupervisorSpec{Intensity: bound, Children: []bastion.ChildSpec{
					{Name: "c", Start: actor()}, {Name: "g", Start: actor(), Count: 2, Intensity: bound},
				}})
				path, victim := "/sys/sup", r.child("c")
				if kind == "group" {
					path, victim = "/sys/sup/g", r.sup.Group("g").Member(1)
				}
				crash := func() {
					t.Helper()
					if err := victim.Tell(t.Context(), fail{}); err != nil {
						t.Fatal(err)
					}
					r.sync(victim)
				}
				crash()
				crash()
				r.wantLive("two of three")
				time.Sleep(time.Second)
				began := time.Now()
				crash()
				r.wantLive("three of three", path+": restart storm")
				r.wantReady("all have been restarted")
				p := r.sys.Health().Live.Problems[0]
				if p.Count != 3 || !p.Since.Equal(began) || time.Until(p.Until) != bound.Within {
					t.Errorf("%+v at %v", p, began)
				}
				time.Sleep(bound.Within / 2)
				r.wantLive("half a window later", path+": restart storm")
				time.Sleep(bound.Within)
				r.wantLive("a window has passed")
			})
		})
	}
}

func TestH2_OverTheIntensity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
			{Name: "tree", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})},
			{Name: "g", Count: 1, Start: actor()},
		}})
		fails := func(ref bastion.Ref) {
			for range 2 {
				if err := ref.Tell(t.Context(), fail{}); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		fails(r.sup.Supervisor("tree").Child("c"))
		r.wantLive("the tree gave up, and was restarted", "/sys/sup/tree: restart storm")
		r.wantReady("it was restarted")
		time.Sleep(6 * time.Second)
		r.wantLive("five seconds are over")
		fails(r.sup.Group("g").Member(0))
		r.wantLive("the group gave up, and was restarted", "/sys/sup/g: restart storm")
		time.Sleep(6 * time.Second)
		r.wantLive("five seconds are over again")
	})
}

// One restart is no storm, nor is any number where any number is allowed.
func TestH2_NoStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{
			{Name: "once", Start: actor()}, {Name: "often", Start: actor(), Count: 1, Intensity: bastion.Unlimited},
		}})
		r.tell("once", fail{})
		for range 100 {
			if err := r.sup.Group("often").Member(0).Tell(t.Context(), fail{}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		r.wantLive("one of one, and a hundred of any")
	})
}

// A long window does not keep a program that has recovered from being alive, and what is Optional never does.
func TestH2_AStormPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hourly := bastion.Intensity{Max: 3, Within: time.Hour}
		below := bastion.SupervisorSpec{Intensity: hourly, Children: []bastion.ChildSpec{
			{Name: "c", Start: actor()}, {Name: "g", Start: actor(), Count: 1, Intensity: hourly},
		}}
		r := rigUp(t, bastion.SupervisorSpec{Intensity: hourly, Children: []bastion.ChildSpec{
			{Name: "c", Start: actor()}, {Name: "spare", Start: bastion.Subtree(below), Optional: true},
		}})
		spare := r.sup.Supervisor("spare")
		crash := func(refs ...bastion.Ref) {
			for _, ref := range refs {
				for range 3 {
					if err := ref.Tell(t.Context(), fail{}); err != nil {
						t.Fatal(err)
					}
				}
				r.sync(ref)
			}
		}
		crash(spare.Child("c"), spare.Group("g").Member(0))
		r.wantLive("what is Optional")
		crash(r.child("c"))
		r.wantLive("three of three", "/sys/sup: restart storm")
		time.Sleep(14 * time.Second)
		r.wantLive("a moment later", "/sys/sup: restart storm")
		time.Sleep(2 * time.Second)
		r.wantLive("it is over")
	})
}

// As many handlers are blocked as may be, for as long as they are.
func TestH2_Saturated(t *testing.T) {
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "g", Count: 3, Start: actor()}}}, func(c *bastion.Config) {
		c.Workers, c.MaxBlocked = 1, 2
	})
	g := r.sup.Group("g")
	for i := range 2 {
		if err := g.Member(i).Tell(t.Context(), hang{gate}); err != nil {
			t.Fatal(err)
		}
	}
	r.until("two of two are blocked", func() bool { return !r.sys.Health().Live.OK })
	r.wantLive("two of two are blocked", "/sys: blocked workers at their bound")
	r.wantReady("all are up")
	open()
	r.until("none is blocked", func() bool { return r.sys.Health().Live.OK })
}

// until asks again and again, each time after a process was served: for what no event tells.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	for limit := time.Now().Add(rigLimit); !ok(); {
		if time.Now().After(limit) {
			r.t.Fatalf("%s: never\n%s", what, rigStacks())
		}
		r.sync(r.sup.Group("g").Member(2))
	}
}

// Asking costs nothing that grows with the system, and visits nobody who is well.
func TestH3_AskingIsCheap(t *testing.T) {
	for _, members := range []int{1, 10_000} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			r := rigOf(t, bastion.ChildSpec{Name: "g", Count: members, Start: actor()})
			if n := testing.AllocsPerRun(100, func() { _ = r.sys.Health() }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// Readers and restarts at once: under the race detector, and no entry is ever left behind.
func TestH3_AskedDuringAStorm(t *testing.T) {
	var children []bastion.ChildSpec
	for i := range 8 {
		children = append(children, bastion.ChildSpec{Name: fmt.Sprint(i), Start: actor()})
	}
	children = append(children, bastion.ChildSpec{Name: "g", Count: 8, Start: actor(), Intensity: bastion.Unlimited})
	r := rigOf(t, children...)
	done := make(chan struct{})
	var readers, senders sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = r.sys.Health()
				}
			}
		})
	}
	refs := r.sup.Group("g").Members()
	for i := range 8 {
		refs = append(refs, r.child(fmt.Sprint(i)))
	}
	for _, ref := range refs {
		senders.Go(func() {
			for range 200 {
				if err := ref.Tell(t.Context(), fail{}); err != nil {
					t.Error(err)
				}
			}
			r.sync(ref)
		})
	}
	senders.Wait()
	close(done)
	readers.Wait()
	r.wantReady("the storm is over")
}
