package topology

// Reach says what is the nearest thing that two workers share.
type Reach uint8

// The reaches, the near before the far.
const (
	ReachCore   Reach = iota // a core, of which they are hardware threads
	ReachCache               // the last cache and the memory node: they are of one domain
	ReachNode                // the memory node
	ReachRemote              // nothing but the machine
)

// Reaches is how many of them there are.
const Reaches = 4

// String is "core", "cache", "node" or "remote".
func (r Reach) String() string {
	if int(r) >= Reaches {
		return "unknown"
	}
	return [Reaches]string{"core", "cache", "node", "remote"}[r]
}

// Reach returns how far workers a and b, of those that were placed, are from one another.
func (p *Placement) Reach(a, b int) Reach {
	switch from, to := p.Domain[a], p.Domain[b]; {
	case p.core[p.CPU[a]] == p.core[p.CPU[b]]:
		return ReachCore
	case from == to:
		return ReachCache
	case p.Domains[from].Node == p.Domains[to].Node:
		return ReachNode
	}
	return ReachRemote
}
