package bastiontest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// printer stands for the *testing.T that a test has, which an example has not.
type printer struct{ testing.TB }

func (printer) Helper()      {}
func (printer) Name() string { return "TestShop" }

func (printer) Errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	_, what, _ := strings.Cut(strings.Split(text, "\n")[1], ": ") // behind file and line
	fmt.Println("failed:", what)
	fmt.Println("it can be run again:", strings.Contains(text, "go test -run '^TestShop$' -bastion.seed=0x"))
}

// shop is a till that counts what it sells, and forgets it when it fails.
func shop() bastion.SupervisorSpec {
	till := bastion.Handle(func() bastion.Receiver {
		sold := 0
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			switch m := msg.(type) {
			case apples:
				if sold += int(m); m > 100 {
					return errors.New("not so many")
				}
			case sales:
				return m.Reply(ctx, sold)
			}
			return nil
		})
	})
	return bastion.SupervisorSpec{Name: "shop", Children: []bastion.ChildSpec{
		{Name: "till", Start: till, Backoff: bastion.Constant{Delay: time.Hour}},
	}}
}

type apples int

type sales struct{ bastion.Returns[int] }

// A test of a tree: it restarts after an hour, which takes no time, in each of a hundred orders.
func ExampleRun() {
	var t testing.TB = printer{} // the test's own
	bastiontest.Run(t, func(s *bastiontest.Sim) {
		sys := s.System(bastion.Config{}, shop())
		spy := s.Spy(sys)
		till := s.Ref("/bastion/shop/till")
		_ = till.Tell(s.Context(), apples(1000))
		_ = till.Tell(s.Context(), apples(3))
		if n, err := bastion.Ask(s.Context(), till, sales{}); n != 3 || err != nil {
			s.Errorf("sold %d, want 3 (%v)", n, err)
		}
		if s.Elapsed() != time.Hour || spy.Restarts("/bastion/shop/till") != 1 {
			s.Errorf("it took %v and %d restarts", s.Elapsed(), spy.Restarts(""))
		}
	})
	fmt.Println("done")
	// Output:
	// done
}

// The same shop, when its till may fail with anything in hand.
func ExampleOptions_Run() {
	var t testing.TB = printer{} // the test's own
	o := bastiontest.Options{Shrink: -1, Faults: []bastiontest.Fault{
		{On: "/bastion/shop/*", Chance: 0.2, Times: 1, Do: bastiontest.Panic{}},
	}}
	o.Run(t, func(s *bastiontest.Sim) {
		s.System(bastion.Config{}, shop())
		till := s.Ref("/bastion/shop/till")
		for range 3 {
			_ = till.Tell(s.Context(), apples(1))
		}
		s.Sleep(2 * time.Hour)
		if n, _ := bastion.Ask(s.Context(), till, sales{}); n != 3 {
			s.Errorf("the till has forgotten something")
		}
	})
	// Output:
	// failed: the till has forgotten something
	// it can be run again: true
}

// A probe stands for somebody whom the tree under test writes to.
func ExampleSim_Probe() {
	var t testing.TB = printer{} // the test's own
	bastiontest.Options{Seeds: 10}.Run(t, func(s *bastiontest.Sim) {
		p := s.Probe("customer")
		s.Go("shop", func() {
			s.Sleep(time.Minute)
			_ = p.Ref().Tell(s.Context(), "your apples")
		})
		p.ExpectNone(30 * time.Second)
		p.Expect(time.Minute, "your apples")
	})
	fmt.Println("done")
	// Output:
	// done
}

// Two goroutines that do two things each: all six orders.
func ExampleExhaustive_Run() {
	var t testing.TB = printer{} // the test's own
	orders := map[string]bool{}
	bastiontest.Exhaustive{}.Run(t, func(s *bastiontest.Sim) {
		said := ""
		for _, word := range []string{"ab", "xy"} {
			s.Go(word, func() {
				said += word[:1]
				s.Seeded().Point()
				said += word[1:]
			})
		}
		s.Settle()
		orders[said] = true
	})
	fmt.Println(len(orders), "orders")
	// Output:
	// 6 orders
}
