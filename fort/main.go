package fort

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/bastion-go/bastion/fort/internal/wire"
)

// Main is a program's main function: it runs the program in a fort and does not
// return. The first process that calls it becomes the guard. The guard starts the
// same binary again, with the same arguments and environment, as the ward, and in
// the ward Main calls run. What the program does before Main it does in both.
//
// run's context ends when the ward is to stop: by SIGINT or SIGTERM, or because the
// guard says so; context.Cause tells why. When run returns nil, or returns the
// context's error after it was told to stop, the ward has finished. Any other error
// is written to standard error and is a crash with exit status 1. A panic is not
// recovered.
//
// The guard restarts what crashes, ends with the program's exit status (128 and the
// number for a signal), and passes signals on. It calls nothing of the program's,
// with one exception: a Config that is not valid ends the process with status 2, a
// system without forts (Windows) with status 1. With BASTION_FORT=off in the
// environment Main only calls run, in this process, as for a debugger.
func Main(config Config, run func(ctx context.Context) error) {
	f := config.check()
	if run == nil {
		f.add("run", "is nil")
	}
	if err := f.err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	switch {
	case here != nil:
		os.Exit(here.main(config, run))
	case os.Getenv(variable) == "off":
		os.Exit(unguarded(run))
	default:
		os.Exit(guardMain(config))
	}
}

// main is the ward's.
func (s *session) main(config Config, run func(context.Context) error) int {
	if err := s.greet(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if s.crash != nil && config.Logger != nil {
		config.Logger.Error("fort: the ward before this one crashed", "crash", s.crash)
	}
	s.mu.Lock()
	s.alive, s.patience = config.Alive, config.plan().Heartbeat
	s.mu.Unlock()
	stop := watchSignals(s.cancel)
	defer stop()
	if err := s.guard.Send(wire.Hello, wire.Greeting{Version: wire.Version}); err != nil {
		fmt.Fprintln(os.Stderr, "fort: answering the guard:", err)
		return 1
	}
	err := call(s.ctx, run)
	if err == nil {
		return 0
	}
	_ = s.guard.Send(wire.Failed, wire.Note{Text: shorten(err.Error(), maxSaid)})
	return 1
}

// maxSaid is how much of an error's text a report repeats.
const maxSaid = 2048

func unguarded(run func(context.Context) error) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := watchSignals(cancel)
	defer stop()
	if call(ctx, run) != nil {
		return 1
	}
	return 0
}

// call runs the program and writes its error to standard error.
func call(ctx context.Context, run func(context.Context) error) error {
	left := true
	defer func() {
		if left && leaving() {
			// Go would wait for ever now, for the fort's own goroutines still run.
			fmt.Fprintln(os.Stderr, "fort: the program's function called runtime.Goexit")
			os.Exit(1)
		}
	}()
	err := run(ctx)
	left = false
	if err == nil || ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	fmt.Fprintln(os.Stderr, err)
	return err
}

// leaving reports whether the calling deferred function runs because of
// runtime.Goexit. To ask recover would take a panic's place in the crash output.
func leaving() bool {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.Goexit" {
			return true
		}
		if !more {
			return false
		}
	}
}

// watchSignals cancels for SIGINT and SIGTERM. The second of them kills, as the
// guard's would.
func watchSignals(cancel context.CancelCauseFunc) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			cancel(ErrStop)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}
