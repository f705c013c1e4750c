package distributor_test

import (
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// homes says where each of so many keys goes.
func homes(t testing.TB, d *distributor.Distributor, keys int) map[job]bastion.Ref {
	t.Helper()
	all := map[job]bastion.Ref{}
	for j := range job(keys) {
		all[j] = must(distributor.Request(outside, d, keyed{j: j}))
	}
	return all
}

// keyed asks who is responsible for a key.
type keyed struct {
	bastion.Returns[bastion.Ref]
	j job
}

func (k keyed) Key() uint64 { return uint64(k.j) }

func keeper() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			if q, ok := msg.(keyed); ok {
				return q.Reply(ctx, ctx.Self())
			}
			return nil
		})
	})
}

func keepers(count int) bastion.ChildSpec {
	return bastion.ChildSpec{Name: "workers", Group: true, Count: count, Start: keeper()}
}

// TestConsistentHash_BoundsWhatMoves: a new member takes over about its share, and only it gets keys; when it leaves,
// everything is as before; and when another leaves, only what that had moves.
func TestConsistentHash_BoundsWhatMoves(t *testing.T) {
	sys, sup := up(t, keepers(9))
	d := over(sys, sup, distributor.ConsistentHash{})
	const keys = 4000
	before := homes(t, d, keys)
	fresh := must(sup.Group("workers").Spawn(outside))
	moved := 0
	with := homes(t, d, keys)
	for j, ref := range with {
		if ref != before[j] {
			moved++
			if ref != fresh {
				t.Fatalf("key %d went from %v to %v", j, before[j], ref)
			}
		}
	}
	if moved < keys/20 || moved > keys/5 { // its share is a tenth
		t.Errorf("%d of %d keys moved", moved, keys)
	}
	wantErr(t, "drain", fresh.Drain(outside), nil)
	for j, ref := range homes(t, d, keys) {
		if ref != before[j] {
			t.Fatalf("key %d did not come back: %v, was %v", j, ref, before[j])
		}
	}
	lost := d.Members()[4]
	wantErr(t, "stop", lost.Stop(outside), nil)
	for j, ref := range homes(t, d, keys) {
		if before[j] != lost && ref != before[j] {
			t.Fatalf("key %d moved without need", j)
		}
	}
}

// TestConsistentHash_SpreadsKeys: nobody has far more or far less than the average.
func TestConsistentHash_SpreadsKeys(t *testing.T) {
	sys, sup := up(t, keepers(10))
	d := over(sys, sup, distributor.ConsistentHash{})
	count := map[bastion.Ref]int{}
	for _, ref := range homes(t, d, 5000) {
		count[ref]++
	}
	for ref, c := range count {
		if c < 250 || c > 800 || len(count) != 10 { // fixed paths and keys: no chance is involved
			t.Errorf("%v has %d of 5,000", ref, c)
		}
	}
}

// TestConsistentHash_TheDeadAreReplacedByTheNextOnTheRing: where the keys go at once is where they go when it has left.
func TestConsistentHash_TheDeadAreReplacedByTheNextOnTheRing(t *testing.T) {
	children := []bastion.ChildSpec{{Name: "a", Start: keeper()}, {Name: "b", Start: keeper()}, {Name: "c", Start: keeper()}, {Name: "d", Start: keeper()}}
	sys, sup := up(t, children...)
	d := must(distributor.New(sys, distributor.Spec{Strategy: distributor.ConsistentHash{}}))
	for _, c := range children {
		d.Add(sup.Child(c.Name))
	}
	for _, name := range []string{"b", "d"} {
		wantErr(t, "stop", sup.Child(name).Stop(outside), nil)
	}
	dead := homes(t, d, 500)
	d.Remove(sup.Child("b"))
	d.Remove(sup.Child("d"))
	for j, ref := range homes(t, d, 500) {
		if dead[j] != ref {
			t.Errorf("key %d: %v while the dead were members, %v after", j, dead[j], ref)
		}
	}
}

