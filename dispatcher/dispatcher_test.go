package dispatcher_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/dispatcher"
	"github.com/bastion-go/bastion/distributor"
	"github.com/bastion-go/bastion/executor"
)

var (
	outside = context.Background()
	errBoom = errors.New("boom")
)

// A ledger counts what each process has handled.
type ledger struct {
	mu    sync.Mutex
	count map[string]int
}

func (l *ledger) note(by string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = map[string]int{}
	}
	l.count[by]++
}

func (l *ledger) total() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.count {
		n += c
	}
	return n
}

type fail struct{}

// flush is answered when all before it is handled.
type flush struct{ bastion.Returns[bool] }

func (l *ledger) worker() bastion.Behavior {
	return bastion.Handle(func() bastion.Receiver {
		return bastion.ReceiverFunc(func(ctx *bastion.Context, msg any) error {
			switch q := msg.(type) {
			case flush:
				return q.Reply(ctx, true)
			case fail:
				return errBoom
			}
			l.note(ctx.Self().Path())
			return nil
		})
	})
}

// A recorder notes what it is told of, in a form to compare.
type recorder struct {
	dispatcher.ToEveryone
	mu    sync.Mutex
	notes []dispatcher.Notification
	then  func(g *dispatcher.Group, n dispatcher.Notification)
}

func (r *recorder) Notify(g *dispatcher.Group, n dispatcher.Notification) {
	r.mu.Lock()
	r.notes = append(r.notes, n)
	r.mu.Unlock()
	if r.then != nil {
		r.then(g, n)
	}
}

func (r *recorder) told() []dispatcher.Notification {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func newSystem(t *testing.T, run *executor.Seeded) *bastion.System {
	t.Helper()
	return must(bastion.New(bastion.Config{Name: "sys", Seeded: run, Logger: slog.New(slog.DiscardHandler)}))
}

// up supervises and starts these children, and stops the system at the end.
func up(t *testing.T, sys *bastion.System, children ...bastion.ChildSpec) *bastion.Supervisor {
	t.Helper()
	sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: children}))
	wantErr(t, "start", sys.Start(outside), nil)
	t.Cleanup(func() { wantErr(t, "stop", sys.Stop(outside), nil) })
	return sup
}

func settle(t *testing.T, refs ...bastion.Ref) {
	t.Helper()
	for a := range bastion.AskEach(outside, refs, flush{}) {
		wantErr(t, "flush", a.Err, nil)
	}
}

// TestBastionBug_ABroadcastReachesOne: by default a broadcast to a group reaches each of it, once, and nobody else.
func TestBastionBug_ABroadcastReachesOne(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	d := dispatcher.New(sys)
	g := must(d.Named("rooms", nil))
	sup := up(t, sys, g.Join(bastion.ChildSpec{Name: "rooms", Count: 3, Start: l.worker()}), bastion.ChildSpec{Name: "other", Start: l.worker()})
	results, err := d.Broadcast(outside, "rooms", "fire")
	if err != nil || len(results) != 3 {
		t.Fatal(results, err)
	}
	settle(t, append(g.Members(), sup.Child("other"))...)
	if l.total() != 3 || l.count["/sys/sup/other"] != 0 || l.count["/sys/sup/rooms/1"] != 1 {
		t.Error(l.count)
	}
}

// TestBastionBug_BroadcastToAllMissesGroups: every group gets it, the anonymous ones and each by its own handler.
func TestBastionBug_BroadcastToAllMissesGroups(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	d := dispatcher.New(sys)
	every, one, nameless := must(d.Named("every", nil)), must(d.Named("one", dispatcher.ToOne{})), d.Anonymous(nil)
	must(d.Named("empty", nil))
	second := d.Anonymous(nil)
	sup := up(t, sys, every.Join(bastion.ChildSpec{Name: "every", Count: 3, Start: l.worker()}),
		one.Join(bastion.ChildSpec{Name: "one", Count: 3, Start: l.worker()}),
		nameless.Join(bastion.ChildSpec{Name: "nameless", Count: 2, Start: l.worker()}),
		bastion.ChildSpec{Name: "second", Start: l.worker()})
	wantErr(t, "register", second.Register(sup.Child("second")), nil)
	if _, err := d.BroadcastAll(outside, "fire"); err != nil {
		t.Fatal(err)
	}
	for _, g := range d.Groups() {
		settle(t, g.Members()...)
	}
	if l.total() != 3+1+2+1 || len(d.Groups()) != 5 {
		t.Error(l.count)
	}
	_, err := d.BroadcastAll(outside, nil)
	wantErr(t, "nil", err, bastion.ErrNilMessage)
}

