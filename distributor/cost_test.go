package distributor_test

import (
	"runtime"
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

// TestAlloc_TellOne: choosing allocates nothing. The message was boxed before, and the mailboxes' nodes come back when
// what was sent is handled, which each round waits for.
func TestAlloc_TellOne(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	var msg any = "a message"
	sys, sup := up(t, bastion.ChildSpec{Name: "workers", Count: 8, Start: idler()})
	members := sup.Group("workers").Members()
	round := func(tell func() error) func() {
		return func() {
			for range 64 {
				_ = tell()
			}
			for _, m := range members {
				for m.Load(0).Backlog() > 0 {
					runtime.Gosched()
				}
			}
		}
	}
	plain := testing.AllocsPerRun(200, round(func() error { return members[0].Tell(outside, msg) }))
	for name, s := range strategies() {
		d := over(sys, sup, s)
		tell := round(func() error { return d.TellOne(outside, msg) })
		tell()
		if n := testing.AllocsPerRun(200, tell); n > plain+8 { // what the executor needs now and then
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
