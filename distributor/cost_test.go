package distributor_test

import (
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
)

// strategies are those whose tells are counted, over 8 members.
func strategies() map[string]distributor.Strategy {
	return map[string]distributor.Strategy{
		"RoundRobin":     new(distributor.RoundRobin),
		"Random":         distributor.Random{},
		"LeastMailbox":   distributor.LeastMailbox{},
		"TwoChoices":     distributor.TwoChoices{},
		"ConsistentHash": distributor.ConsistentHash{Key: constant},
		"Sticky":         &distributor.Sticky{Key: constant},
	}
}

func constant(any) uint64 { return 7 }

// idler does nothing with its messages.
func idler() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(*bastion.Context, any) error { return nil })
	})
}

// TestAlloc_TellOne: choosing allocates nothing. The message was boxed before, and the mailbox's nodes come back.
func TestAlloc_TellOne(t *testing.T) {
	var msg any = "a message"
	sys, sup := up(t, bastion.ChildSpec{Name: "workers", Count: 8, Start: idler()})
	first := sup.Group("workers").Member(0)
	for name, s := range strategies() {
		d := over(sys, sup, s)
		tell := func() {
			for range 64 {
				_ = d.TellOne(outside, msg)
			}
		}
		tell()
		plain := testing.AllocsPerRun(50, func() {
			for range 64 {
				_ = first.Tell(outside, msg)
			}
		})
		if n := testing.AllocsPerRun(50, tell); n > plain+16 { // what the executor and the mailbox need now and then
			t.Errorf("%s: %v allocations for 64 tells, plain %v", name, n, plain)
		}
	}
}

// BenchmarkTellOne is to be read beside its first line, Ref.Tell, of the same run.
func BenchmarkTellOne(b *testing.B) {
	var msg any = "a message"
	sys, sup := up(b, bastion.ChildSpec{Name: "workers", Count: 8, Start: idler()})
	members := sup.Group("workers").Members()
	b.Run("Ref.Tell", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			_ = members[i&7].Tell(outside, msg)
		}
	})
	b.Run("Ref.Tell to anyone", func(b *testing.B) { // which wakes more workers
		b.ReportAllocs()
		for range b.N {
			_ = members[sys.Random(8)].Tell(outside, msg)
		}
	})
	for name, s := range strategies() {
		d := over(sys, sup, s)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				_ = d.TellOne(outside, msg)
			}
		})
	}
}
