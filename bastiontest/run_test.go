package bastiontest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// writers has two processes write to a third, and returns in which order it got that.
func writers(s *Sim) string {
	order := ""
	var sink bastion.Ref
	write := func(word string) bastion.Behavior {
		return bastion.Loop(func(ctx *bastion.Context) error {
			for _, c := range word {
				_ = sink.Tell(ctx, string(c))
			}
			return ctx.Await(nil)
		})
	}
	sys := s.New(bastion.Config{})
	sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
		{Name: "sink", Start: handle(func(_ *bastion.Context, msg any) error { order += msg.(string); return nil })},
		{Name: "a", Start: write("ab")}, {Name: "b", Start: write("xy")},
	}})
	if err != nil {
		s.Fatal(err)
	}
	sink = sup.Child("sink")
	if err := sys.Start(context.Background()); err != nil {
		s.Fatal(err)
	}
	s.Until("four letters", func() bool { return len(order) == 4 })
	return order
}

func TestRun_PassesAndRunsEverySeed(t *testing.T) {
	var runs atomic.Int64
	o := Options{Seeds: 2000}
	c, err := o.command() // a flag may say otherwise
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, c.Seeds+1)
	o.Run(t, func(s *Sim) {
		runs.Add(1)
		seen <- writers(s)
	})
	if n := int(runs.Load()); n != c.Seeds+1 { // one to measure
		t.Errorf("%d runs", n)
	}
	close(seen)
	orders := map[string]bool{}
	for o := range seen {
		orders[o] = true
	}
	if c.Seeds >= 2000 && len(orders) < 5 { // the sixth needs three switches in the right places
		t.Errorf("only %v", orders)
	}
}

func TestRun_FailsWithWhatRunsItAgain(t *testing.T) {
	main := func(s *Sim) {
		if o := writers(s); o == "xaby" {
			s.Errorf("the order is %s", o)
		}
	}
	j := judged(t, Options{Seeds: 1000}, main)
	j.wants(t, "run_test.go:", "the order is xaby", "go test -run '^TestX$' -bastion.seed=0x", "-bastion.schedule=")
	if strings.Contains(j.said.String(), "does not repeat") {
		t.Errorf("it does not repeat:\n%s", j.said.String())
	}
	for _, flag := range []string{"-bastion.seed=", "-bastion.schedule="} {
		_, rest, _ := strings.Cut(j.said.String(), flag)
		text, _, _ := strings.Cut(rest, "\n")
		again := replayed(t, flag, text, main)
		again.wants(t, "the order is xaby")
		if strings.Contains(again.said.String(), "no longer fits") {
			t.Errorf("%s%s: %s", flag, text, again.said.String())
		}
		other := replayed(t, flag, text, func(s *Sim) { writers(s); s.Choose(3) })
		other.passes(t)
		if !strings.Contains(other.said.String(), "no longer fits") {
			t.Errorf("another program, and nothing is said:\n%s", other.said.String())
		}
	}
}

