package numatest

import (
	"context"
	"strconv"

	"github.com/bastion-go/bastion"
)

// token goes to and fro between two processes.
type token struct {
	pair [2]bastion.Ref
	left int
	node int // where it was sent
	done chan struct{}
}

// player sends a token on, and counts: the messages that stayed on their node, and, as placed, those that were handled
// on the node where the player belongs.
type player struct {
	g    *guest
	h    *hops
	node int // where it belongs
}

func (p *player) Receive(ctx *bastion.Context, msg any) error {
	t := msg.(*token)
	here := p.g.nodeOf(cpu())
	p.h.all.Add(1)
	if here == t.node {
		p.h.inside.Add(1)
	}
	if here == p.node {
		p.h.placed.Add(1)
	}
	if t.left--; t.left == 0 {
		close(t.done)
		return nil
	}
	t.node = here
	return t.pair[t.left%2].Tell(ctx, t)
}

// pairs is how many a group has: enough for every worker to have something to do.
const pairs = 32

// play runs a system of groups with these placements, in each of which pairs of members send each other a token.
func (g *guest) play(cfg bastion.Config, rounds int, places ...bastion.Placement) *hops {
	var h hops
	spec := bastion.SupervisorSpec{Name: "play"}
	for i, place := range places {
		p := player{g, &h, place.Node}
		spec.Children = append(spec.Children, bastion.ChildSpec{
			Name: strconv.Itoa(i), Count: 2 * pairs, Placement: place,
			Start: bastion.Handle(func() bastion.Receiver { return &p }),
		})
	}
	sys, err := bastion.New(cfg)
	g.must(err)
	sup, err := sys.Supervise(spec)
	g.must(err)
	ctx := context.Background()
	g.must(sys.Start(ctx))
	var tokens []*token
	for i := range places {
		group := sup.Group(strconv.Itoa(i))
		for j := range pairs {
			t := &token{pair: [2]bastion.Ref{group.Member(j), group.Member(pairs + j)}, left: rounds, done: make(chan struct{})}
			tokens = append(tokens, t)
			g.must(t.pair[0].Tell(ctx, t))
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

// must is for what cannot go wrong.
func (g *guest) must(err error) {
	if err != nil {
		panic(err)
	}
}

// checkProcesses: P14: with nothing configured, processes that talk with one another stay on one node.
func checkProcesses(g *guest) {
	h := g.play(bastion.Config{}, 10_000, bastion.Placement{})
	g.logf("%.2f %% of %d messages stayed on their node", h.percent(), h.all.Load())
	if h.percent() < 95 {
		g.errorf("only %.2f %% of %d messages stayed on their node", h.percent(), h.all.Load())
	}
}

// checkHomes: E3: groups that belong on a node run there: what others took, when they had nothing else to do, they give
// back.
func checkHomes(g *guest) {
	for _, a := range affinities {
		var places []bastion.Placement
		for node := range g.nodes {
			places = append(places, bastion.Placement{Policy: bastion.PlaceOnNode, Node: node})
		}
		h := g.play(bastion.Config{Affinity: a}, 2_000, places...)
		at := 100 * float64(h.placed.Load()) / float64(h.all.Load())
		g.logf("%v: %.0f %% of %d messages were handled where their receivers belong", a, at, h.all.Load())
		if chance := 100 / float64(g.nodes); at < chance+(100-chance)/5 {
			g.errorf("%v: only %.0f %% of %d messages were handled where their receivers belong", a, at, h.all.Load())
		}
	}
}
