package bastion

// Serving are references to the members that serve, in the order of their numbers:
// not one that was told to stop and drains what it has, nor one whose start Spawn
// still waits for. A member that is between two incarnations serves: what it is
// told waits for the next. For whoever spreads work over a group; see Edition.
func (g *Group) Serving() []Ref {
	if g.nobody() {
		return nil
	}
	g.g.mu.RLock()
	defer g.g.mu.RUnlock()
	refs := make([]Ref, 0, len(g.g.members)-len(g.g.free))
	for _, p := range g.g.members {
		if p != nil && !p.apart {
			refs = append(refs, Ref{p})
		}
	}
	return refs
}

// Edition is a number that changes after every change of who serves, so that
// whoever keeps what Serving returned knows when to ask again: what Serving returns
// is at least as new as the Edition read before. Reading it takes no lock. 0: nobody.
func (g *Group) Edition() uint64 {
	if g.nobody() {
		return 0
	}
	return g.g.edition.Load()
}

// setApart says whether a member stands apart from those that serve. Agenda only.
func (g *group) setApart(p *process, apart bool) {
	if p.apart == apart {
		return
	}
	g.mu.Lock()
	p.apart = apart
	g.edition.Add(1)
	g.mu.Unlock()
}
