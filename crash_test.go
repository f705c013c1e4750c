package bastion_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

type secret struct{ Word string }

//go:noinline
func blowUp() { panic("blown up") }

// A lockedBuffer is a log that several goroutines write and the test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestL10_CrashReportHasEveryField(t *testing.T) {
	for _, format := range []func(any) string{nil, func(any) string { return "FORMATTED" }} {
		synctest.Test(t, func(t *testing.T) { reported(t, format) })
	}
}

func reported(t *testing.T, format func(any) string) {
	log := new(lockedBuffer)
	r := rigUp(t, bastion.SupervisorSpec{Intensity: bastion.Intensity{Max: 5, Within: time.Hour}, Children: []bastion.ChildSpec{{
		Name: "c", Format: format, Backoff: bastion.Constant{Delay: time.Second},
		Start: withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
			if _, ok := msg.(secret); ok {
				blowUp()
			}
			return react(ctx, msg)
		}}),
	}}}, func(c *bastion.Config) { c.Logger = slog.New(slog.NewJSONHandler(log, nil)) })
	<-time.After(time.Minute) // the bubble's clock
	gate := make(chan struct{})
	r.tell("c", hang{gate})
	synctest.Wait()
	r.tell("c", secret{"hush"})
	r.tell("c", 1)
	r.tell("c", 2)
	close(gate)
	e := r.await(bastion.EventFailed, "/sys/sup/c")
	c := e.Report
	if c.Path != "/sys/sup/c" || c.ID != r.child("c").ID() || c.Incarnation != 1 || c.Message != (secret{"hush"}) ||
		c.MailboxLen != 2 || c.Uptime != time.Minute || c.Restarts != 1 || c.Decision != "restart after 1s" || !panicked("blown up")(c.Reason) {
		t.Errorf("report %+v", c)
	}
	if s := c.Stack(); !strings.Contains(s, "blowUp") || !strings.Contains(s, "crash_test.go") {
		t.Errorf("stack:\n%s", s)
	}
	if s := c.String(); !strings.Contains(s, "/sys/sup/c") || !strings.Contains(s, "blowUp") {
		t.Errorf("text:\n%s", s)
	}
	r.sync(r.child("c"))
	var record map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(log.String(), "\n", 2)[0]), &record); err != nil {
		t.Fatalf("%v in %q", err, log.String())
	}
	want := "bastion_test.secret"
	if format != nil {
		want = "FORMATTED"
	}
	if record["message"] != want || record["path"] != c.Path || record["decision"] != c.Decision ||
		!strings.Contains(record["stack"].(string), "blowUp") || strings.Contains(log.String(), "hush") {
		t.Errorf("record %v", record)
	}
}

func TestL9_TheWatchdogNamesTheFunctionAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var children []bastion.ChildSpec
		for _, name := range []string{"a", "b", "c"} {
			children = append(children, bastion.ChildSpec{Name: name, Start: withHooks(hooked{on: func(ctx *bastion.Context, msg any) error {
				stuckHere(gate)
				return nil
			}})})
		}
		r := rigUp(t, bastion.SupervisorSpec{Children: children}, func(c *bastion.Config) { c.Watchdog = 100 * time.Millisecond })
		for _, c := range children {
			r.tell(c.Name, 1)
		}
		time.Sleep(20 * time.Second)
		var last time.Time
		paths := map[string]bool{}
		for len(r.events.C()) > 0 {
			e := <-r.events.C()
			if e.Kind != bastion.EventSlow {
				continue
			}
			paths[e.Path] = true
			if !strings.Contains(e.Text, "stuckHere") {
				t.Errorf("stack:\n%s", e.Text)
			}
			if !last.IsZero() && e.Time.Sub(last) < time.Second {
				t.Errorf("two reports within %v", e.Time.Sub(last))
			}
			last = e.Time
		}
		if len(paths) != 3 {
			t.Errorf("reported: %v", paths)
		}
		close(gate)
	})
}

