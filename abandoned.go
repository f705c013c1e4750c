package bastion

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/bastion-go/bastion/executor"
)

// abandoned notes that an incarnation's handler or loop did not return, and
// makes it known. The stack is taken by label from the goroutine profile.
func (s *System) abandoned(c *Context) {
	a := &Abandoned{Path: c.p.path(), Incarnation: uint64(c.inc)}
	if c.kind == contextLoop {
		a.Stack = executor.StackByLabel(loopLabel, c.label())
	} else if w := c.w.Load(); w != nil {
		a.Stack = w.Stack()
	}
	s.leave(c, a)
	if c.hand.load() == handGone {
		s.returned(c) // meanwhile, and found itself not listed yet
	}
}

// abandonedGo does the same for n goroutines of ctx.Go, together. l tells when
// the last of them has returned after all.
func (s *System) abandonedGo(c *Context, l *life, n int) {
	if n == 0 {
		return
	}
	path := fmt.Sprintf("%s (%d goroutines of ctx.Go)", c.p.path(), n)
	ghost := new(Context) // a key of its own: the process itself may be listed as well
	s.leave(ghost, &Abandoned{Path: path, Incarnation: uint64(c.inc), Stack: executor.StackByLabel(goLabel, c.label())})
	if !l.haunt(func() { s.returned(ghost) }) {
		s.returned(ghost)
	}
}

func (s *System) leave(c *Context, a *Abandoned) {
	s.mu.Lock()
	if s.left == nil {
		s.left = make(map[*Context]*Abandoned)
	}
	s.left[c] = a
	s.mu.Unlock()
	s.note(slog.LevelError, "bastion: abandoned", "path", a.Path, "incarnation", a.Incarnation, "stack", a.Stack)
	s.emit(Event{Kind: EventAbandoned, Path: a.Path, Incarnation: a.Incarnation, Text: a.Stack})
}

// returned notes that something abandoned has returned after all.
func (s *System) returned(c *Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.left, c)
}

// leftBehind is what Stop answers.
func (s *System) leftBehind() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		return nil
	}
	e := new(AbandonedError)
	for _, a := range slices.Collect(maps.Values(s.left)) {
		e.Left = append(e.Left, *a)
	}
	slices.SortFunc(e.Left, func(a, b Abandoned) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Incarnation, b.Incarnation))
	})
	return e
}

// A rite is an AfterStop callback under way.
type rite struct {
	sys   *System
	path  string
	told  func()
	limit executor.Timer
	ghost Context // its key among what was left behind
	once  sync.Once
}

// afterStop runs an AfterStop callback on the executor, contained, and then told.
// It has the default shutdown time; after that it is abandoned like a stop hook.
func (s *System) afterStop(hook func(string, error), path string, reason error, told func()) {
	r := &rite{sys: s, path: path, told: told}
	r.limit = s.clock.AfterFunc(defaultShutdown, r.abandon)
	s.mu.Lock()
	s.last = append(s.last, r)
	s.mu.Unlock()
	executor.Spawn(s.exec, executor.FutureSpec{Name: "after stop of " + path}, func(context.Context) (struct{}, error) {
		contain(func() error { hook(path, reason); return nil }, func(err error) {
			if err != nil {
				s.note(slog.LevelError, "bastion: AfterStop failed", "path", path, "error", err)
			}
			r.over(func() { r.limit.Stop() })
			s.returned(&r.ghost)
		})
		return struct{}{}, nil
	})
}

func (r *rite) abandon() {
	r.over(func() { r.sys.leave(&r.ghost, &Abandoned{Path: r.path + " (AfterStop)"}) })
}

// over is the end of a rite, or of the patience with it; what comes first counts.
func (r *rite) over(first func()) {
	r.once.Do(func() {
		first()
		if r.told != nil {
			r.told()
		}
		r.sys.bury(r)
	})
}

// bury takes a rite off the list.
func (s *System) bury(r *rite) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = slices.DeleteFunc(s.last, func(x *rite) bool { return x == r })
	if len(s.last) == 0 && s.buried != nil {
		close(s.buried)
		s.buried = nil
	}
}

// awaitRites waits for the AfterStop callbacks, and abandons them when ctx ends.
func (s *System) awaitRites(ctx context.Context) {
	for {
		late, none := s.underWay()
		if late == nil {
			return
		}
		switch s.waits("AfterStop callbacks", nil, executor.Closed(none), done(ctx)) {
		case 0:
			continue
		case -1:
			select {
			case <-none:
				continue
			case <-ctx.Done():
			}
		}
		for _, r := range late {
			r.limit.Stop()
			r.abandon()
		}
	}
}

// underWay returns the AfterStop callbacks that have not returned, in the order
// of their beginning, and what is closed when there are none.
func (s *System) underWay() (late []*rite, none <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.last) == 0 {
		return nil, nil
	}
	if s.buried == nil {
		s.buried = make(chan struct{})
	}
	return slices.Clone(s.last), s.buried
}

// slow is told by the watchdog of a slice that has run for too long.
func (s *System) slow(slow executor.Slow) {
	p, ok := slow.Task.Runner().(*process)
	if !ok {
		return
	}
	stack := slow.Stack()
	s.note(slog.LevelWarn, "bastion: process runs for long", "path", p.path(), "for", slow.For, "stack", stack)
	s.emit(Event{
		Kind: EventSlow, Path: p.path(), ID: p.id, Incarnation: uint64(lifeOf(p.state.load())),
		Delay: slow.For, Text: stack,
	})
}

func (s *System) saturated(blocked int) {
	text := fmt.Sprintf("%d handlers are blocked, as many as may be (Config.MaxBlocked): ready processes wait", blocked)
	s.note(slog.LevelWarn, "bastion: "+text)
	s.emit(Event{Kind: EventSaturated, Path: s.root.path, Text: text})
}
