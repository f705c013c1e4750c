package bastion_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
)

// Moving a child restarts nothing, and counts from the next decision: here, the end, which goes in reverse order.
func TestS8_MoveChangesTheOrder(t *testing.T) {
	var mu sync.Mutex
	var order []string
	child := func(name string) bastion.ChildSpec {
		return bastion.ChildSpec{Name: name, Start: bastion.Loop(func(ctx *bastion.Context) error {
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return nil
		})}
	}
	r := rigUp(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{child("a"), child("b"), child("c")}})
	for _, move := range [][2]string{{"c", "a"}, {"a", ""}} { // c a b, then c b a
		if err := r.sup.Move(t.Context(), move[0], bastion.Position{Before: move[1]}); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{}
	for _, n := range must(r.sys.Inspector().Node(r.sup.Path())).Children {
		names = append(names, n.Name)
		if n.Incarnation != 1 {
			t.Errorf("%s was restarted", n.Name)
		}
	}
	if !slices.Equal(names, []string{"c", "b", "a"}) {
		t.Errorf("in the tree: %v", names)
	}
	if err := r.sup.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []string{"a", "b", "c"}) {
		t.Errorf("stopped in the order %v", order)
	}
}