func TestL11_NothingIsLeftAndAnEndingContextKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the bubble itself finds what is left
		r := rigOf(t, nest("t"), bastion.ChildSpec{Name: "w", Start: actor(), Backoff: bastion.Constant{Delay: time.Hour}},
			bastion.ChildSpec{Name: "h", Start: actor(), Shutdown: bastion.UnlimitedShutdown})
		r.tell("w", fail{})
		r.tell("h", do(func(ctx *bastion.Context) error { <-ctx.Done(); return nil }))
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.sys.Stop(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestSystem_FiftyHandlersSleepAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t, bastion.ChildSpec{Name: "g", Count: 50, Start: actor(), Shutdown: 2 * time.Hour})
		began := time.Now()
		if n, err := r.sup.Group("g").Broadcast(t.Context(), do(func(*bastion.Context) error { time.Sleep(time.Hour); return nil })); n != 50 || err != nil {
			t.Fatal(n, err)
		}
		for _, m := range r.sup.Group("g").Members() {
			r.syncLong(m)
		}
		if took := time.Since(began); took > time.Hour+time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func (r *rig) syncLong(ref bastion.Ref) {
	if _, err := bastion.Ask(r.t.Context(), ref, barrier{}); err != nil {
		r.t.Error(err)
	}
}

func TestSystem_SeveralInOneProgram(t *testing.T) {
	a, b := rigOf(t, bastion.ChildSpec{Name: "c", Start: actor()}), rigOf(t, bastion.ChildSpec{Name: "c", Start: looper()})
	got := make(chan error, 3)
	for _, pair := range [][2]*rig{{a, b}, {b, a}} {
		to := pair[1].child("c")
		pair[0].tell("c", do(func(ctx *bastion.Context) error {
			if err := to.Tell(ctx, do(func(there *bastion.Context) error {
				if there.Sender() != ctx.Self() {
					got <- errors.New("another sender")
				}
				return nil
			})); err != nil {
				got <- err
			}
			_, err := bastion.Ask(ctx, to, barrier{})
			got <- err
			return nil
		}))
		if err := rigRecv(t, "ask", got); err != nil {
			t.Error(err)
		}
	}
}

func TestSystem_StartStopWaitFromEverywhere(t *testing.T) {
	r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: actor()}}})
	ctx := context.Background()
	if _, err := bastion.Ask(ctx, r.child("c"), barrier{}); !errors.Is(err, bastion.ErrNotStarted) {
		t.Errorf("ask before the start: %v", err)
	}
	r.tell("c", 1)
	if err := r.sys.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := r.sys.Start(ctx); !errors.Is(err, bastion.ErrStarted) {
		t.Errorf("Start twice: %v", err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := r.sys.Stop(ctx); err != nil {
				t.Error(err)
			}
			if err := r.sys.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	rigRecv(t, "Stop", done)
	if err := r.child("c").Tell(ctx, 1); !errors.Is(err, bastion.ErrStopped) {
		t.Errorf("tell: %v", err)
	}
}

func TestSystem_StartsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: withHooks(hooked{
			start: func(ctx *bastion.Context) error { <-ctx.Done(); return ctx.Err() },
		})}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := r.sys.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Start: %v", err)
		}
		<-r.sys.Done()
	})
}

func TestSystem_KillAndStopBeforeStart(t *testing.T) {
	for name, end := range map[string]func(*bastion.System) error{
		"Kill": func(s *bastion.System) error { s.Kill(); return s.Wait() },
		"Stop": func(s *bastion.System) error { return s.Stop(context.Background()) },
	} {
		for _, start := range []bool{false, true} {
			r := rigOn(t, bastion.SupervisorSpec{Children: []bastion.ChildSpec{{Name: "c", Start: looper()}}})
			if start {
				if err := r.sys.Start(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			err := rigIn(t, name, func() error { return end(r.sys) })
			if never := name == "Stop" && !start; never && !errors.Is(err, bastion.ErrNotStarted) || !never && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
