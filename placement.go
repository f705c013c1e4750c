package bastion

import (
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
)

// A PlacementPolicy says which memory node a handler process belongs to.
type PlacementPolicy uint8

const (
	// PlaceFree: to none. A process runs where its sender is, or, when it is told
	// something from outside, where it ran last.
	PlaceFree PlacementPolicy = iota
	// PlaceSpread: the members of a group to one node after the other, by number.
	PlaceSpread
	// PlacePack: all members to one node; each such group to the next one.
	PlacePack
	// PlaceNear: to the node where the process with the path Placement.Near ran last.
	PlaceNear
	// PlaceOnNode: to Placement.Node.
	PlaceOnNode
)

func (p PlacementPolicy) String() string {
	return pick(int(p), "free", "spread", "pack", "near", "on node")
}

// A Placement says on which memory node of the machine a handler, or the members
// of a group of handlers, belong. There they wait for a worker whenever they become
// ready, whoever woke them. It is a preference (contract E1): a worker of another
// node takes what waits there if it would be idle otherwise, and gives the process
// back when its slice has ended. On a machine with one node, and where nothing is
// known of the nodes, it has no effect. The zero value is PlaceFree.
type Placement struct {
	Policy PlacementPolicy
	// Node is the operating system's number of a node that this program may use; for
	// PlaceOnNode. A node without workers, of memory only or in a small system, stands
	// for the nearest one with some.
	Node int
	// Near is the path of a handler, for PlaceNear. It is looked up when a member
	// starts; while there is no such process, and before it ran, members are free.
	Near string
}

func checkPlacement(c *ChildSpec, f *faults) {
	f.under("Placement.", func() {
		switch p := &c.Placement; {
		case p.Policy > PlaceOnNode:
			f.add("Policy", "unknown policy %d", p.Policy)
		case p.Policy != PlaceFree && !c.Start.zero() && c.Start.factory == nil:
			f.add("Policy", "is for handlers; where a loop's goroutine runs is for Go's scheduler to say")
		case p.Policy == PlaceNear && p.Near == "":
			f.add("Near", "is missing; it is the path of a process")
		case p.Policy != PlaceNear && p.Near != "":
			f.add("Near", "is for PlaceNear, but Policy is %v", p.Policy)
		case p.Node < 0:
			f.add("Node", "must not be negative, is %d", p.Node)
		case p.Policy != PlaceOnNode && p.Node != 0:
			f.add("Node", "is for PlaceOnNode, but Policy is %v", p.Policy)
		case p.Policy == PlaceOnNode && f.serves != nil && !f.serves(p.Node):
			f.add("Node", "this machine has no node %d", p.Node)
		}
	})
}

// serves reports whether the machine has a memory node.
func (s *Supervisor) serves(node int) bool {
	if s.nobody() {
		return true // the order will say what is wrong
	}
	_, ok := s.s.sys.exec.Serving(node)
	return ok
}

// A home is where the processes of a plan belong; nil: nowhere.
type home struct {
	Placement
	nodes []int // those that have workers, of which there are several
	one   int   // PlacePack, PlaceOnNode: the plan's
	// named is the process that Near names. Whoever starts a member looks it up and
	// writes it, once; all read.
	named atomic.Pointer[process]
}

func (s *System) newHome(p Placement) *home {
	if p.Policy == PlaceFree {
		return nil
	}
	h := &home{Placement: p, nodes: s.exec.Nodes()}
	switch {
	case len(h.nodes) < 2:
		return nil
	case p.Policy == PlacePack:
		h.one = h.nodes[int(s.packs.Add(1)-1)%len(h.nodes)]
	case p.Policy == PlaceOnNode:
		h.one, _ = s.exec.Serving(p.Node)
	}
	return h
}

// find looks for the process that Near names. Not under a lock of the tree.
func (h *home) find(s *System) {
	if h == nil || h.Policy != PlaceNear || h.named.Load() != nil {
		return
	}
	if r, err := s.Lookup(h.Near); err == nil {
		h.named.Store(r.p)
	}
}

// node is where p belongs at present; -1: nowhere.
func (h *home) node(p *process) int {
	switch h.Policy {
	case PlaceSpread:
		return h.nodes[int(p.index)%len(h.nodes)]
	case PlacePack, PlaceOnNode:
		return h.one
	}
	if named := h.named.Load(); named != nil {
		if w := named.lastWorker(); w != nil {
			return w.Node()
		}
	}
	return -1
}

// lastWorker is the one that ran this incarnation last; nil: none did.
func (p *process) lastWorker() *executor.Worker {
	if c := p.ctx.Load(); c != nil {
		return c.w.Load()
	}
	return nil
}

// submit queues a process for which the caller has no worker: where it ran last
// (contract E3).
func (p *process) submit() {
	exec := p.sys().exec
	if exec.Spread() {
		if w := p.lastWorker(); w != nil {
			exec.SubmitNear(&p.task, w)
			return
		}
	}
	exec.Submit(&p.task)
}

// submitHome queues a process of a plan with a home. w is the caller's worker, if it
// is one.
func (p *process) submitHome(w *executor.Worker) {
	node := p.plan.home.node(p)
	switch last := p.lastWorker(); {
	case w != nil && (node < 0 || w.Node() == node):
		w.Submit(&p.task)
	case node < 0:
		p.submit()
	case last != nil && last.Node() == node:
		p.sys().exec.SubmitNear(&p.task, last)
	case !p.sys().exec.SubmitOn(&p.task, node):
		p.submit()
	}
}

// astray reports whether a process with a home is being run by somebody from
// elsewhere, who should give it back when its slice ends.
func (p *process) astray(w *executor.Worker) bool {
	h := p.plan.home
	if h == nil {
		return false
	}
	node := h.node(p)
	return node >= 0 && node != w.Node()
}
