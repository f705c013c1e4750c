package bastion_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
)

// TestStress does everything at once to a tree of a hundred processes, from several goroutines and from inside the
// processes, and then asks for what the contracts promise whatever happened: D1 and D2 for every message, D4 to the
// message, D6 for every ask, L11 at the end.
//
// BASTION_SEEDS is how many seeds are run (3), BASTION_SEED runs one again. A seed fixes what is tried, not how the
// goroutines interleave.
func TestStress(t *testing.T) {
	if one := os.Getenv("BASTION_SEED"); one != "" {
		seed, err := strconv.ParseUint(one, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		stressOnce(t, seed)
		return
	}
	seeds := 3
	if s := os.Getenv("BASTION_SEEDS"); s != "" {
		var err error
		if seeds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for i := range seeds {
		if !t.Run("seed"+strconv.Itoa(i), func(t *testing.T) { stressOnce(t, uint64(i)) }) {
			t.Fatalf("seed %d failed: BASTION_SEED=%d runs it again", i, i)
		}
	}
}

const (
	stressDrivers = 6
	stressSteps   = 120
	stressPatient = 10 * time.Second // for one order; every shutdown time here is far shorter
	stressLimit   = time.Minute      // for a whole seed
)

// A stressWorld is one run of one seed.
type stressWorld struct {
	t    *testing.T
	seed uint64
	sys  *bastion.System
	log  *stressLog

	names atomic.Uint64 // for children that are added
	quiet atomic.Bool   // nothing new is begun
	held  stressHeld
	ties  stressTies

	mu      sync.Mutex
	targets []bastion.Ref
	supers  []*bastion.Supervisor
	groups  []*bastion.Group
	added   []stressAdded // children that may be removed
}

type stressAdded struct {
	under *bastion.Supervisor
	name  string
}

func stressOnce(t *testing.T, seed uint64) {
	defer stressWatchdog(seed)()
	before := goroutines()
	w := &stressWorld{t: t, seed: seed, log: newStressLog()}
	w.build()
	letters := w.sys.DeadLetters(1 << 16)
	events := w.sys.Events(1 << 16)
	var watchers sync.WaitGroup
	watchers.Go(func() { w.log.readLetters(letters) })
	watchers.Go(func() { w.log.readEvents(events) })
	w.beforeStart()
	if err := w.sys.Start(t.Context()); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	var drivers sync.WaitGroup
	for i := range stressDrivers {
		drivers.Go(func() { w.drive(uint64(i)) })
	}
	driven := make(chan struct{})
	watchers.Go(func() { w.answerHeld(driven) })
	drivers.Wait()
	close(driven)
	w.rest()
	w.stop()
	watchers.Wait()
	if left := newGoroutines(before); left != "" {
		t.Errorf("seed %d: still there:\n%s", seed, left)
	}
	w.log.check(t, seed, w.sys.Inspector().Books(), w.ties.received())
	if n := letters.Missed() + events.Missed(); n > 0 {
		t.Errorf("seed %d: the watchers missed %d: make their buffers larger", seed, n)
	}
}

// answerHeld answers what processes hold a moment after they began to.
func (w *stressWorld) answerHeld(until <-chan struct{}) {
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			w.held.answerAll()
		case <-until:
			return
		}
	}
}

// stressWatchdog ends the program if the seed takes too long.
func stressWatchdog(seed uint64) (stop func()) {
	timer := time.AfterFunc(stressLimit, func() {
		all := make([]byte, 16<<20)
		fmt.Fprintf(os.Stderr, "stress: seed %d hangs\n%s\n", seed, all[:runtime.Stack(all, true)])
		os.Exit(1)
	})
	return func() { timer.Stop() }
}

// beforeStart: what is told before the start is kept.
func (w *stressWorld) beforeStart() {
	d := stressSender{w: w, key: 1 << 50, rng: rand.New(rand.NewPCG(w.seed, 1<<50))}
	for range 20 {
		d.tell(context.Background(), w.target(d.rng), stressPlain, 1)
	}
}

