package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/middleware/breaker"
)

var errDown = errors.New("down")

// A hand clock goes when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestBreaker_OpensPausesTriesCloses(t *testing.T) {
	c := &clock{at: time.Unix(1000, 0)}
	b := breaker.Circuit{After: 3, Pause: time.Minute, Trial: 2}.New(c.now)
	calls := 0
	do := func(with error) error { return b.Do(func() error { calls++; return with }) }
	want := func(step string, err, is error, n int, open bool) {
		t.Helper()
		if !errors.Is(err, is) || calls != n || b.Open() != open {
			t.Errorf("%s: %v after %d calls, open %v", step, err, calls, b.Open())
		}
	}
	want("one", do(errDown), errDown, 1, false)
	want("two", do(errDown), errDown, 2, false)
	want("a success between", do(nil), nil, 3, false)
	want("one again", do(errDown), errDown, 4, false)
	want("given up by the asker", do(context.Canceled), context.Canceled, 5, false)
	want("two again", do(errDown), errDown, 6, false)
	want("three", do(errDown), errDown, 7, true)
	want("open", do(nil), breaker.ErrOpen, 7, true)
	c.at = c.at.Add(time.Minute - 1)
	want("still open", do(nil), breaker.ErrOpen, 7, true)
	c.at = c.at.Add(1)
	want("a trial that fails", do(errDown), errDown, 8, true)
	c.at = c.at.Add(time.Minute)
	want("a trial", do(nil), nil, 9, false)
	want("another", do(nil), nil, 10, false)
	want("closed", do(errDown), errDown, 11, false)
	want("closed", do(errDown), errDown, 12, false)
}

func TestBreaker_APanicIsAFailure(t *testing.T) {
	b := breaker.Circuit{After: 1}.New(nil)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it was swallowed")
			}
		}()
		_ = b.Do(func() error { panic("boom") })
	}()
	if !b.Open() {
		t.Error("closed")
	}
}

func TestBreaker_OneTrialAtATime(t *testing.T) {
	c := &clock{at: time.Unix(1000, 0)}
	b := breaker.Circuit{After: 1, Pause: time.Second}.New(c.now)
	_ = b.Do(func() error { return errDown })
	c.at = c.at.Add(time.Second)
	inside, release := make(chan struct{}), make(chan struct{})
	var tried sync.WaitGroup
	tried.Go(func() {
		if err := b.Do(func() error { close(inside); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	if err := b.Do(func() error { t.Error("a second trial"); return nil }); !errors.Is(err, breaker.ErrOpen) {
		t.Error(err)
	}
	close(release)
	tried.Wait()
	if err := b.Do(func() error { return nil }); err != nil {
		t.Error(err)
	}
}

type ping struct{ bastion.Returns[int] }

func TestCircuit_EachReceiverOnTheSystemsClock(t *testing.T) {
	run, err := executor.NewSeeded(executor.SeededConfig{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = run.Run(func() {
		sys, sup := start(run)
		m := breaker.Circuit{After: 2, Pause: time.Hour}.Middleware()
		good, bad := sup.Child("good").Via(m), sup.Child("bad").Via(m)
		ctx := context.Background()
		for i, want := range []error{errDown, errDown, breaker.ErrOpen, breaker.ErrOpen} {
			if _, err := bastion.AskVia(ctx, bad, ping{}); !errors.Is(err, want) {
				t.Error(i, err)
			}
			if _, err := bastion.AskVia(ctx, good, ping{}); err != nil {
				t.Error(err)
			}
		}
		if err := sys.Sleep(ctx, time.Hour); err != nil {
			t.Error(err)
		}
		if _, err := bastion.AskVia(ctx, bad, ping{}); !errors.Is(err, errDown) {
			t.Error(err)
		}
		if b := sys.Inspector().Books(); b.Accepted != 7 {
			t.Error(b)
		}
		if err := sys.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a process that answers and one that cannot.
func start(run *executor.Seeded) (*bastion.System, *bastion.Supervisor) {
	answering := func(with error) bastion.Behavior {
		return bastion.Handle(func() bastion.Receiver {
			return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
				if with != nil {
					return msg.(ping).Fail(ctx, with)
				}
				return msg.(ping).Reply(ctx, 1)
			})
		})
	}
	sys, err := bastion.New(bastion.Config{Seeded: run})
	if err != nil {
		panic(err)
	}
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
		{Name: "good", Start: answering(nil)}, {Name: "bad", Start: answering(errDown)},
	}})
	if err != nil {
		panic(err)
	}
	if err := sys.Start(context.Background()); err != nil {
		panic(err)
	}
	return sys, sup
}

// After two failures in a row the receiver is left alone.
func ExampleCircuit() {
	sys, sup := start(nil)
	defer sys.Stop(context.Background())
	bad := sup.Child("bad").Via(breaker.Circuit{After: 2, Pause: time.Hour}.Middleware())
	for range 3 {
		_, err := bastion.AskVia(context.Background(), bad, ping{})
		fmt.Println(err)
	}
	// Output:
	// down
	// down
	// breaker: circuit is open
}
