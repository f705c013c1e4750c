package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

// crowd is how many children bad input comes with.
const crowd = 100_000

// A hundred thousand children without a name are known by their numbers; nothing about them is quadratic, or this test
// would take minutes.
func TestBadInput_ManyChildrenWithoutAName(t *testing.T) {
	crowd := crowd
	if raceDetector {
		crowd /= 10 // it is ten times slower, and its clocks need memory for each
	}
	children := make([]bastion.ChildSpec, crowd)
	for i := range children {
		children[i].Start = actor()
	}
	r := rigUp(t, bastion.SupervisorSpec{Children: children}, func(c *bastion.Config) { c.Workers = 2 })
	if n := r.sup.Count(); n.Active != crowd || n.Specs != crowd {
		t.Fatalf("%+v", n)
	}
	last := fmt.Sprintf("#%d", crowd)
	if inc := r.sync(r.child(last)); inc != 1 {
		t.Errorf("incarnation %d", inc)
	}
	r.tell(last, fail{})
	if inc := r.sync(r.child(last)); inc != 2 {
		t.Errorf("incarnation %d", inc)
	}
	must(r.sup.Add(t.Context(), bastion.ChildSpec{Start: actor()}))
}

// With the same name they are refused, by that name, and the text stays one that can be read.
func TestBadInput_ManyChildrenOfOneName(t *testing.T) {
	children := make([]bastion.ChildSpec, crowd)
	for i := range children {
		children[i] = bastion.ChildSpec{Name: "twin", Start: actor()}
	}
	_, err := bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Children: children})
	var spec *bastion.SpecError
	if !errors.As(err, &spec) || !strings.HasPrefix(spec.Faults[0], `Children[1].Name: "twin" is taken by Children[0]`) {
		t.Fatalf("%.200v", err)
	}
	if n := len(err.Error()); n > 10_000 {
		t.Errorf("the text is %d bytes long", n)
	}
	if want := fmt.Sprintf("and %d more", crowd-1-100); !strings.HasSuffix(err.Error(), want) {
		t.Errorf("the text ends with %q", err.Error()[len(err.Error())-40:])
	}
}

// A supervisor under itself, by way of slices that share their memory, is refused and not followed for ever.
func TestBadInput_Cycle(t *testing.T) {
	ring := make([]bastion.ChildSpec, 2)
	ring[0] = bastion.ChildSpec{Name: "a", Start: actor()}
	ring[1] = bastion.ChildSpec{Name: "again", Start: bastion.Subtree(bastion.SupervisorSpec{Children: ring})}
	_, err := bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Children: ring})
	wantFaults(t, err, "Children[1].Start.Children: contain this supervisor itself")

	outer := make([]bastion.ChildSpec, 1)
	inner := []bastion.ChildSpec{{Name: "in", Start: bastion.Subtree(bastion.SupervisorSpec{Children: outer})}}
	outer[0] = bastion.ChildSpec{Name: "out", Start: bastion.Subtree(bastion.SupervisorSpec{Children: inner})}
	_, err = bare(t).Supervise(bastion.SupervisorSpec{Name: "s", Children: outer})
	wantFaults(t, err, "Children[0].Start.Children[0].Start.Children: contain this supervisor itself")
	_, err = rigOf(t).sup.AddSupervisor(t.Context(), bastion.SupervisorSpec{Name: "s", Children: outer[:1:1]})
	wantFaults(t, err, "Children[0].Start.Children[0].Start.Children")

	// The same children twice are no cycle: each is made for itself.
	twice := []bastion.ChildSpec{{Name: "c", Start: actor()}}
	tree := func(name string) bastion.ChildSpec {
		return bastion.ChildSpec{Name: name, Start: bastion.Subtree(bastion.SupervisorSpec{Children: twice})}
	}
	r := rigOf(t, tree("x"), tree("y"))
	if x, y := r.sup.Supervisor("x").Child("c"), r.sup.Supervisor("y").Child("c"); r.sync(x) != 1 || x == y {
		t.Error(x, y)
	}
}

// Supervisors under supervisors, a thousand deep: the start goes down, the stop comes up again, and a failure at the
// bottom is the bottom's own affair.
func TestS8_AThousandDeep(t *testing.T) {
	const depth = 1000
	l := &transcript{t: t}
	spec := bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "bottom", Start: actor()}}}
	for i := depth; i > 0; i-- {
		spec = bastion.SupervisorSpec{Children: []bastion.ChildSpec{
			noted(l, fmt.Sprint("b", i)), {Name: "s", Start: bastion.Subtree(spec)}, noted(l, fmt.Sprint("a", i)),
		}}
	}
	r := rigUp(t, spec, func(c *bastion.Config) { c.Workers = 2 })
	at := r.sup
	var starts, stops []string
	for i := 1; i <= depth; i++ {
		starts = append(starts, fmt.Sprintf("start b%d@1", i))
		stops = append(stops, fmt.Sprintf("stop a%d@1 shutdown", i))
		at = at.Supervisor("s")
	}
	for i := depth; i > 0; i-- {
		starts = append(starts, fmt.Sprintf("start a%d@1", i))
		stops = append(stops, fmt.Sprintf("stop b%d@1 shutdown", i))
	}
	l.want(starts...)
	bottom := at.Child("bottom")
	check(bottom.Tell(t.Context(), fail{}))
	if inc := r.sync(bottom); inc != 2 || strings.Count(bottom.Path(), "/") != depth+3 {
		t.Errorf("incarnation %d of %d elements", inc, strings.Count(bottom.Path(), "/"))
	}
	l.want()
	check(r.sys.Stop(context.Background()))
	l.want(stops...)
}

// An escalation goes the same way, and its reason can be read: it names each supervisor on the way.
func TestS3_EscalationFromAThousandDeep(t *testing.T) {
	const depth = 1000
	spec := bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "bottom", Start: actor()}}}
	for range depth {
		spec = bastion.SupervisorSpec{Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "s", Start: bastion.Subtree(spec)}}}
	}
	r := rigUp(t, spec, func(c *bastion.Config) { c.Workers, c.Intensity = 2, bastion.NoRestarts })
	at := r.sup
	for range depth {
		at = at.Supervisor("s")
	}
	check(at.Child("bottom").Tell(t.Context(), fail{}))
	err := rigIn(t, "Wait", r.sys.Wait)
	if !errors.Is(err, errBoom) || !errors.Is(err, bastion.ErrIntensity) {
		t.Fatalf("%.200v", err)
	}
}
