package bastion_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// inVirtualTime runs a handler that is told "go", in virtual time, for as long as it says.
func inVirtualTime(d time.Duration, receive func(ctx *bastion.Context, msg any) error) {
	run := must(executor.NewSeeded(executor.SeededConfig{Start: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}))
	check(run.Run(func() {
		ctx := context.Background()
		sys := must(bastion.New(bastion.Config{Logger: quiet, Seeded: run}))
		sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "work", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			{Name: "worker", Start: bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(receive) })},
		}}))
		check(sys.Start(ctx))
		check(sup.Child("worker").Tell(ctx, "go"))
		over := false
		run.Clock().AfterFunc(d, func() { over = true })
		run.Wait("the end", nil, func() bool { return over })
		check(sys.Stop(ctx))
	}))
}

// A timeout is a message to oneself.
func ExampleContext_SendAfter() {
	type timeout struct{ of string }
	inVirtualTime(time.Minute, func(ctx *bastion.Context, msg any) error {
		switch m := msg.(type) {
		case string:
			for _, what := range []string{"request 1", "request 2"} {
				if _, err := ctx.SendAfter(5*time.Second, ctx.Self(), timeout{what}); err != nil {
					return err
				}
			}
		case timeout:
			fmt.Println("too late:", m.of)
		}
		return nil
	})
	// Output:
	// too late: request 1
	// too late: request 2
}

// When Stop has returned, nothing of the timer arrives any more, not even what waits in the mailbox already.
func ExampleTimer_Stop() {
	var deadline bastion.Timer
	inVirtualTime(time.Minute, func(ctx *bastion.Context, msg any) (err error) {
		switch msg {
		case "go":
			if deadline, err = ctx.SendAfter(5*time.Second, ctx.Self(), "too late"); err != nil {
				return err
			}
			fmt.Println("timer set:", !deadline.IsZero())
			if err := ctx.Self().Tell(ctx, "the answer"); err != nil {
				return err
			}
			return ctx.Sleep(10 * time.Second) // the timer fires behind the answer
		case "the answer":
			fmt.Println("answered, stopped:", deadline.Stop())
		case "too late":
			fmt.Println("this is never printed")
		}
		return nil
	})
	// Output:
	// timer set: true
	// answered, stopped: true
}

// A process that works every minute. When the work takes longer, it misses some, and knows how many.
func ExampleContext_SendEvery() {
	type tick struct{}
	var timer bastion.Timer
	inVirtualTime(5*time.Minute, func(ctx *bastion.Context, msg any) (err error) {
		switch msg.(type) {
		case string:
			timer, err = ctx.SendEvery(time.Minute, ctx.Self(), tick{})
			return err
		case tick:
			fmt.Println("tick at", ctx.System().Clock().Now().Format("15:04:05"), "missed", timer.Missed())
			if timer.Missed() == 0 {
				return ctx.Sleep(2*time.Minute + 30*time.Second)
			}
		}
		return nil
	})
	// Output:
	// tick at 12:01:00 missed 0
	// tick at 12:03:30 missed 1
	// tick at 12:04:00 missed 1
	// tick at 12:05:00 missed 1
}

// At a time of the clock on the wall.
func ExampleContext_SendAt() {
	inVirtualTime(time.Hour, func(ctx *bastion.Context, msg any) error {
		if msg == "go" {
			halfPast := ctx.System().Clock().Now().Truncate(time.Hour).Add(30 * time.Minute)
			_, err := ctx.SendAt(halfPast, ctx.Self(), "half past")
			return err
		}
		fmt.Println(msg, "at", ctx.System().Clock().Now().Format("15:04:05"))
		return nil
	})
	// Output: half past at 12:30:00
}

// quarters is a Schedule: every quarter of an hour.
type quarters struct{}

func (quarters) Next(after time.Time) time.Time {
	return after.Truncate(15 * time.Minute).Add(15 * time.Minute)
}

// A timer that survives crashes, on a schedule. (A cron line is one, too: see package cron.)
func ExampleContext_SetTimer() {
	inVirtualTime(50*time.Minute, func(ctx *bastion.Context, msg any) error {
		if msg == "go" {
			timer, err := ctx.SetTimer(bastion.TimerSpec{To: ctx.Self(), Message: "quarter", On: quarters{}, Survives: true})
			if err == nil {
				fmt.Println("next at", timer.Due().UTC().Format("15:04"))
			}
			return err
		}
		fmt.Println(msg, "at", ctx.System().Clock().Now().Format("15:04"), "in life", ctx.Incarnation())
		return fmt.Errorf("crash")
	})
	// Output:
	// next at 12:15
	// quarter at 12:15 in life 1
	// quarter at 12:30 in life 2
	// quarter at 12:45 in life 3
}

// Whoever has no Context uses the system's timers.
func ExampleSystem_SetTimer() {
	ctx := context.Background()
	done := make(chan string)
	worker := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		done <- fmt.Sprint(msg, " from ", ctx.Sender())
		return nil
	})
	sys := must(bastion.New(bastion.Config{Logger: quiet}))
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "work", Children: []bastion.ChildSpec{
		{Name: "worker", Start: bastion.Handle(func() bastion.Receiver { return worker })},
	}}))
	check(sys.Start(ctx))
	defer sys.Stop(ctx)
	must(sys.SetTimer(bastion.TimerSpec{To: sup.Child("worker"), Message: "flush", After: time.Millisecond}))
	fmt.Println(<-done)
	// Output: flush from nobody
}
