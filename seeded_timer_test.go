package bastion_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/executor"
)

// timerWorld is what the test itself knows of timers in a seeded run: it needs no lock there.
type timerWorld struct {
	t     *testing.T
	seed  uint64
	rng   *rand.Rand
	refs  []bastion.Ref
	made  []*madeTimer
	alive map[bastion.Ref]uint64 // the incarnation that ran last

	came, withdrawn, refused int
}

// A madeTimer is the message of the timer that it knows.
type madeTimer struct {
	timer    bastion.Timer
	owner    bastion.Ref
	inc      uint64 // of the owner; 0: it survives
	to       bastion.Ref
	due      time.Time
	every    time.Duration
	off      bool // Stop has returned
	received int
}

// on is what all processes of the world do with a message.
func (w *timerWorld) on(ctx *bastion.Context, msg any) error {
	w.alive[ctx.Self()] = ctx.Incarnation()
	m, ok := msg.(*madeTimer)
	if !ok {
		return react(ctx, msg)
	}
	w.came++
	m.received++
	now := ctx.System().Clock().Now()
	switch {
	case m.off:
		w.t.Errorf("seed %d: a message arrived after Stop had returned", w.seed)
	case m.inc > 0 && w.alive[m.owner] > m.inc:
		w.t.Errorf("seed %d: a message of incarnation %d of %v arrived in the time of %d", w.seed, m.inc, m.owner, w.alive[m.owner])
	case m.every == 0 && m.received > 1:
		w.t.Errorf("seed %d: one message came %d times", w.seed, m.received)
	case now.Before(m.due):
		w.t.Errorf("seed %d: it came %v too early", w.seed, m.due.Sub(now))
	}
	if m.every > 0 {
		m.due = m.due.Add(m.every) // at least
	}
	return nil
}

// do is one thing that a process may do with timers.
func (w *timerWorld) do(ctx *bastion.Context) error {
	d := time.Duration(w.rng.IntN(8)) * time.Millisecond
	switch n := w.rng.IntN(20); {
	case n < 10:
		return w.set(ctx, d, n%3 == 0, n == 9)
	case n < 16 && len(w.made) > 0:
		m := w.made[w.rng.IntN(len(w.made))]
		if m.to != ctx.Self() {
			return nil // of a receiver elsewhere Stop may say that it is just receiving
		}
		if m.timer.Stop() {
			w.withdrawn++
		}
		m.off = true
	case n < 18:
		return ctx.Sleep(d)
	case n == 18:
		return errBoom
	}
	return nil
}

func (w *timerWorld) set(ctx *bastion.Context, d time.Duration, again, survives bool) error {
	m := &madeTimer{owner: ctx.Self(), inc: ctx.Incarnation(), to: w.refs[w.rng.IntN(len(w.refs))], due: ctx.System().Clock().Now().Add(d)}
	spec := bastion.TimerSpec{To: m.to, Message: m, After: d, Survives: survives}
	if again {
		m.every = d + time.Millisecond
		spec.Every = m.every
		if d == 0 {
			m.due = m.due.Add(m.every)
		}
	}
	if survives {
		m.inc = 0
	}
	var err error
	if m.timer, err = ctx.SetTimer(spec); err != nil {
		w.refused++
		if !errors.Is(err, bastion.ErrEnded) {
			return err
		}
		return nil
	}
	w.made = append(w.made, m)
	return nil
}

// Whatever order things happen in, Stop that has returned has stopped, nothing of an incarnation outlives it, nothing
// comes twice or too early, and the books balance.
func TestT2_StopFireCrashInManyOrders(t *testing.T) {
	came, withdrawn, restarts := 0, 0, uint64(0)
	for seed := range uint64(400) {
		w := &timerWorld{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), alive: map[bastion.Ref]uint64{}}
		spec := bastion.SupervisorSpec{Intensity: bastion.Unlimited}
		for i, name := range []string{"a", "b", "c", "d"} {
			spec.Children = append(spec.Children, bastion.ChildSpec{Name: name, Start: kinds[i%2].make(w.on), DropMailbox: i == 3})
		}
		seeded(t, executor.SeededConfig{Seed: seed}, spec, func(r *seededRig) {
			for _, c := range spec.Children {
				w.refs = append(w.refs, r.sup.Child(c.Name))
			}
			for range 40 {
				r.tell(spec.Children[w.rng.IntN(4)].Name, do(w.do))
				if w.rng.IntN(4) == 0 {
					r.rest()
				}
			}
			for range 20 {
				r.rest()
			}
			for _, m := range w.made {
				withdrawnBefore := m.timer.Stop()
				m.off = withdrawnBefore || m.off
			}
			for range 10 {
				r.rest()
			}
			for _, ref := range w.refs {
				n, err := r.sys.Inspector().Node(ref.Path())
				if err != nil || n.Timers != 0 {
					t.Errorf("seed %d: %v has %d timers left, %v", seed, ref, n.Timers, err)
				}
				restarts += n.Incarnation - 1
			}
		})
		came, withdrawn = came+w.came, withdrawn+w.withdrawn
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if came == 0 || withdrawn == 0 || restarts == 0 {
		t.Errorf("%d came, %d were stopped, %d restarts: one of them was never tried", came, withdrawn, restarts)
	}
	t.Logf("%d came, %d were stopped, %d restarts", came, withdrawn, restarts)
}
