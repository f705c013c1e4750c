package bastion_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// runIn calls Run in a bubble, with a child that is told what to do, and cancels its context at once when it is up.
func runIn(t *testing.T, cfg bastion.Config, child bastion.ChildSpec, during func(sys *bastion.System)) (took time.Duration, err error) {
	// The goroutine of os/signal must not be born in the bubble: it never ends.
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	signal.Stop(c)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
		up := make(chan *bastion.System, 1)
		child.Callbacks.AfterStart = func(ctx *bastion.Context) error { up <- ctx.System(); return nil }
		done := make(chan struct{})
		go func() {
			defer close(done)
			err = bastion.Run(ctx, cfg, bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{child}})
		}()
		sys := <-up
		synctest.Wait()
		began := time.Now()
		cancel()
		synctest.Wait()
		if during != nil {
			during(sys)
		}
		<-done
		took = time.Since(began)
		time.Sleep(2 * time.Minute) // what was abandoned has returned
	})
	return took, err
}

func TestH4_LameDuck(t *testing.T) {
	cfg := bastion.Config{LameDuck: 5 * time.Second, Shutdown: 20 * time.Second}
	took, err := runIn(t, cfg, bastion.ChildSpec{Name: "c", Start: actor()}, func(sys *bastion.System) {
		wantCheck(t, "lame duck", sys.Health().Ready, "/bastion: stopping")
		wantCheck(t, "lame duck", sys.Health().Live)
		pass(4 * time.Second)
		c, err := sys.Lookup("/bastion/sup/c")
		if err != nil {
			t.Fatal(err)
		}
		if inc, err := bastion.Ask(context.Background(), c, barrier{}); inc != 1 || err != nil {
			t.Error("it is not served any more:", inc, err)
		}
	})
	if took.Truncate(time.Second) != cfg.LameDuck || err != nil { // closing the executor may take a tick of its watcher
		t.Errorf("after %v: %v", took, err)
	}
}

// The lame duck is a part of the time that there is; what does not stop in the rest is killed, and left behind.
func TestH4_TheGraceIsOver(t *testing.T) {
	deaf := bastion.ChildSpec{Name: "c", Shutdown: bastion.UnlimitedShutdown, Start: bastion.Loop(func(ctx *bastion.Context) error {
		<-ctx.Done()
		pass(time.Minute)
		return nil
	})}
	for _, duck := range []time.Duration{0, 5 * time.Second} {
		took, err := runIn(t, bastion.Config{LameDuck: duck}, deaf, nil)
		var left *bastion.AbandonedError
		if !errors.Is(err, bastion.ErrKilled) || !errors.As(err, &left) || left.Left[0].Path != "/bastion/sup/c" {
			t.Errorf("with %v: %v", duck, err)
		}
		if took < 25*time.Second || took > 26*time.Second {
			t.Errorf("with %v it took %v, want the default of 25s", duck, took)
		}
	}
}

func TestH4_TheSystemEndsAsALameDuck(t *testing.T) {
	child := bastion.ChildSpec{Name: "c", Start: actor(), Conditions: []bastion.Condition{{Then: bastion.StopSystem}}}
	took, err := runIn(t, bastion.Config{LameDuck: 5 * time.Second}, child, func(sys *bastion.System) {
		pass(time.Second)
		c, err := sys.Lookup("/bastion/sup/c")
		if err == nil {
			err = c.Tell(context.Background(), fail{})
		}
		if err != nil {
			t.Error(err)
		}
	})
	if took < time.Second || took > 2*time.Second || !errors.Is(err, errBoom) {
		t.Errorf("after %v: %v", took, err)
	}
}

func TestH4_BadTimes(t *testing.T) {
	_, err := bastion.New(bastion.Config{LameDuck: -1, Shutdown: -1})
	wantFaults(t, err, "LameDuck", "Shutdown")
	_, err = bastion.New(bastion.Config{LameDuck: 25 * time.Second})
	wantFaults(t, err, "LameDuck")
	_, err = bastion.New(bastion.Config{LameDuck: 10 * time.Second, Shutdown: 5 * time.Second})
	wantFaults(t, err, "LameDuck")
}
