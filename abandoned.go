package bastion

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"

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