// TestBastionBug_DispatchersAreNotRegistered: however a child comes in, its group hears of it.
func TestBastionBug_DispatchersAreNotRegistered(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	g := must(dispatcher.New(sys).Named("rooms", nil))
	sup := up(t, sys, g.Join(bastion.ChildSpec{Name: "declared", Start: l.worker()}), g.Join(bastion.ChildSpec{Name: "group", Group: true, Start: l.worker()}),
		bastion.ChildSpec{Name: "below", Start: bastion.Subtree(bastion.SupervisorSpec{Children: []bastion.ChildSpec{g.Join(bastion.ChildSpec{Name: "deep", Start: l.worker()})}})})
	want := []bastion.Ref{sup.Child("declared"), sup.Supervisor("below").Child("deep")}
	want = append(want, must(sup.Group("group").Spawn(outside)))
	want = append(want, must(sup.Insert(outside, g.Join(bastion.ChildSpec{Name: "inserted", Start: l.worker()}), bastion.Position{})).Ref)
	wantErr(t, "supervise", must(sys.Supervise(bastion.SupervisorSpec{Name: "late", Children: []bastion.ChildSpec{g.Join(bastion.ChildSpec{Name: "root", Start: l.worker()})}})).Restart(outside, "root"), nil)
	want = append(want, must(sys.Lookup("/sys/late/root")))
	if !slices.Equal(g.Members(), want) {
		t.Errorf("%v, want %v", g.Members(), want)
	}
}

