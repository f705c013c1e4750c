package bastion

import (
	"context"
	"fmt"
	"testing"

	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/executor/topology"
)

// threeNodes is a machine of three memory nodes with two CPUs each.
func threeNodes() *topology.Topology {
	t := &topology.Topology{Origin: "test", Packages: []topology.Package{{}}}
	for n := range 3 {
		node := topology.Node{ID: n, Distance: []int{20, 20, 20}}
		node.Distance[n] = 10
		for cpu := 2 * n; cpu < 2*n+2; cpu++ {
			t.CPUs = append(t.CPUs, topology.CPU{ID: cpu, Core: cpu, Node: n})
			t.Cores = append(t.Cores, topology.Core{ID: cpu, CPUs: []int{cpu}})
			node.CPUs = append(node.CPUs, cpu)
		}
		t.Nodes = append(t.Nodes, node)
	}
	return t
}

type sink struct{}

func (sink) Receive(*Context, any) error { return nil }

func sinks(name string, p Placement, count int) ChildSpec {
	return ChildSpec{Name: name, Start: Handle(func() Receiver { return sink{} }), Count: count, Placement: p}
}

// homes are the nodes where the members of a group belong.
func homes(sys *System, group string) string {
	var nodes []int
	at, err := sys.find(group, group[1:])
	if err != nil {
		return err.Error()
	}
	for _, p := range at.group.members {
		if p.plan.home == nil {
			return "none"
		}
		nodes = append(nodes, p.plan.home.node(p))
	}
	return fmt.Sprint(nodes)
}

func TestE3_MembersBelongWhereTheirGroupSays(t *testing.T) {
	for workers, want := range map[int]map[string]string{
		6: {"free": "none", "spread": "[0 1 2 0 1]", "one": "[0 0]", "other": "[1 1]", "on": "[2]"},
		// Two workers are on two of the nodes: what belongs to the third is served from the first.
		2: {"free": "none", "spread": "[0 1 0 1 0]", "one": "[0 0]", "other": "[1 1]", "on": "[0]"},
		1: {"free": "none", "spread": "none", "one": "none", "other": "none", "on": "none"},
	} {
		sys, err := New(Config{Workers: workers, Topology: threeNodes()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sys.Supervise(SupervisorSpec{Name: "s", Children: []ChildSpec{
			sinks("free", Placement{}, 2),
			sinks("spread", Placement{Policy: PlaceSpread}, 5),
			sinks("one", Placement{Policy: PlacePack}, 2),
			sinks("other", Placement{Policy: PlacePack}, 2),
			sinks("on", Placement{Policy: PlaceOnNode, Node: 2}, 1),
		}}); err != nil {
			t.Fatal(err)
		}
		for group, nodes := range want {
			if got := homes(sys, "/bastion/s/"+group); got != nodes {
				t.Errorf("%d workers: %s belongs on %s, want %s", workers, group, got, nodes)
			}
		}
		_ = sys.Stop(context.Background())
	}
}

// A member that is near another follows it, and is free before that has run and while it is not there.
func TestE3_NearFollowsTheNamedProcess(t *testing.T) {
	sys, err := New(Config{Workers: 6, Topology: threeNodes()})
	if err != nil {
		t.Fatal(err)
	}
	sup, err := sys.Supervise(SupervisorSpec{Name: "s", Children: []ChildSpec{
		sinks("lead", Placement{Policy: PlaceOnNode, Node: 1}, 0),
		sinks("near", Placement{Policy: PlaceNear, Near: "/bastion/s/lead"}, 2),
		sinks("lost", Placement{Policy: PlaceNear, Near: "/bastion/s/nobody"}, 1),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := homes(sys, "/bastion/s/near"); got != "[-1 -1]" {
		t.Errorf("before the start: %s", got)
	}
	if err := sys.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	lead := sup.Child("lead").p.lastWorker()
	if lead == nil {
		t.Fatal("it has started and never ran")
	}
	// Nobody tells lead anything, so it stays with that worker; but the worker itself may move.
	if got := sup.Group("near").g.members[1]; got.plan.home.named.Load() != sup.Child("lead").p || got.plan.home.node(got) < 0 {
		t.Error("it does not know whom to follow")
	}
	if got := homes(sys, "/bastion/s/lost"); got != "[-1]" {
		t.Errorf("a process that is not there: %s", got)
	}
	if err := sys.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A process that is told something by a worker elsewhere is queued on its own node, and its slice there is not astray.
func TestE3_HomedProcessIsQueuedOnItsNode(t *testing.T) {
	sys, err := New(Config{Workers: 6, Topology: threeNodes()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = sys.Supervise(SupervisorSpec{Name: "s", Children: []ChildSpec{sinks("on", Placement{Policy: PlaceOnNode, Node: 2}, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	at, err := sys.find("/bastion/s/on/0", "bastion/s/on/0")
	if err != nil {
		t.Fatal(err)
	}
	var workers []*executor.Worker
	sys.exec.EachWorker(func(w *executor.Worker) { workers = append(workers, w) })
	if !at.proc.plan.routed || !at.proc.astray(workers[0]) { // which never ran: it is nowhere
		t.Error("a worker that is not on the node would keep it")
	}
	_ = sys.Stop(context.Background())
}
