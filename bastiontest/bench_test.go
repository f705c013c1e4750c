package bastiontest

import (
	"testing"

	"github.com/bastion-go/bastion"
)

// city is a tree of twenty processes that pass a thousand messages on among each other.
func city(s *Sim) {
	const rings, size, messages = 4, 5, 1000
	var refs []bastion.Ref
	handled := 0
	start := handle(func(ctx *bastion.Context, msg any) error {
		handled++
		if left := msg.(int); left > 0 {
			return refs[(left*7+ctx.Index())%len(refs)].Tell(ctx, left-1)
		}
		return nil
	})
	spec := bastion.SupervisorSpec{Name: "city"}
	for range rings {
		street := bastion.SupervisorSpec{}
		for range size {
			street.Children = append(street.Children, bastion.ChildSpec{Start: start})
		}
		spec.Children = append(spec.Children, bastion.ChildSpec{Start: bastion.Subtree(street)})
	}
	sys := s.New(bastion.Config{})
	top, err := sys.Supervise(spec)
	if err != nil {
		s.Fatal(err)
	}
	if err := sys.Start(s.Context()); err != nil {
		s.Fatal(err)
	}
	for _, street := range top.Children() {
		for _, house := range street.Supervisor.Children() {
			refs = append(refs, house.Ref)
		}
	}
	for range 20 {
		_ = refs[0].Tell(s.Context(), messages/20-1)
	}
	s.Until("the messages", func() bool { return handled == messages })
}

// BenchmarkSeeds is one run of a tree of twenty processes with a thousand messages.
func BenchmarkSeeds(b *testing.B) {
	for _, st := range []Strategy{Mixed{}, Random{}, PCT{}, DelayBounded{}} {
		b.Run(st.String(), func(b *testing.B) { Options{Seeds: b.N, Strategy: st}.Run(b, city) })
	}
}
