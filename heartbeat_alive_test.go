package bastion_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bastion-go/bastion"
)

// A beat, from whichever goroutine of the incarnation, begins the interval anew.
func TestL12_BeatsKeepTheLongWorkAlive(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		work := func(ctx *bastion.Context) error {
			for range 20 {
				pass(beatEvery - 1)
				ctx.Beat()
			}
			return nil
		}
		r := rigOf(t, beating("c", kind, func(ctx *bastion.Context, msg any) error {
			switch msg {
			case "work":
				return work(ctx)
			case "delegate":
				done := make(chan struct{})
				err := ctx.Go(func(ctx *bastion.Context) error { defer close(done); return work(ctx) })
				<-done
				return err
			}
			return react(ctx, msg)
		}))
		r.tell("c", "work")
		r.tell("c", "delegate")
		pass(50 * beatEvery)
		if inc := r.sync(r.child("c")); inc != 1 {
			t.Errorf("incarnation %d", inc)
		}
	})
}

// Nothing to do is no silence, nor is one message after the other, however busy.
func TestL12_TheIdleAndTheBusyLive(t *testing.T) {
	bothBeating(t, func(t *testing.T, kind string) {
		r := rigOf(t, beating("c", kind, func(ctx *bastion.Context, msg any) error {
			if d, ok := msg.(time.Duration); ok {
				pass(d)
			}
			return react(ctx, msg)
		}))
		pass(100 * beatEvery)
		for range 50 {
			r.tell("c", beatEvery-1)
		}
		pass(50 * beatEvery)
		if inc := r.sync(r.child("c")); inc != 1 {
			t.Errorf("incarnation %d", inc)
		}
	})
}

// A loop that polls beats by each look into its mailbox; one that does not look, by ctx.Beat alone.
func TestL12_LoopsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		every := func(f func(ctx *bastion.Context) error) bastion.Behavior {
			return bastion.Loop(func(ctx *bastion.Context) error {
				for ctx.Sleep(beatEvery/2) == nil {
					if err := f(ctx); err != nil {
						return err
					}
				}
				return ctx.Err()
			})
		}
		r := rigOf(t,
			bastion.ChildSpec{Name: "polls", Heartbeat: beatEvery, Start: every(func(ctx *bastion.Context) error {
				_, _, err := ctx.TryRecv()
				return err
			})},
			bastion.ChildSpec{Name: "beats", Heartbeat: beatEvery, Start: every(func(ctx *bastion.Context) error { ctx.Beat(); return nil })},
			bastion.ChildSpec{Name: "neither", Heartbeat: beatEvery, Start: every(func(*bastion.Context) error { return nil })},
		)
		for range 10 {
			if e := r.await(bastion.EventFailed, "/sys/sup/neither"); !errors.Is(e.Reason, bastion.ErrNoHeartbeat) {
				t.Fatal(e.Reason)
			}
		}
		for _, name := range []string{"polls", "beats"} {
			if n := rigNode(t, r, name); n.Incarnation != 1 {
				t.Errorf("%s has incarnation %d", name, n.Incarnation)
			}
		}
	})
}

func rigNode(t *testing.T, r *rig, name string) bastion.Node {
	t.Helper()
	n, err := r.sys.Inspector().Node("/sys/sup/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The answers of AskThen are finished pieces of work, too.
func TestL12_AnswersBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rigOf(t,
			beating("c", "handler", func(ctx *bastion.Context, msg any) error {
				if msg == "ask" {
					server, _ := ctx.System().Lookup("/sys/sup/server")
					for range 10 {
						err := bastion.AskThen(ctx, server, barrier{}, func(*bastion.Context, uint64, error) error {
							pass(beatEvery - 1)
							return nil
						})
						if err != nil {
							return err
						}
					}
					pass(time.Second) // all answers are there
					return nil
				}
				return react(ctx, msg)
			}),
			bastion.ChildSpec{Name: "server", Start: actor()})
		r.tell("c", "ask")
		pass(12 * beatEvery)
		if inc := r.sync(r.child("c")); inc != 1 {
			t.Errorf("incarnation %d", inc)
		}
	})
}

// Starts are bounded by the start timeout, ends by the shutdown time: the interval counts in between.
func TestL12_StartsAndEndsAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func() { pass(2 * beatLate) }
		h := hooked{
			start: func(*bastion.Context) error { slow(); return nil },
			stop:  func(*bastion.Context, error) error { slow(); return nil },
			on: func(ctx *bastion.Context, msg any) error {
				if msg == "slow" {
					<-ctx.Stopping()
					slow()
				}
				return nil
			},
		}
		long := time.Hour
		r := rigOf(t,
			bastion.ChildSpec{Name: "h", Heartbeat: beatEvery, Shutdown: long, Start: withHooks(h), Callbacks: bastion.Callbacks{
				AfterStart: func(*bastion.Context) error { slow(); return nil },
			}},
			bastion.ChildSpec{Name: "l", Heartbeat: beatEvery, Shutdown: long, WaitReady: true, Start: bastion.Loop(func(ctx *bastion.Context) error {
				slow()
				ctx.Ready()
				_, err := ctx.Recv()
				slow()
				return err
			})})
		r.tell("h", "slow")
		for _, name := range []string{"h", "l"} {
			ref := r.child(name)
			if err := ref.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if e := r.await(bastion.EventStopped, ref.Path()); !errors.Is(e.Reason, bastion.ErrShutdown) {
				t.Errorf("%s: %v", name, e.Reason)
			}
		}
	})
}

// In real time and among many, those and only those fail that hang (the interval is long for what is not stuck).
func TestL12_ManyInRealTime(t *testing.T) {
	const members = 64
	gate := make(chan struct{})
	defer close(gate)
	on := func(ctx *bastion.Context, msg any) error {
		if msg == "wait" && ctx.Incarnation() == 1 {
			<-ctx.Done()
		}
		ctx.Beat()
		return react(ctx, msg)
	}
	quick := bastion.ChildSpec{Name: "quick", Count: members, Intensity: bastion.Unlimited, Heartbeat: 20 * time.Millisecond, Start: withHooks(hooked{on: on})}
	calm := bastion.ChildSpec{Name: "calm", Count: members, Heartbeat: time.Hour, Start: loopOn(on)}
	r := rigOf(t, quick, calm)
	stop := make(chan struct{})
	var senders sync.WaitGroup
	for _, g := range []string{"quick", "calm"} {
		for _, m := range r.sup.Group(g).Members() {
			senders.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						r.sync(m)
					}
				}
			})
		}
	}
	var hung []string
	for i := 0; i < members; i += 2 {
		m := r.sup.Group("quick").Member(i)
		hung = append(hung, m.Path())
		if err := m.Tell(t.Context(), "wait"); err != nil {
			t.Fatal(err)
		}
	}
	for left := len(hung); left > 0; { // others may fail as well, where the machine holds a thread up
		e := rigRecv(t, "a failure", r.events.C())
		if e.Kind == bastion.EventFailed && e.Incarnation == 1 && slices.Contains(hung, e.Path) {
			left--
		}
		if e.Kind == bastion.EventFailed && (!errors.Is(e.Reason, bastion.ErrNoHeartbeat) || strings.HasPrefix(e.Path, "/sys/sup/calm")) {
			t.Error(fmt.Sprint(e.Path, " ", e.Reason))
		}
	}
	close(stop)
	senders.Wait()
}
