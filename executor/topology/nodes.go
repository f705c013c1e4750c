package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func nodeFile(id int, name string) string { return nodeDir + "/node" + strconv.Itoa(id) + "/" + name }

// nodes fills in Nodes, and CPU.Node. mems are the nodes whose memory this process may use, nil: all. A node is left
// out when neither its CPUs nor its memory are for us.
func (r *reader) nodes(t *Topology, mems []int) {
	online := r.onlineNodes()
	if len(online) == 0 {
		t.Nodes = []Node{{Memory: r.memory("proc/meminfo"), Distance: []int{10}}}
	}
	owner := map[int]int{} // CPU.ID -> Node.ID
	for _, id := range online {
		n := Node{ID: id, CPUs: r.nodeCPUs(id, owner), Memory: r.memory(nodeFile(id, "meminfo"))}
		n.CPUs = slices.DeleteFunc(n.CPUs, func(cpu int) bool { return !t.has(cpu) })
		if ours := mems == nil || slices.Contains(mems, id); len(n.CPUs) > 0 || ours && n.Memory > 0 {
			t.Nodes = append(t.Nodes, n)
		}
	}
	if len(t.Nodes) == 0 { // nodes without CPUs or memory
		r.note(nodeDir, "describes only empty memory nodes", "one memory node")
		t.Nodes, online = []Node{{Memory: r.memory("proc/meminfo"), Distance: []int{10}}}, nil
	}
	for i := range t.CPUs {
		node, ok := owner[t.CPUs[i].ID]
		if !ok {
			node = r.homeless(t, t.CPUs[i], owner, len(online) > 0)
		}
		t.CPUs[i].Node = node
	}
	if len(online) > 0 {
		r.distances(t, online)
	}
}

// onlineNodes returns the numbers of the memory nodes; none if the kernel does not describe any, as one built without
// NUMA does not.
func (r *reader) onlineNodes() []int {
	file := nodeDir + "/online"
	text, err := r.text(file)
	if err == nil {
		var online []int
		if online, err = parseList(text); err == nil {
			return online
		}
	}
	online := r.numbered(nodeDir, "node")
	if len(online) > 0 {
		r.note(file, problem(err), "every memory node is online that has a folder")
	} else {
		r.note(file, problem(err), "one memory node")
	}
	return online
}

// nodeCPUs returns the CPUs of a node, and enters them into owner.
func (r *reader) nodeCPUs(id int, owner map[int]int) []int {
	file := nodeFile(id, "cpulist")
	text, err := r.text(file)
	var list []int
	if err == nil {
		list, err = ParseCPUs(text) // none: a node of memory only
	}
	if err != nil {
		r.note(file, problem(err), "such memory nodes have no CPUs of their own")
	}
	var own []int
	for _, cpu := range list {
		if other, ok := owner[cpu]; ok {
			r.note(file, fmt.Sprintf("claims CPU %d, which node %d has claimed", cpu, other), "a CPU belongs to the first node that claims it")
			continue
		}
		owner[cpu] = id
		own = append(own, cpu)
	}
	return own
}

// homeless finds a node for a CPU that is in none: that of its package's other CPUs, or else the first one.
func (r *reader) homeless(t *Topology, c CPU, owner map[int]int, odd bool) int {
	node := t.Nodes[0].ID
	for _, other := range t.CPUs {
		if home, ok := owner[other.ID]; ok && other.Package == c.Package {
			node = home
			break
		}
	}
	if odd {
		r.note(strings.TrimSuffix(cpuFile(c.ID, ""), "/"), "is in no memory node", "such a CPU is on its package's node, or else on the first one")
	}
	i := slices.IndexFunc(t.Nodes, func(n Node) bool { return n.ID == node })
	at, _ := slices.BinarySearch(t.Nodes[i].CPUs, c.ID)
	t.Nodes[i].CPUs = slices.Insert(t.Nodes[i].CPUs, at, c.ID)
	return node
}

// distances fills in Node.Distance. A row has one figure for each node that is online. One bad row spoils all: an
// order made of half a table would be worse than none.
func (r *reader) distances(t *Topology, online []int) {
	rows := make([][]int, len(t.Nodes))
	for i, n := range t.Nodes {
		file := nodeFile(n.ID, "distance")
		text, err := r.text(file)
		var all []int
		if err == nil {
			all, err = parseDistances(text, len(online))
		}
		if err == nil {
			if own, least := all[slices.Index(online, n.ID)], slices.Min(all); own > least {
				err = fmt.Errorf("says that another node is nearer (%d) than its own memory (%d)", least, own)
			}
		}
		if err != nil {
			r.note(file, problem(err), "all other memory nodes are equally far")
			return
		}
		for _, other := range t.Nodes {
			rows[i] = append(rows[i], all[slices.Index(online, other.ID)])
		}
	}
	for i := range rows {
		t.Nodes[i].Distance = rows[i]
	}
}