// TestBastionBug_StoppingOneGroupUnregistersAnother: groups of children that share a group here leave it one by one.
func TestBastionBug_StoppingOneGroupUnregistersAnother(t *testing.T) {
	for seed := range uint64(50) {
		run := must(executor.NewSeeded(executor.SeededConfig{Seed: seed}))
		err := run.Run(func() {
			var l ledger
			sys := newSystem(t, run)
			d := dispatcher.New(sys)
			g := must(d.Named("rooms", nil))
			sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "sup", Children: []bastion.ChildSpec{
				g.Join(bastion.ChildSpec{Name: "a", Count: 3, Start: l.worker()}), g.Join(bastion.ChildSpec{Name: "b", Count: 2, Start: l.worker()}),
			}}))
			wantErr(t, "start", sys.Start(outside), nil)
			wantErr(t, "stop", sup.Group("a").Stop(outside), nil)
			run.Wait("a is gone", nil, func() bool { return len(g.Members()) == 2 })
			if d.Group("rooms") != g || !slices.Equal(g.Members(), sup.Group("b").Members()) {
				t.Errorf("seed %d: %v", seed, g.Members())
			}
			wantErr(t, "stop", sys.Stop(outside), nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestBastionBug_ADeadMemberPanicsTheSender: it is a result.
func TestBastionBug_ADeadMemberPanicsTheSender(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	d := dispatcher.New(sys)
	g, one := d.Anonymous(nil), must(d.Named("one", dispatcher.ToOne{Strategy: distributor.Random{}}))
	sup := up(t, sys, bastion.ChildSpec{Name: "a", Start: l.worker()}, bastion.ChildSpec{Name: "b", Start: l.worker()})
	for _, name := range []string{"a", "b"} {
		wantErr(t, "register", g.Register(sup.Child(name)), nil)
		wantErr(t, "register", one.Register(sup.Child(name)), nil)
	}
	wantErr(t, "stop", sup.Child("a").Stop(outside), nil)
	results, err := g.Broadcast(outside, 1)
	if err != nil || len(results) != 2 || !errors.Is(results[0].Err, bastion.ErrStopped) || results[1].Err != nil {
		t.Error(results, err)
	}
	for range 10 {
		_, err = one.Broadcast(outside, 1)
		wantErr(t, "to the living one", err, nil)
	}
	wantErr(t, "stop", sup.Child("b").Stop(outside), nil)
	_, err = one.Broadcast(outside, 1)
	wantErr(t, "to the dead", err, bastion.ErrStopped)
}

func TestDispatcher_Names(t *testing.T) {
	sys := newSystem(t, nil)
	d := dispatcher.New(sys)
	g := must(d.Named("rooms", nil))
	_, err := d.Named("rooms", dispatcher.ToOne{})
	wantErr(t, "twice", err, dispatcher.ErrTaken)
	var bad *bastion.SpecError
	if _, err := d.Named("", nil); !errors.As(err, &bad) {
		t.Error(err)
	}
	if d.Group("rooms") != g || d.Group("halls") != nil || g.Name() != "rooms" || d.Anonymous(nil).Name() != "" || len(d.Groups()) != 2 {
		t.Error(d.Groups())
	}
	_, err = d.Broadcast(outside, "halls", 1)
	wantErr(t, "unknown", err, dispatcher.ErrNoGroup)
	_, err = g.Broadcast(outside, 1)
	wantErr(t, "empty", err, distributor.ErrNoMembers)
	wantErr(t, "nobody", g.Register(bastion.Ref{}), bastion.ErrNoProcess)
}

// TestHandler_IsToldInOrder: of each change once, in the order in which they happen, by one goroutine at a time, also
// when it changes the group itself while it is told.
func TestHandler_IsToldInOrder(t *testing.T) {
	for seed := range uint64(150) {
		run := must(executor.NewSeeded(executor.SeededConfig{Seed: seed}))
		err := run.Run(func() {
			var l ledger
			sys := newSystem(t, run)
			inside := 0
			rec := &recorder{then: func(g *dispatcher.Group, n dispatcher.Notification) {
				if inside++; inside != 1 {
					t.Errorf("seed %d: told by two at once", seed)
				}
				run.Point()
				if n.Ref.Name() == "banned" && n.Kind == dispatcher.Registered {
					g.Remove(n.Ref)
				}
				inside--
			}}
			g := dispatcher.New(sys).Anonymous(rec)
			sup := must(sys.Supervise(bastion.SupervisorSpec{Name: "sup", Intensity: bastion.Unlimited, Children: []bastion.ChildSpec{
				g.Join(bastion.ChildSpec{Name: "g", Count: 4, Start: l.worker(), Intensity: bastion.Unlimited}),
				g.Join(bastion.ChildSpec{Name: "banned", Start: l.worker()}),
			}}))
			wantErr(t, "start", sys.Start(outside), nil)
			busy := 3
			for i := range 3 {
				run.Go("churn", func() {
					if ref, err := sup.Group("g").Spawn(outside); err == nil {
						_ = ref.Tell(outside, fail{})
						_ = ref.Drain(outside)
					}
					_ = sup.Group("g").Member(i).Stop(outside)
					busy--
				})
			}
			run.Wait("the churn", nil, func() bool { return busy == 0 })
			wantErr(t, "stop", sys.Stop(outside), nil)
			run.Wait("all are gone", nil, func() bool { return len(g.Members()) == 0 })
			in := map[bastion.Ref]bool{}
			for _, n := range rec.told() {
				if in[n.Ref] == (n.Kind == dispatcher.Registered) {
					t.Errorf("seed %d: %v of %v out of order: %v", seed, n.Kind, n.Ref, rec.told())
				}
				in[n.Ref] = n.Kind == dispatcher.Registered
			}
			if len(in) != 8 {
				t.Errorf("seed %d: told of %d processes", seed, len(in))
			}
		})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// TestHandler_APanicIsTheRegistrars: a child that joins does not start; what follows is told all the same.
func TestHandler_APanicIsTheRegistrars(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	panics := 1
	rec := &recorder{then: func(_ *dispatcher.Group, n dispatcher.Notification) {
		if n.Kind == dispatcher.Registered && panics > 0 {
			panics--
			panic("no entry")
		}
	}}
	g := dispatcher.New(sys).Anonymous(rec)
	sup := up(t, sys, bastion.ChildSpec{Name: "g", Group: true, Start: l.worker()})
	spec := g.Join(bastion.ChildSpec{Name: "joins", Start: l.worker(), Restart: bastion.Temporary})
	var failed *bastion.StartError
	if _, err := sup.Insert(outside, spec, bastion.Position{}); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	wantErr(t, "register", g.Register(must(sup.Group("g").Spawn(outside))), nil)
	if n := rec.told(); n[len(n)-1].Kind != dispatcher.Registered {
		t.Error(n)
	}
}

func TestGroup_Close(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	d := dispatcher.New(sys)
	rec := new(recorder)
	g := must(d.Named("rooms", rec))
	sup := up(t, sys, g.Join(bastion.ChildSpec{Name: "g", Count: 2, Start: l.worker()}))
	g.Close()
	g.Close()
	if n := rec.told(); len(n) != 4 || n[3].Kind != dispatcher.Removed || len(g.Members()) != 0 || d.Group("rooms") != nil {
		t.Error(rec.told(), g.Members())
	}
	wantErr(t, "register", g.Register(sup.Group("g").Member(0)), dispatcher.ErrNoGroup)
	_, err := g.Broadcast(outside, 1)
	wantErr(t, "broadcast", err, dispatcher.ErrNoGroup)
	if _, err := sup.Group("g").Spawn(outside); err != nil {
		t.Errorf("a closed group fails who would join: %v", err)
	}
	if again := must(d.Named("rooms", nil)); d.Group("rooms") != again {
		t.Error("the name did not come back")
	}
	if dispatcher.Registered.String() != "registered" || dispatcher.Removed.String() != "removed" || fmt.Sprint(dispatcher.NotificationKind(9)) != "unknown" {
		t.Error("names of notifications")
	}
}

// TestGroup_RegisterTwice: by hand and by itself is once, and one Remove is enough.
func TestGroup_RegisterTwice(t *testing.T) {
	var l ledger
	sys := newSystem(t, nil)
	rec := new(recorder)
	g := dispatcher.New(sys).Anonymous(rec)
	sup := up(t, sys, g.Join(bastion.ChildSpec{Name: "c", Start: l.worker()}))
	c := sup.Child("c")
	wantErr(t, "register", g.Register(c), nil)
	wantErr(t, "fail", c.Tell(outside, fail{}), nil)
	settle(t, c)
	if n := rec.told(); len(n) != 1 || len(g.Members()) != 1 || g.Distributor().Len() != 1 {
		t.Error(n)
	}
	if !g.Remove(c) || g.Remove(c) || len(rec.told()) != 2 {
		t.Error(rec.told())
	}
}
