package cron_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/cron"
	"github.com/bastion-go/bastion/executor"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A process that works at night, in Berlin's time, through the night that has no half past two. In virtual time,
// so that it takes none.
func ExampleParse() {
	type nightly struct{}
	line, err := cron.Parse("CRON_TZ=Europe/Berlin 30 2 * * *", nil)
	check(err)
	fmt.Println(line, "in", line.Zone())
	worker := bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
		if _, ok := msg.(nightly); ok {
			fmt.Println("work at", ctx.System().Clock().Now().In(line.Zone()).Format("Jan 2 15:04"))
			return nil
		}
		_, err := ctx.SetTimer(bastion.TimerSpec{To: ctx.Self(), Message: nightly{}, On: line})
		return err
	})
	run, err := executor.NewSeeded(executor.SeededConfig{Start: time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC)})
	check(err)
	check(run.Run(func() {
		sys, err := bastion.New(bastion.Config{Seeded: run, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		check(err)
		sup, err := sys.Supervise(bastion.SupervisorSpec{Name: "night", Children: []bastion.ChildSpec{
			{Name: "worker", Start: bastion.Handle(func() bastion.Receiver { return worker })},
		}})
		check(err)
		check(sys.Start(context.Background()))
		check(sup.Child("worker").Tell(context.Background(), "begin"))
		over := false
		run.Clock().AfterFunc(72*time.Hour, func() { over = true })
		run.Wait("three days", nil, func() bool { return over })
		check(sys.Stop(context.Background()))
	}))
	// Output:
	// CRON_TZ=Europe/Berlin 30 2 * * * in Europe/Berlin
	// work at Mar 28 02:30
	// work at Mar 29 03:00
	// work at Mar 30 02:30
}

// An expression that does not parse says where.
func ExampleSyntaxError() {
	_, err := cron.Parse("0 25 * * *", nil)
	fmt.Println(err)
	// Output: cron: "0 25 * * *": column 3, hour: end of range (25) above maximum (23): "25"
}

// When a line comes next.
func ExampleLine_Next() {
	line, err := cron.Parse("0 9 * * mon-fri", nil)
	check(err)
	friday := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	fmt.Println(line.Next(friday).Format(time.RFC1123))
	// Output: Mon, 23 Nov 2026 09:00:00 UTC
}
