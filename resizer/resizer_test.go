package resizer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
	"github.com/bastion-go/bastion/resizer"
)

var (
	outside = context.Background()
	errBoom = errors.New("boom")
)

// job takes a worker so long; a failing one fails it afterwards.
type job struct {
	number int
	takes  time.Duration
	fails  bool
}

// A mill is a system with workers, a resizer, and a distributor, in a seeded run.
type mill struct {
	*executor.Seeded
	t       *testing.T
	seed    uint64
	sys     *bastion.System
	sup     *bastion.Supervisor
	work    *distributor.Distributor
	letters *bastion.Subscription[bastion.DeadLetter]

	handled map[int]int // how often each job was
	failed  map[int]int
	sent    map[int]bool // accepted
	resized []resizer.Resized
}

// grind runs main in a mill whose resizer has that spec.
func grind(t *testing.T, seed uint64, workers bastion.ChildSpec, spec resizer.Spec, main func(m *mill)) {
	t.Helper()
	m := &mill{Seeded: must(executor.NewSeeded(executor.SeededConfig{Seed: seed})), t: t, seed: seed,
		handled: map[int]int{}, failed: map[int]int{}, sent: map[int]bool{}}
	workers.Name, workers.Group, workers.Intensity = "workers", true, bastion.Unlimited
	workers.Start = bastion.Handle(func() bastion.Receiver { return bastion.ReceiverFunc(m.handle) })
	workers.Shutdown = bastion.UnlimitedShutdown
	spec.Group = "workers"
	if spec.OnResize == nil {
		spec.OnResize = func(_ *bastion.Context, r resizer.Resized) error { m.resized = append(m.resized, r); return nil }
	}
	err := m.Run(func() {
		m.sys = must(bastion.New(bastion.Config{Name: "sys", Seeded: m.Seeded, Logger: slog.New(slog.DiscardHandler)}))
		m.letters = m.sys.DeadLetters(10_000)
		m.sup = must(m.sys.Supervise(bastion.SupervisorSpec{Name: "mill", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
			workers, {Name: "resizer", Start: resizer.Run(spec)},
		}}))
		m.work = must(distributor.New(m.sys, distributor.Spec{Strategy: distributor.LeastMailbox{}, Groups: []*bastion.Group{m.group()}}))
		m.check("start", m.sys.Start(outside))
		main(m)
		m.check("drain", m.group().Drain(outside))
		m.check("stop", m.sys.Stop(outside))
		m.balance()
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
}

func (m *mill) handle(ctx *bastion.Context, msg any) error {
	j, ok := msg.(job)
	if !ok {
		return ctx.Unhandled()
	}
	if err := ctx.Sleep(j.takes); err != nil {
		return err
	}
	if j.fails {
		m.failed[j.number]++
		return errBoom
	}
	m.handled[j.number]++
	return nil
}

// balance holds every accepted job against what became of it: exactly one thing.
func (m *mill) balance() {
	m.t.Helper()
	b := m.sys.Inspector().Books()
	if !b.Balanced() || b.InHand+b.Mailboxes > 0 {
		m.t.Errorf("seed %d: books at rest: %v", m.seed, b)
	}
	dead := map[int]int{}
	for len(m.letters.C()) > 0 {
		if j, ok := (<-m.letters.C()).Message.(job); ok {
			dead[j.number]++
		}
	}
	for n := range m.sent {
		if m.handled[n]+m.failed[n]+dead[n] != 1 {
			m.t.Errorf("seed %d: job %d was handled %d times, failed %d, and is %d dead letters", m.seed, n, m.handled[n], m.failed[n], dead[n])
		}
	}
	if len(m.handled)+len(m.failed)+len(dead) != len(m.sent) {
		m.t.Errorf("seed %d: %d sent, %d handled, %d failed, %d dead", m.seed, len(m.sent), len(m.handled), len(m.failed), len(dead))
	}
	if len(m.failed) == 0 && len(dead) > 0 {
		m.t.Errorf("seed %d: lost without a crash: %v", m.seed, dead)
	}
}

func (m *mill) group() *bastion.Group { return m.sup.Group("workers") }

func (m *mill) check(what string, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Errorf("seed %d: %s: %v", m.seed, what, err)
	}
}

