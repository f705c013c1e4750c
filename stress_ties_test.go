package bastion_test

import (
	"errors"
	"sync"

	"github.com/bastion-go/bastion"
)

// stressTies is the test's own account of links and monitors: what has come, and what may not come any more.
type stressTies struct {
	mu       sync.Mutex
	monitors map[bastion.Monitor]*stressMonitor
	notices  uint64 // Downs and trapped Exits that were received, all of which the books have accepted
}

// A stressMonitor is one monitor.
type stressMonitor struct {
	owner bastion.Ref
	inc   uint64 // of the owner
	span  bastion.Span
	last  uint64 // incarnation of its last Down
	over  bool   // it has fired for the last time, or Demonitor has returned
}

// tie plays with the links and monitors of the process whose Context it is, on its own goroutine.
func (w *stressWorld) tie(ctx *bastion.Context, s stressSender) error {
	to := w.target(s.rng)
	var err error
	switch n := s.rng.IntN(16); n {
	case 0, 1:
		err = ctx.Link(to)
	case 2:
		ctx.Unlink(to)
	case 3, 4:
		ctx.TrapExits(n == 3)
	case 5, 6:
		w.ties.demonitor(ctx, s.rng.IntN(3))
	case 7:
		return ctx.Exit([]error{errStress, nil, bastion.ErrShutdown}[s.rng.IntN(3)])
	case 8:
		err = to.Exit(ctx, errStress)
	default:
		err = w.ties.monitor(ctx, to, bastion.Span(n%3))
	}
	if errors.Is(err, bastion.ErrEnded) || errors.Is(err, bastion.ErrNoProcess) || errors.Is(err, bastion.ErrStopped) {
		return nil
	}
	return err
}

// monitor makes one, and knows it before its owner can have received anything of it: on the same goroutine.
func (s *stressTies) monitor(ctx *bastion.Context, to bastion.Ref, span bastion.Span) error {
	m, err := ctx.Monitor(to, span)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.monitors == nil {
		s.monitors = make(map[bastion.Monitor]*stressMonitor)
	}
	s.monitors[m] = &stressMonitor{owner: ctx.Self(), inc: ctx.Incarnation(), span: span}
	return nil
}

// demonitor ends some of the incarnation's monitors, and some that may be those of others, which has no effect.
func (s *stressTies) demonitor(ctx *bastion.Context, n int) {
	var some []bastion.Monitor
	s.mu.Lock()
	for m, known := range s.monitors {
		if len(some) < n || known.owner == ctx.Self() {
			some = append(some, m)
		}
	}
	s.mu.Unlock()
	for _, m := range some {
		ctx.Demonitor(m)
		s.mu.Lock()
		if known := s.monitors[m]; known.owner == ctx.Self() && known.inc == ctx.Incarnation() {
			known.over = true
		}
		s.mu.Unlock()
	}
}

// down checks a Down: it belongs to this incarnation, is not over, and tells each end once.
func (s *stressTies) down(w *stressWorld, ctx *bastion.Context, d bastion.Down) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notices++
	m := s.monitors[d.Monitor]
	switch {
	case m == nil:
		w.log.fault("%s: a Down of a monitor that nobody has made: %v", ctx.Self(), d)
	case m.owner != ctx.Self() || m.inc != ctx.Incarnation():
		w.log.fault("%s@%d: a Down for %v@%d", ctx.Self(), ctx.Incarnation(), m.owner, m.inc)
	case m.over:
		w.log.fault("%s: a Down after the last: %v", ctx.Self(), d)
	case m.span == bastion.EachIncarnation && d.Incarnation <= m.last:
		w.log.fault("%s: a Down of incarnation %d after that of %d", ctx.Self(), d.Incarnation, m.last)
	case d.Reason == nil || d.Ref != d.Monitor.Ref() || m.span == bastion.UntilGone && !d.Gone:
		w.log.fault("%s: %v by %v", ctx.Self(), d, m.span)
	default:
		m.last, m.over = d.Incarnation, m.span != bastion.EachIncarnation || d.Gone
	}
}

func (s *stressTies) trapped(w *stressWorld, ctx *bastion.Context, e bastion.Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.notices++; e.Reason == nil {
		w.log.fault("%s: an Exit without a reason", ctx.Self())
	}
}

// received is how many Downs and Exits there were.
func (s *stressTies) received() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.notices
}
