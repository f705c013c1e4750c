package bastion

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Run is a whole main function: it makes a system of the specs, starts it, and
// waits until ctx ends, the program gets SIGINT or SIGTERM, or the system stops
// by itself. Then it stops the system gracefully, within cfg.Shutdown; a second
// signal kills it at once. It returns why the system did not start, why it
// stopped by itself, or what it had to leave behind.
func Run(ctx context.Context, cfg Config, specs ...SupervisorSpec) error {
	sys, err := New(cfg)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		if _, err := sys.Supervise(spec); err != nil {
			return err
		}
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	ctx, cancel := context.WithCancel(someContext(ctx))
	defer cancel()
	go func() {
		// Leaves when the system is down, whatever comes first.
		select {
		case <-signals:
			cancel()
		case <-ctx.Done():
		case <-sys.Done():
			return
		}
		select {
		case <-signals:
			sys.root.stopBy(haltKill)
		case <-sys.Done():
		}
	}()
	// Not with ctx: a start that is interrupted is stopped as gracefully as a run.
	started := make(chan error, 1)
	go func() { started <- sys.Start(context.Background()) }()
	for waiting := true; waiting; {
		select {
		case err := <-started:
			if err != nil && ctx.Err() == nil {
				return err
			}
			started = nil
		case <-ctx.Done():
			waiting = false
		case <-sys.Done():
			return sys.Wait()
		}
	}
	deadline, done := context.WithTimeout(context.Background(), sys.shutdown)
	defer done()
	if err := sys.Stop(deadline); err != nil && !errors.Is(err, ErrNotStarted) {
		return err
	}
	return sys.Wait()
}
