package bastion

// A Child is an entry in a supervisor's list of children: what it is, and the
// reference to it, which is one of three.
type Child struct {
	Name        string
	Path        string
	Kind        NodeKind
	State       NodeState   // when it was read
	Restart     RestartType // of its spec
	Significant bool        // likewise

	Ref        Ref         // of a process; zero for the others
	Group      *Group      // of a group
	Supervisor *Supervisor // of a subtree
}

// Counts are what OTP counts of a supervisor's children.
type Counts struct {
	Specs       int // children, running or not
	Active      int // those of them that run
	Supervisors int // subtrees and groups among Specs
	Workers     int // processes among Specs; of a group: its members
}

// Children lists the supervisor's own children in start order, as they are at this
// moment.
func (s *Supervisor) Children() []Child {
	var out []Child
	for _, c := range s.visible() {
		out = append(out, c.entry())
	}
	return out
}

// Count counts the supervisor's own children.
func (s *Supervisor) Count() Counts {
	var n Counts
	for _, c := range s.visible() {
		n.Specs++
		if c.proc != nil {
			n.Workers++
		} else {
			n.Supervisors++
		}
		if c.lives() {
			n.Active++
		}
	}
	return n
}

// Count counts the group's members. As OTP's simple-one-for-one it has one spec.
func (g *Group) Count() Counts {
	n := Counts{Specs: 1}
	for _, r := range g.Members() {
		n.Workers++
		if r.p.lives() {
			n.Active++
		}
	}
	if g.nobody() {
		n.Specs = 0
	}
	return n
}

func (s *Supervisor) visible() []*child {
	if s.nobody() {
		return nil
	}
	s.s.mu.RLock()
	defer s.s.mu.RUnlock()
	return s.s.children.visible()
}

func (c *child) entry() Child {
	t := c.plan.terms()
	e := Child{Name: c.name, Path: c.path(), Restart: t.Restart, Significant: t.Significant}
	switch {
	case c.proc != nil:
		e.Kind, e.State, e.Ref = c.proc.kind(), c.proc.stateOf(c.proc.state.load()), Ref{c.proc}
	case c.group != nil:
		e.Kind, e.State, e.Group = KindGroup, c.group.state(), &Group{c.group}
	default:
		e.Kind, e.State, e.Supervisor = KindSupervisor, c.super.state(), &Supervisor{c.super}
	}
	return e
}

// lives reports whether the child runs: not between two lives, not down.
func (c *child) lives() bool {
	switch {
	case c.proc != nil:
		return c.proc.lives()
	case c.group != nil:
		return c.group.state().lives()
	}
	return c.super.state().lives()
}

func (s NodeState) lives() bool { return s == StateStarting || s == StateRunning || s == StateStopping }

func (p *process) lives() bool { return phaseOf(p.state.load()) != phaseDown }
