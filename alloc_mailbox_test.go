package bastion_test

import (
	"context"
	"testing"

	"github.com/bastion-go/bastion"
)

// allocSink starts a process with that mailbox, which lets the test know of every portion it got.
func allocSink(t *testing.T, portion int, m bastion.Mailbox) (bastion.Ref, chan struct{}) {
	t.Helper()
	done := make(chan struct{}, 1)
	got := 0
	r := rigOf(t, bastion.ChildSpec{Name: "a", Mailbox: m, Start: bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(*bastion.Context, any) error {
			if got++; got%portion == 0 {
				done <- struct{}{}
			}
			return nil
		})
	})})
	return r.child("a"), done
}

// What waits in a store is kept in items that are used again: a send allocates nothing, with any order of our own.
func TestAllocsMailbox(t *testing.T) {
	const portion = 50
	for name, m := range map[string]bastion.Mailbox{
		"bound":    {Bound: portion},
		"wait":     {Bound: portion, Full: bastion.WaitForRoom},
		"oldest":   {Bound: portion, Full: bastion.DropOldest},
		"priority": {Bound: portion, Priority: func(any) int { return 1 }},
		"fair":     {Bound: portion, Fair: true},
		"TTL":      {Bound: portion, TTL: 1 << 60},
	} {
		t.Run(name, func(t *testing.T) {
			to, done := allocSink(t, portion, m)
			token := new(allocToken)
			allocsEach(t, 0, func(n int) {
				for range n / portion {
					for range portion {
						if err := to.Tell(context.Background(), token); err != nil {
							t.Fatal(err)
						}
					}
					<-done
				}
			})
		})
	}
}

// BenchmarkMailbox sends one way, beside a buffered channel whose receiver is a goroutine.
func BenchmarkMailbox(b *testing.B) {
	const bound = 1024
	run := func(m bastion.Mailbox) func(b *testing.B) {
		return func(b *testing.B) {
			done := make(chan struct{})
			got, want := 0, b.N
			sys, err := bastion.New(bastion.Config{})
			if err != nil {
				b.Fatal(err)
			}
			sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Name: "a", Mailbox: m, Start: bastion.Handle(func() bastion.Receiver {
				return bastion.ReceiverFunc(func(*bastion.Context, any) error {
					if got++; got == want {
						close(done)
					}
					return nil
				})
			})}}})
			if err != nil {
				b.Fatal(err)
			}
			if err := sys.Start(context.Background()); err != nil {
				b.Fatal(err)
			}
			to, token := sup.Child("a"), new(allocToken)
			b.ResetTimer()
			for range b.N {
				if err := to.Tell(context.Background(), token); err != nil {
					b.Fatal(err)
				}
			}
			<-done
			b.StopTimer()
			if err := sys.Stop(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("channel", func(b *testing.B) {
		c, done := make(chan any, bound), make(chan struct{})
		go func() {
			defer close(done)
			for range c {
			}
		}()
		token := new(allocToken)
		for range b.N {
			c <- token
		}
		close(c)
		<-done
	})
	b.Run("unbounded", run(bastion.Mailbox{}))
	b.Run("bounded", run(bastion.Mailbox{Bound: bound, Full: bastion.WaitForRoom}))
	b.Run("priority", run(bastion.Mailbox{Bound: bound, Full: bastion.WaitForRoom, Priority: func(any) int { return 0 }}))
	b.Run("fair", run(bastion.Mailbox{Bound: bound, Full: bastion.WaitForRoom, Fair: true}))
}
