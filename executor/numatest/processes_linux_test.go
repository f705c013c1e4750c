package numatest

import (
	"context"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// token goes to and fro between two processes.
type token struct {
	to   bastion.Ref
	left int
	node int // where it was sent
	h    *hops
	done chan struct{}
}

// player sends a token back to where it came from.
type player struct {
	g    *guest
	home *hops // counts where it ran, if it has a home
	node int
}

func (p *player) Receive(ctx *bastion.Context, msg any) error {
	t := msg.(*token)
	here := p.g.nodeOf(cpu())
	t.h.all.Add(1)
	if here == t.node {
		t.h.inside.Add(1)
	}
	if p.home != nil {
		p.home.all.Add(1)
		if here == p.node {
			p.home.inside.Add(1)
		}
	}
	if t.left--; t.left == 0 {
		close(t.done)
		return nil
	}
	back := t.to
	t.to, t.node = ctx.Self(), here
	return back.Tell(ctx, t)
}

// play runs a system of two groups, and sends a token between each two members of the same number.
func (g *guest) play(cfg bastion.Config, a, b bastion.ChildSpec, rounds int) *hops {
	sys, err := bastion.New(cfg)
	if err != nil {
		panic(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "play", Children: []bastion.ChildSpec{a, b}})
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if err := sys.Start(ctx); err != nil {
		panic(err)
	}
	var h hops
	var tokens []*token
	for i := range a.Count {
		t := &token{to: sup.Group(b.Name).Member(i), left: rounds, h: &h, done: make(chan struct{})}
		tokens = append(tokens, t)
		if err := sup.Group(a.Name).Member(i).Tell(ctx, t); err != nil {
			panic(err)
		}
	}
	for _, t := range tokens {
		<-t.done
	}
	if err := sys.Stop(ctx); err != nil {
		g.logf("stop: %v", err) // what is slow is taken for blocked
	}
	if books := sys.Inspector().Books(); !books.Balanced() {
		g.errorf("books: %+v", books)
	}
	return &h
}

func (g *guest) players(name string, p player, place bastion.Placement) bastion.ChildSpec {
	return bastion.ChildSpec{Name: name, Count: 32, Placement: place,
		Start: bastion.Handle(func() bastion.Receiver { return &player{g, p.home, p.node} })}
}

// checkProcesses: P14: with nothing configured, pairs of processes stay on one node.
func checkProcesses(g *guest) {
	h := g.play(bastion.Config{}, g.players("a", player{}, bastion.Placement{}), g.players("b", player{}, bastion.Placement{}), 10_000)
	g.logf("%.2f %% of %d messages stayed on their node", h.percent(), h.all.Load())
	if h.percent() < 95 {
		g.errorf("only %.2f %% of %d messages stayed on their node", h.percent(), h.all.Load())
	}
}

// checkHomes: E3: a group that belongs on a node runs there more than elsewhere, whoever sends to it, and although
// workers of other nodes help out when they have nothing else to do.
func checkHomes(g *guest) {
	var home hops
	last := g.nodes - 1
	there := g.players("there", player{home: &home, node: last}, bastion.Placement{Policy: bastion.PlaceOnNode, Node: last})
	everywhere := g.players("everywhere", player{}, bastion.Placement{Policy: bastion.PlaceSpread})
	_ = g.play(bastion.Config{Affinity: executor.AffinityNode}, everywhere, there, 2_000)
	g.logf("%.0f %% of %d messages for a group on node %d were handled there", home.percent(), home.all.Load(), last)
	if chance := 100 / float64(g.nodes); home.percent() < 1.4*chance {
		g.errorf("only %.0f %% of %d messages for a group on node %d were handled there", home.percent(), home.all.Load(), last)
	}
}