func replayed(t *testing.T, flag, text string, main func(*Sim)) *judge {
	t.Helper()
	j := &judge{TB: t, name: "TestX"}
	o, err := Options{}.check()
	if err != nil {
		t.Fatal(err)
	}
	c := command{Options: o}
	if flag == "-bastion.seed=" {
		c.seed, err = parseToken(text)
	} else {
		c.schedule, err = parseSchedule(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	(&campaign{t: j, main: main, c: c, tell: &j.said, traces: t.TempDir()}).run()
	return j
}

func TestRun_ShrinksToWhatMatters(t *testing.T) {
	j := judged(t, Options{Seeds: 1000}, func(s *Sim) {
		n := 0
		for range 50 {
			n += s.Choose(10)
		}
		if s.Choose(1000) >= 500 && n > 3 {
			s.Error("found")
		}
	})
	j.wants(t, "found", "(2 of 51 choices are unusual")
}

func TestRun_WhatEndsARunIsToldOfIt(t *testing.T) {
	never := make(chan int)
	for name, c := range map[string]struct {
		main  func(s *Sim)
		words []string
	}{
		"panic":    {func(*Sim) { panic("boom") }, []string{"panic in the driver: boom", "run_test.go"}},
		"panic go": {func(s *Sim) { s.Go("x", func() { panic("boom") }); s.Settle() }, []string{"panic in the goroutine x: boom"}},
		"goexit":   {func(*Sim) { runtime.Goexit() }, []string{"FailNow"}},
		"fatal":    {func(s *Sim) { s.Fatalf("no %s", "way"); panic("after") }, []string{"no way"}},
		"deadlock": {func(s *Sim) { s.Until("rain", func() bool { return false }) }, []string{"deadlock", "driver waits for rain"}},
		"livelock": {func(s *Sim) {
			sys := s.System(bastion.Config{}, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
				{Name: "mad", Start: handle(func(ctx *bastion.Context, msg any) error { return ctx.Self().Tell(ctx, msg) })}}})
			_ = sys.Root().Supervisor("sup").Child("mad").Tell(s.Context(), 1)
			s.Sleep(time.Second)
		}, []string{"no end within the step limit", "/bastion/sup/mad@1"}},
		"blocked": {func(s *Sim) { <-never }, []string{"blocked outside Bastion", "run_test.go"}},
		"left":    {func(s *Sim) { s.Go("forgotten", func() { s.Until("rain", func() bool { return false }) }) }, []string{"left behind", "forgotten waits for rain"}},
		"in a process": {func(s *Sim) {
			sys := s.System(bastion.Config{}, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
				{Name: "c", Start: handle(func(*bastion.Context, any) error { s.Fatal("in a process"); return nil })}}})
			_ = sys.Root().Supervisor("sup").Child("c").Tell(s.Context(), 1)
			s.Sleep(time.Hour)
		}, []string{"run_test.go", "in a process"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Seeds: 2, StepLimit: 20_000, Shrink: -1}
			if name == "blocked" {
				o.Patience = 100 * time.Millisecond
			}
			j := judged(t, o, c.main)
			j.wants(t, c.words...)
		})
	}
}

func TestRun_WhatStillRunsIsStopped(t *testing.T) {
	Options{Seeds: 20}.Run(t, func(s *Sim) {
		sys := s.System(bastion.Config{}, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
			{Name: "c", Start: handle(func(*bastion.Context, any) error { return errors.New("boom") })}}})
		s.Cleanup(func() {
			if sys.Inspector().State() != "running" {
				s.Error("cleanup came too late")
			}
		})
		_ = s.Ref("/bastion/sup/c").Tell(s.Context(), 1)
	})
}

func TestRun_Twice(t *testing.T) {
	Options{Seeds: 20, Twice: true}.Run(t, func(s *Sim) { writers(s) })
	var n atomic.Int64
	j := judged(t, Options{Seeds: 20, Twice: true, Parallel: 1, Shrink: -1}, func(s *Sim) {
		writers(s)
		if n.Add(1)%2 == 0 {
			s.Sleep(time.Second)
		}
	})
	j.wants(t, "does not repeat", "the first difference")
}

func TestRun_SkippedSeeds(t *testing.T) {
	judged(t, Options{Seeds: 20}, func(s *Sim) {
		if s.Choose(2) == 0 {
			s.Skip("not today")
		}
	}).passes(t)
	if j := judged(t, Options{Seeds: 20}, func(s *Sim) { s.SkipNow() }); !j.skipped || j.failed {
		t.Errorf("skipped %t: %s", j.skipped, j.said.String())
	}
}

// In a calm stretch nothing is chosen, and a schedule from elsewhere in the run stays right.
func TestCalm_NothingIsChosen(t *testing.T) {
	main := func(s *Sim) {
		calm := ""
		s.Calm(func() {
			if calm = strands(s, "a", "b"); s.Chance(0.999) {
				s.Error("a chance in a calm stretch")
			}
		})
		if calm != "aAbB" {
			s.Fatalf("calm: %s", calm)
		}
		if o := strands(s, "c", "d"); o == "cdCD" {
			s.Errorf("the order is %s", o)
		}
	}
	j := judged(t, Options{}, main)
	j.wants(t, "the order is cdCD")
	_, rest, _ := strings.Cut(j.said.String(), "-bastion.schedule=")
	text, _, _ := strings.Cut(rest, "\n")
	again := replayed(t, "-bastion.schedule=", text, main)
	again.wants(t, "the order is cdCD")
	if strings.Contains(again.said.String(), "no longer fits") {
		t.Error(again.said.String())
	}
}
