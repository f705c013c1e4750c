package bastion

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Run is a whole main function: it makes a system of the specs, starts it, and
// waits until ctx ends, the program gets SIGINT or SIGTERM, or the system stops
// by itself.
//
// When it is told to end, readiness (System.Health) is gone at once. The system
// goes on for cfg.LameDuck, so that load balancers send their work elsewhere, and
// is then stopped gracefully. What has not stopped cfg.Shutdown after the signal
// is killed; a second signal, SIGINT or SIGTERM again, kills at once. A start that
// is under way is stopped without a lame duck: it was never ready.
//
// Run returns nil if all has stopped in order. Otherwise it says why the system
// did not start, why it stopped by itself, that it had to be killed (ErrKilled),
// and what it had to leave behind (an *AbandonedError with the stacks). A main
// function prints that and exits with a status that is not 0.
func Run(ctx context.Context, cfg Config, specs ...SupervisorSpec) error {
	if cfg.Seeded != nil {
		return &SpecError{Faults: []string{"Seeded: Run waits for signals, in real time; use New inside the run"}}
	}
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

	ctx = someContext(ctx)
	// Not with ctx: a start that is interrupted is stopped as gracefully as a run.
	started := make(chan error, 1)
	go func() { started <- sys.Start(context.Background()) }()
	for why := ""; ; {
		select {
		case err := <-started:
			if err != nil {
				return err
			}
			started = nil
			continue
		case sig := <-signals:
			why = sig.String()
		case <-ctx.Done():
			why = context.Cause(ctx).Error()
		case <-sys.Done():
			return sys.Wait()
		}
		d := departure{sys: sys, signals: signals}
		if sys.stage.Load() == stageRunning {
			d.duck = cfg.LameDuck
		}
		return d.run(why)
	}
}

// A departure is the end of a system that was told to end.
type departure struct {
	sys     *System
	signals <-chan os.Signal
	duck    time.Duration
}

func (d departure) run(why string) error {
	s := d.sys
	s.LameDuck()
	if s.executes() {
		s.note(slog.LevelInfo, "bastion: stopping", "why", why, "lame duck", d.duck, "within", s.shutdown)
	}
	hurry, kill := context.WithCancelCause(context.Background())
	defer kill(nil)
	limit := s.clock.AfterFunc(s.shutdown, func() {
		kill(fmt.Errorf("%w: it had not stopped %v after it was told to (%s)", ErrKilled, s.shutdown, why))
	})
	defer limit.Stop()
	go func() { // leaves when the system is down, whatever comes first
		select {
		case sig := <-d.signals:
			kill(fmt.Errorf("%w: by a second signal (%v), before it had stopped", ErrKilled, sig))
		case <-s.done:
		}
	}()
	d.linger(hurry)
	how := haltStop
	if hurry.Err() != nil {
		how = haltKill
	}
	left := s.halt(hurry, how)
	if errors.Is(left, ErrNotStarted) {
		return nil
	}
	if s.root.how != haltKill {
		return errors.Join(left, s.Wait())
	}
	return errors.Join(context.Cause(hurry), left, s.Wait())
}

// linger is the time as a lame duck.
func (d departure) linger(hurry context.Context) {
	if d.duck <= 0 {
		return
	}
	over := make(chan struct{})
	timer := d.sys.clock.AfterFunc(d.duck, func() { close(over) })
	defer timer.Stop()
	select {
	case <-over:
	case <-hurry.Done():
	case <-d.sys.done:
	}
}
