package bastion_test

import (
	"context"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

func TestE4_PlacementFaultsNameTheField(t *testing.T) {
	sys := bare(t)
	place := func(p bastion.Placement) bastion.ChildSpec { return bastion.ChildSpec{Start: actor(), Placement: p} }
	loop := place(bastion.Placement{Policy: bastion.PlacePack})
	loop.Start = looper()
	_, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{
		place(bastion.Placement{Policy: 9}),
		loop,
		place(bastion.Placement{Policy: bastion.PlaceNear}),
		place(bastion.Placement{Policy: bastion.PlaceSpread, Near: "/x"}),
		place(bastion.Placement{Policy: bastion.PlaceOnNode, Node: -1}),
		place(bastion.Placement{Policy: bastion.PlacePack, Node: 1}),
	}})
	wantFaults(t, err, "Children[0].Placement.Policy: unknown policy 9", "Children[1].Placement.Policy: is for handlers",
		"Children[2].Placement.Near: is missing", "Children[3].Placement.Near: is for PlaceNear",
		"Children[4].Placement.Node: must not be negative", "Children[5].Placement.Node: is for PlaceOnNode")

	far := place(bastion.Placement{Policy: bastion.PlaceOnNode, Node: 4711})
	sub := bastion.ChildSpec{Start: bastion.Subtree(bastion.SupervisorSpec{Name: "t", Children: []bastion.ChildSpec{far}})}
	_, err = sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{far, sub}})
	wantFaults(t, err, "Children[0].Placement.Node: this machine has no node 4711", "Children[1].Start.Children[0].Placement.Node: this machine")
	_, err = sys.Root().Add(context.Background(), far)
	wantFaults(t, err, "Placement.Node: this machine has no node 4711")
}

func TestE4_SystemConfigFaultsNameTheField(t *testing.T) {
	_, err := bastion.New(bastion.Config{Workers: 3, Topology: topology.Flat(2), Affinity: executor.AffinityCore})
	wantFaults(t, err, "Workers: 3 are more than the CPUs to pin them to")
	_, err = bastion.New(bastion.Config{Topology: &topology.Topology{}})
	wantFaults(t, err, "Topology: topology: CPUs: empty")
	_, err = bastion.New(bastion.Config{Affinity: 99})
	wantFaults(t, err, "Affinity: 99 is none")
}

// What could not be read is said once, in an event and in the log.
func TestE4_FlatMachineIsReportedOnce(t *testing.T) {
	m := topology.Flat(2)
	m.Notes = []topology.Note{{Path: "sys/devices/system/cpu/online", Problem: "is not there", Assumed: "a flat machine"}}
	sys, err := bastion.New(bastion.Config{Topology: m, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	events := sys.Events(0)
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	told := 0
	for e := range events.C() {
		if e.Kind == bastion.EventFlat {
			told++
			if want := "the machine is taken for flat: /sys/devices/system/cpu/online is not there; assumed: a flat machine"; e.Text != want {
				t.Errorf("it says %q", e.Text)
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// A system finds out about its machine by itself, and says how its workers are tied to it.
func TestE4_SystemReadsItsMachine(t *testing.T) {
	sys := bare(t)
	look := sys.Inspector()
	if m := look.Topology(); m == nil || len(m.CPUs) == 0 || m.Validate() != nil {
		t.Errorf("%+v", m)
	}
	if s := look.Workers(); s.Affinity != executor.AffinityFollow || s.Unpinned != nil {
		t.Errorf("%v, %v", s.Affinity, s.Unpinned)
	}
}
