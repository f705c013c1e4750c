package numatest

import (
	"fmt"
	"strings"

	"github.com/bastion-go/bastion/executor/topology"
)

// checks are what is looked at in each machine, in this order.
var checks = []check{
	{"topology", checkTopology},
	{"places", checkPlaces},
	{"pairs", checkPairs},
	{"theft", checkTheft},
	{"processes", checkProcesses},
	{"homes", checkHomes},
	{"offline", checkOffline},
	{"cost", checkCost},
	{"refusal", checkRefusal},
}

// checkTopology: E4: what is read is what qemu was told.
func checkTopology(g *guest) {
	t := topology.Local()
	for _, n := range t.Notes {
		if !strings.Contains(n.Path, "cgroup") { // this kernel's only program is in no group
			g.errorf("%v", n)
		}
	}
	if t.Origin != "sysfs" || len(t.CPUs) != g.nodes*g.cpus || len(t.Packages) != g.nodes || len(t.Cores)*g.threads != len(t.CPUs) {
		g.errorf("%s, %d CPUs, %d packages, %d cores", t.Origin, len(t.CPUs), len(t.Packages), len(t.Cores))
	}
	if len(t.Nodes) != g.nodes+g.memory {
		g.errorf("%d nodes", len(t.Nodes))
		return
	}
	for i, n := range t.Nodes {
		if want := g.distance[i]; fmt.Sprint(n.Distance) != fmt.Sprint(want) {
			g.errorf("node %d: distances %v instead of %v", i, n.Distance, want)
		}
		if i >= g.nodes && len(n.CPUs) > 0 || i < g.nodes && len(n.CPUs) != g.cpus {
			g.errorf("node %d: CPUs %v", i, n.CPUs)
		}
		if n.Memory == 0 {
			g.errorf("node %d: no memory", i)
		}
	}
	for _, c := range t.CPUs {
		if c.Node != g.nodeOf(c.ID) {
			g.errorf("CPU %d is on node %d", c.ID, c.Node)
		}
	}
	if p := topology.Place(t, len(t.CPUs)); len(p.Domains) != g.nodes {
		g.errorf("%d domains", len(p.Domains))
	}
}