// drive is one goroutine outside.
func (w *stressWorld) drive(id uint64) {
	d := stressSender{w: w, key: 1<<40 + id, rng: rand.New(rand.NewPCG(w.seed, id))}
	ctx := context.Background()
	for range stressSteps {
		switch n := d.rng.IntN(100); {
		case n < 50:
			for range 1 + d.rng.IntN(8) {
				d.tell(ctx, w.target(d.rng), d.op(), 2)
			}
		case n < 65:
			d.ask(ctx, w.target(d.rng), d.op())
		case n < 70:
			d.broadcast(ctx)
		default:
			w.order(ctx, d.rng)
		}
	}
}

// order does something to the tree and fails the test if that takes too long.
func (w *stressWorld) order(ctx context.Context, rng *rand.Rand) {
	ctx, cancel := context.WithTimeout(ctx, stressPatient)
	defer cancel()
	what, err := w.someOrder(ctx, rng)
	switch {
	case err == nil, errors.Is(err, bastion.ErrPending), errors.Is(err, bastion.ErrStopped),
		errors.Is(err, bastion.ErrNoProcess), errors.Is(err, bastion.ErrEnded), errors.Is(err, context.Canceled):
	case errors.As(err, new(*bastion.StartError)):
	default:
		w.t.Errorf("seed %d: %s: %v\n%s", w.seed, what, err, treeText(w.sys.Inspector().Tree(), ""))
	}
}

func (w *stressWorld) someOrder(ctx context.Context, rng *rand.Rand) (what string, err error) {
	r := w.target(rng)
	switch rng.IntN(15) {
	case 12, 13:
		return "exit " + r.Path(), r.Exit(ctx, []error{errStress, nil, bastion.ErrShutdown}[rng.IntN(3)])
	case 14:
		return "exit and kill " + r.Path(), r.Exit(ctx, bastion.ErrKilled)
	case 0:
		return "stop " + r.Path(), r.Stop(ctx)
	case 1:
		return "kill " + r.Path(), r.Kill(ctx)
	case 2:
		return "drain " + r.Path(), r.Drain(ctx)
	case 3, 4, 5:
		s := w.super(rng)
		name := w.childOf(s, rng)
		return "restart " + s.Path() + "/" + name, s.Restart(ctx, name)
	case 6:
		return "add", w.add(ctx, rng)
	case 7:
		return "remove", w.remove(ctx, rng)
	case 8, 9:
		g := w.group(rng)
		ref, err := g.Spawn(ctx)
		w.know(ref)
		return "spawn in " + g.Path(), err
	case 10:
		s := w.super(rng)
		return "move in " + s.Path(), s.Move(ctx, w.childOf(s, rng), bastion.Position{Before: w.childOf(s, rng)})
	}
	w.sys.Inspector().Books()
	w.sys.Inspector().Tree()
	return "inspect", nil
}

// add puts a child, a group or a subtree under some supervisor.
func (w *stressWorld) add(ctx context.Context, rng *rand.Rand) error {
	s, name := w.super(rng), "added"+strconv.FormatUint(w.names.Add(1), 10)
	var err error
	switch rng.IntN(3) {
	case 0:
		var ref bastion.Ref
		ref, err = s.Add(ctx, w.child(name, rng))
		w.know(ref)
	case 1:
		spec := w.child(name, rng)
		spec.Count = 3
		var g *bastion.Group
		if g, err = s.AddGroup(ctx, spec); err == nil {
			w.know(g.Members()...)
		}
	case 2:
		var sub *bastion.Supervisor
		sub, err = s.AddSupervisor(ctx, bastion.SupervisorSpec{
			Name: name, Strategy: bastion.Strategy(rng.IntN(3)), Intensity: bastion.Unlimited,
			Children: []bastion.ChildSpec{w.child("a", rng), w.child("b", rng)},
		})
		if err == nil {
			w.know(sub.Child("a"), sub.Child("b"))
		}
	}
	if err == nil {
		w.mu.Lock()
		w.added = append(w.added, stressAdded{s, name})
		w.mu.Unlock()
	}
	return err
}

func (w *stressWorld) remove(ctx context.Context, rng *rand.Rand) error {
	w.mu.Lock()
	if len(w.added) == 0 {
		w.mu.Unlock()
		return nil
	}
	i := rng.IntN(len(w.added))
	a := w.added[i]
	w.added = append(w.added[:i:i], w.added[i+1:]...)
	w.mu.Unlock()
	return a.under.Remove(ctx, a.name)
}