func TestConsistentHash_Keys(t *testing.T) {
	var n notebook
	sys, sup := up(t, n.workers(3))
	wantErr(t, "no key", over(sys, sup, distributor.ConsistentHash{}).TellOne(outside, job(1)), distributor.ErrNoKey)
	wantErr(t, "no key", over(sys, sup, new(distributor.Sticky)).TellOne(outside, job(1)), distributor.ErrNoKey)
	byName := distributor.ConsistentHash{Key: func(msg any) uint64 { return distributor.KeyOf(msg.(string)) }}
	wantErr(t, "own key", over(sys, sup, byName).TellOne(outside, "tea"), nil)
	if distributor.KeyOf("") != 14695981039346656037 || distributor.KeyOf("a") != 0xaf63dc4c8601ec8c {
		t.Error("this is not FNV-1a")
	}
}

// TestSticky_KeepsItsChoice: also when members come; when the chosen one leaves another is chosen, and kept.
func TestSticky_KeepsItsChoice(t *testing.T) {
	sys, sup := up(t, keepers(4))
	d := over(sys, sup, &distributor.Sticky{First: new(distributor.RoundRobin)})
	before := homes(t, d, 100)
	for range 4 {
		must(sup.Group("workers").Spawn(outside))
	}
	for j, ref := range homes(t, d, 100) {
		if ref != before[j] {
			t.Fatalf("key %d moved to %v because there are more", j, ref)
		}
	}
	lost := before[0]
	wantErr(t, "stop", lost.Stop(outside), nil)
	after := homes(t, d, 100)
	for j, ref := range after {
		if ref == lost || before[j] != lost && ref != before[j] {
			t.Errorf("key %d: %v, was %v", j, ref, before[j])
		}
	}
	for j, ref := range homes(t, d, 100) {
		if ref != after[j] {
			t.Errorf("key %d moved again", j)
		}
	}
}

// TestSticky_WhoRefusesIsReplaced: a dead member that was not taken out loses its keys, for good.
func TestSticky_WhoRefusesIsReplaced(t *testing.T) {
	sys, sup := up(t, bastion.ChildSpec{Name: "a", Start: keeper()}, bastion.ChildSpec{Name: "b", Start: keeper()}, bastion.ChildSpec{Name: "c", Start: keeper()})
	d := must(distributor.New(sys, distributor.Spec{Strategy: &distributor.Sticky{First: new(distributor.RoundRobin)}}))
	for _, name := range []string{"a", "b", "c"} {
		d.Add(sup.Child(name))
	}
	before := homes(t, d, 30)
	wantErr(t, "stop", sup.Child("b").Stop(outside), nil)
	after := homes(t, d, 30)
	for j, ref := range after {
		if ref == sup.Child("b") || before[j] != sup.Child("b") && ref != before[j] {
			t.Errorf("key %d: %v, was %v", j, ref, before[j])
		}
	}
	for j, ref := range homes(t, d, 30) {
		if ref != after[j] {
			t.Errorf("key %d is not kept: %v, was %v", j, ref, after[j])
		}
	}
}

// TestSticky_RemembersSoManyKeys: what is used stays, what is not is forgotten, and no more than Keys are known.
func TestSticky_RemembersSoManyKeys(t *testing.T) {
	sys, sup := up(t, keepers(8))
	d := over(sys, sup, &distributor.Sticky{First: new(distributor.RoundRobin), Keys: 20})
	home := must(distributor.Request(outside, d, keyed{j: 1 << 20}))
	for j := range job(1000) {
		must(distributor.Request(outside, d, keyed{j: j}))
		if j%5 == 0 {
			if ref := must(distributor.Request(outside, d, keyed{j: 1 << 20})); ref != home {
				t.Fatalf("a key in use was forgotten after %d others", j)
			}
		}
	}
}