func (m *mill) send(j job) {
	m.t.Helper()
	m.check("TellOne", m.work.TellOne(outside, j))
	m.sent[j.number] = true
}

// pass lets virtual time pass.
func (m *mill) pass(d time.Duration) {
	over := make(chan struct{})
	m.Clock().AfterFunc(d, func() { close(over) })
	m.Wait("time", nil, executor.Closed(over))
}

func (m *mill) status() resizer.Report {
	m.t.Helper()
	r, err := bastion.Ask(outside, m.sup.Child("resizer"), resizer.Status{})
	m.check("Status", err)
	return r
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestBastionBug_TheIdleAreNeverShrunk: a burst makes the group grow; when it is over, live and idle members go, one
// portion after the other, down to the lower bound, and nothing is lost on the way.
func TestBastionBug_TheIdleAreNeverShrunk(t *testing.T) {
	for seed := range uint64(40) {
		grind(t, seed, bastion.ChildSpec{Count: 2}, resizer.Spec{Min: 2, Max: 8, Every: time.Second}, func(m *mill) {
			most := 0
			for n := range 200 {
				m.send(job{number: n, takes: 100 * time.Millisecond})
				m.pass(20 * time.Millisecond)
				most = max(most, m.group().Len())
			}
			if most <= 2 || most > 8 {
				t.Errorf("seed %d: it grew to %d", seed, most)
			}
			m.pass(time.Minute)
			if n := m.group().Len(); n != 2 {
				t.Errorf("seed %d: %d members are left", seed, n)
			}
			if len(m.handled) != 200 {
				t.Errorf("seed %d: %d of 200 were handled", seed, len(m.handled))
			}
			if r := m.status(); r.Members != 2 || r.Leaving != 0 || r.Grown != r.Shrunken || r.Grown < 3 || r.Looks < 50 {
				t.Errorf("seed %d: %+v", seed, r)
			}
		})
	}
}

// TestBastionBug_TheUpperBoundIsNotRespected: at no moment there are more than Max who serve, nor is anything added
// beyond.
func TestBastionBug_TheUpperBoundIsNotRespected(t *testing.T) {
	for seed := range uint64(40) {
		grind(t, seed, bastion.ChildSpec{Count: 1}, resizer.Spec{Max: 5, Every: time.Second, Grow: 10}, func(m *mill) {
			for n := range 60 {
				m.send(job{number: n, takes: time.Second})
			}
			for range 30 {
				m.pass(500 * time.Millisecond)
				if n := len(m.group().Serving()); n > 5 {
					t.Errorf("seed %d: %d members", seed, n)
				}
			}
			if len(m.resized) == 0 || m.resized[0].To != 5 {
				t.Errorf("seed %d: %v", seed, m.resized)
			}
		})
	}
}

// TestBastionBug_MoreThanTheLimitUnderflows: a group that has more members than Max is brought down to it, while all
// have work: those who go handle what they have, are not counted any more, and get nothing new.
func TestBastionBug_MoreThanTheLimitUnderflows(t *testing.T) {
	for seed := range uint64(60) {
		grind(t, seed, bastion.ChildSpec{Count: 9}, resizer.Spec{Max: 4, Every: time.Second, Backlog: 1000}, func(m *mill) {
			for n := range 90 {
				m.send(job{number: n, takes: time.Second})
			}
			m.Wait("the first look", nil, func() bool { return len(m.resized) > 0 })
			if r := m.status(); r.Members != 4 || r.Leaving != 5 || m.resized[0].To != 4 {
				t.Errorf("seed %d: %+v, %v", seed, r, m.resized)
			}
			m.pass(100 * time.Millisecond)
			for n := range 20 {
				m.send(job{number: 100 + n, takes: time.Second})
			}
			m.pass(10 * time.Second)
			if n := m.group().Len(); n != 4 || len(m.handled) < 90 {
				t.Errorf("seed %d: %d members, %d handled", seed, n, len(m.handled))
			}
		})
	}
}

// TestBastionBug_ALowerBoundOfNoneIsOne: a group may be empty, and is filled when somebody needs it.
func TestBastionBug_ALowerBoundOfNoneIsOne(t *testing.T) {
	grind(t, 1, bastion.ChildSpec{Count: 1}, resizer.Spec{Min: resizer.None, Max: 4, Every: time.Second}, func(m *mill) {
		m.pass(time.Minute)
		if n := m.group().Len(); n != 0 {
			t.Fatalf("%d members", n)
		}
		if err := m.work.TellOne(outside, job{}); !errors.Is(err, distributor.ErrNoMembers) {
			t.Fatal(err)
		}
		for range 3 {
			m.check("Need", m.sup.Child("resizer").Tell(outside, resizer.Need{}))
		}
		if r := m.status(); r.Members != 1 {
			t.Errorf("%+v", r)
		}
		m.send(job{number: 1})
		m.pass(time.Minute)
		if n := m.group().Len(); n != 0 || len(m.handled) != 1 {
			t.Errorf("%d members, %v handled", n, m.handled)
		}
	})
}

// TestBastionBug_TheDownscaleThresholdIsNotUsed: between Idle and Backlog nothing changes, below Idle it does.
func TestBastionBug_TheDownscaleThresholdIsNotUsed(t *testing.T) {
	for idle, want := range map[float64]int{0.01: 4, 0.9: 1} {
		grind(t, 1, bastion.ChildSpec{Count: 4}, resizer.Spec{Max: 4, Every: time.Second, Backlog: 3, Idle: idle, Shrink: 1}, func(m *mill) {
			for n := range 50 { // one message is always in hand: a quarter for each of four
				m.send(job{number: n, takes: time.Second})
				m.pass(time.Second)
			}
			if n := m.group().Len(); n != want {
				t.Errorf("with Idle %v: %d members", idle, n)
			}
		})
	}
}

// TestResizer_TimeInQueue: few messages that take long are too many, if Wait says so.
func TestResizer_TimeInQueue(t *testing.T) {
	for wait, grows := range map[time.Duration]bool{0: false, time.Second: true, time.Hour: false} {
		grind(t, 1, bastion.ChildSpec{Count: 2}, resizer.Spec{Min: 2, Max: 6, Every: 5 * time.Second, Backlog: 100, Wait: wait}, func(m *mill) {
			for n := range 30 {
				m.send(job{number: n, takes: 2 * time.Second})
			}
			m.pass(12 * time.Second)
			if n := m.group().Len(); n > 2 != grows {
				t.Errorf("with Wait %v: %d members", wait, n)
			}
		})
	}
}

// TestResizer_UnderLoadWithCrashes: workers crash, the resizer is killed and restarted, members come and go. Every
// accepted message is handled once, or failed, or is a dead letter of one that crashed while it drained.
func TestResizer_UnderLoadWithCrashes(t *testing.T) {
	for seed := range uint64(200) {
		grind(t, seed, bastion.ChildSpec{Count: 2, Backoff: bastion.Constant{Delay: 200 * time.Millisecond}},
			resizer.Spec{Min: 1, Max: 6, Every: 300 * time.Millisecond, Calm: 1, Shrink: 0.5}, func(m *mill) {
				busy := 2
				for s := range 2 {
					m.Go(fmt.Sprint("sender ", s), func() {
						for n := range 30 {
							m.send(job{number: s*1000 + n, takes: time.Duration(m.sys.Random(200)) * time.Millisecond, fails: m.sys.Random(8) == 0})
							if m.sys.Random(3) == 0 {
								m.pass(time.Duration(m.sys.Random(1000)) * time.Millisecond)
							}
						}
						busy--
					})
				}
				for range 3 {
					m.pass(time.Second)
					m.check("kill", m.sup.Child("resizer").Exit(outside, errBoom))
				}
				m.Wait("the senders", nil, func() bool { return busy == 0 })
				m.pass(30 * time.Second)
				if n := m.group().Len(); n != 1 {
					t.Errorf("seed %d: %d members at rest", seed, n)
				}
			})
	}
}

// TestResizer_IsMadeAnewWithItsGroup: it goes on where it finds the group.
func TestResizer_IsMadeAnewWithItsGroup(t *testing.T) {
	grind(t, 1, bastion.ChildSpec{Count: 1}, resizer.Spec{Min: 3, Max: 6, Every: time.Second}, func(m *mill) {
		m.pass(1500 * time.Millisecond)
		if n := m.group().Len(); n != 3 {
			t.Errorf("%d members", n)
		}
		m.check("restart", m.group().Restart(outside))
		m.pass(1500 * time.Millisecond)
		if n := m.group().Len(); n != 3 {
			t.Errorf("%d members after the group's restart", n)
		}
		m.check("restart", m.sup.Child("resizer").Restart(outside))
		m.pass(1500 * time.Millisecond)
		if n := m.group().Len(); n != 3 || m.status().Members != 3 {
			t.Errorf("%d members after the resizer's restart", n)
		}
	})
}

// TestResizer_Events: each change is a note, and what cannot be started is said.
func TestResizer_Events(t *testing.T) {
	grind(t, 1, bastion.ChildSpec{Count: 1, Callbacks: bastion.Callbacks{AfterStart: func(ctx *bastion.Context) error {
		if ctx.Index() >= 2 {
			return errBoom
		}
		return nil
	}}}, resizer.Spec{Min: 3, Max: 6, Every: time.Second}, func(m *mill) {
		events := m.sys.Events(100)
		m.pass(1500 * time.Millisecond)
		if len(m.resized) != 1 || m.resized[0].From != 1 || m.resized[0].To != 2 || !errors.Is(m.resized[0].Err, errBoom) {
			t.Fatalf("%+v", m.resized)
		}
		for {
			e := must(events.Next(outside))
			if e.Kind == bastion.EventNote {
				if e.Path != "/sys/mill/resizer" || e.Text != m.resized[0].String() || !strings.Contains(e.Text, "from 1 to 2") {
					t.Errorf("%+v", e)
				}
				return
			}
		}
	})
}

func TestResizer_BadSpecNamesTheField(t *testing.T) {
	sys := must(bastion.New(bastion.Config{Name: "sys"}))
	for field, spec := range map[string]resizer.Spec{
		"Group": {}, "Min": {Group: "g", Min: -2}, "Max": {Group: "g", Max: -1}, "Every": {Group: "g", Every: -1}, "Backlog": {Group: "g", Backlog: -1},
		"Wait": {Group: "g", Wait: -1}, "Idle": {Group: "g", Idle: 1}, "Calm": {Group: "g", Calm: -1}, "Grow": {Group: "g", Grow: math.NaN()}, "Shrink": {Group: "g", Shrink: 1.1},
	} {
		_, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Name: "r", Start: resizer.Run(spec)}}})
		var bad *bastion.SpecError
		if !errors.As(err, &bad) || len(bad.Faults) != 1 || !strings.Contains(err.Error(), "Resizer."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := sys.Supervise(bastion.SupervisorSpec{Name: "s", Children: []bastion.ChildSpec{{Name: "r", Start: resizer.Run(resizer.Spec{Group: "g", Min: 5, Max: 3})}}})
	if err == nil || !strings.Contains(err.Error(), "Resizer.Max") {
		t.Error(err)
	}
}

// TestResizer_NoSuchGroup: it fails when it starts, and says which.
func TestResizer_NoSuchGroup(t *testing.T) {
	sys := must(bastion.New(bastion.Config{Name: "sys", Logger: slog.New(slog.DiscardHandler)}))
	must(sys.Supervise(bastion.SupervisorSpec{Name: "s", Intensity: bastion.NoRestarts, Children: []bastion.ChildSpec{{Name: "r", Start: resizer.Run(resizer.Spec{Group: "g"})}}}))
	if err := sys.Start(outside); err != nil && !errors.Is(err, bastion.ErrNoProcess) {
		t.Fatal(err)
	}
	if err := sys.Wait(); !errors.Is(err, bastion.ErrNoProcess) || !strings.Contains(err.Error(), `"g"`) {
		t.Error(err)
	}
}

func TestResized_String(t *testing.T) {
	got := []string{resizer.Resized{From: 1, To: 2, Backlog: 4.25, Wait: resizer.Forever}.String(), resizer.Resized{From: 2, To: 1, Wait: time.Second}.String()}
	if want := []string{"resized from 1 to 2 members: backlog 4.2 each, nothing moves", "resized from 2 to 1 members: backlog 0.0 each, wait 1s"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