// rest waits until nothing moves any more, with everybody alive answering what they hold.
func (w *stressWorld) rest() {
	w.quiet.Store(true)
	w.held.answerAll()
	eventually(w.t, func() bool {
		w.held.answerAll()
		b := w.sys.Inspector().Books()
		return !b.Live && b.InHand == 0 && b.Mailboxes == 0 && b.Balanced() && w.log.asking.Load() == 0
	}, func() string {
		return fmt.Sprintf("seed %d: no rest: %v, asks under way %d, working outside %d\n%s", w.seed,
			w.sys.Inspector().Books(), w.log.asking.Load(), w.log.outside.Load(), stacks())
	})
}

func (w *stressWorld) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stressPatient)
	defer cancel()
	began := time.Now()
	err := w.sys.Stop(ctx)
	if took := time.Since(began); took > stressPatient {
		w.t.Errorf("seed %d: Stop took %v", w.seed, took)
	}
	// A loaded machine may let code that does return in time look as if it did not.
	if err != nil && !errors.Is(err, bastion.ErrAbandoned) {
		w.t.Errorf("seed %d: Stop: %v", w.seed, err)
	}
	if err := w.sys.Wait(); err != nil {
		w.t.Errorf("seed %d: the system stopped by itself: %v", w.seed, err)
	}
}

// The tree.

func (w *stressWorld) build() {
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	sys, err := bastion.New(bastion.Config{Name: "stress", Logger: quiet, Watchdog: -1, Intensity: bastion.Unlimited})
	if err != nil {
		w.t.Fatal(err)
	}
	w.sys = sys
	rng := rand.New(rand.NewPCG(w.seed, 1<<51))
	for i := range 4 {
		spec := bastion.SupervisorSpec{
			Name: "s" + strconv.Itoa(i), Strategy: bastion.Strategy(i % 3),
			Intensity: bastion.Intensity{Max: 20 + rng.IntN(40), Within: time.Second},
		}
		for j := range 6 {
			spec.Children = append(spec.Children, w.child("c"+strconv.Itoa(j), rng))
		}
		group := w.child("g", rng)
		group.Count, group.Intensity = 13, bastion.Intensity{Max: 50, Within: time.Second}
		deeper := bastion.SupervisorSpec{
			Name: "deep", Strategy: bastion.Strategy(rng.IntN(3)), Intensity: bastion.Intensity{Max: 10, Within: time.Second},
			Children: []bastion.ChildSpec{w.child("a", rng), w.child("b", rng), w.child("c", rng), w.child("d", rng), w.child("e", rng), w.child("f", rng)},
		}
		spec.Children = append(spec.Children, group, bastion.ChildSpec{Start: bastion.Subtree(deeper)})
		s, err := sys.Supervise(spec)
		if err != nil {
			w.t.Fatal(err)
		}
		w.register(s)
	}
}

func (w *stressWorld) register(s *bastion.Supervisor) {
	deep := s.Supervisor("deep")
	w.supers = append(w.supers, s, deep)
	w.groups = append(w.groups, s.Group("g"))
	for j := range 6 {
		w.know(s.Child("c" + strconv.Itoa(j)))
		w.know(deep.Child(string(rune('a' + j))))
	}
	w.know(s.Group("g").Members()...)
}

// know adds references to those that messages go to. Those whose processes have gone stay: sending to them is a case.
func (w *stressWorld) know(refs ...bastion.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range refs {
		switch {
		case r.IsZero():
		case len(w.targets) < 160:
			w.targets = append(w.targets, r)
		default:
			w.targets[100+int(r.ID()%60)] = r
		}
	}
}

func (w *stressWorld) target(rng *rand.Rand) bastion.Ref {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.targets[rng.IntN(len(w.targets))]
}

func (w *stressWorld) super(rng *rand.Rand) *bastion.Supervisor {
	return w.supers[rng.IntN(len(w.supers))]
}
func (w *stressWorld) group(rng *rand.Rand) *bastion.Group { return w.groups[rng.IntN(len(w.groups))] }

func (w *stressWorld) childOf(s *bastion.Supervisor, rng *rand.Rand) string {
	if s.Name() == "deep" {
		return string(rune('a' + rng.IntN(6)))
	}
	return []string{"c0", "c1", "c2", "c3", "c4", "c5", "g", "deep"}[rng.IntN(8)]
}
