package bastion_test

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bastion-go/bastion"
)

// What a message, or a signal, makes a child of the storm do.
type stormOp uint8

const (
	stormPlain stormOp = iota
	stormError
	stormPanic
	stormNilPanic
	stormNilDeref
	stormGoexit
	stormGo // a goroutine of ctx.Go panics
	stormGoGoexit
	stormExit
	stormExitNormal
	stormExitShutdown
	stormLinked   // takes its neighbour down
	stormBadStop  // its stop hook fails as well
	stormBadStart // so does the next start
	stormHang
	stormKilled // the rest are signals
	stormSignal
	stormShutSignal
	stormOps
)

func (op stormOp) String() string {
	return [...]string{"plain", "error", "panic", "nil panic", "nil dereference", "Goexit", "panic in ctx.Go", "Goexit in ctx.Go",
		"Exit", "Exit normal", "Exit shutdown", "link", "stop hook", "start hook", "hang", "kill signal", "signal", "shutdown signal"}[op]
}

// A stormMsg is told by a driver or by the neighbour before.
type stormMsg struct {
	from   int    // a driver; stormDrivers: the neighbour
	inc, n uint64 // the neighbour's incarnation, and a number that grows
	op     stormOp
}

// A stormChild is what the test knows of one child, through all of its incarnations.
type stormChild struct {
	path, name string
	ref        bastion.Ref
	sup        *bastion.Supervisor
	next       *stormChild
	member     bool // of a group: once stopped it cannot be started again
	timed      bool // restarted alone and at once

	inc      atomic.Uint64 // the last that began
	failedAt atomic.Int64  // the failure whose restart is being timed
	badStop  atomic.Bool
	badStart atomic.Bool

	mu   sync.Mutex
	last [stormDrivers + 1]stormMsg
}

// plant declares supervisor i with its hundred processes.
func (w *crashStorm) plant(i int) {
	name := fmt.Sprint("s", i)
	spec := bastion.SupervisorSpec{Name: name, Intensity: bastion.Unlimited}
	path := "/storm/" + name
	plot := func(spec *bastion.SupervisorSpec, path, letter string, n, loops int) {
		for k := range n {
			c := &stormChild{name: fmt.Sprint(letter, k), timed: spec.Strategy == bastion.OneForOne && k%10 > 0}
			c.path = path + "/" + c.name
			w.all = append(w.all, c)
			child := bastion.ChildSpec{Name: c.name, Start: w.behavior(k < loops, func(*bastion.Context) *stormChild { return c })}
			if k%10 == 0 {
				child.Backoff = bastion.Exponential{First: 100 * time.Microsecond, Max: 5 * time.Millisecond, Jitter: 0.5}
			}
			spec.Children = append(spec.Children, child)
		}
	}
	first := len(w.all)
	plot(&spec, path, "c", 80, 20)
	for _, strategy := range []bastion.Strategy{bastion.OneForAll, bastion.RestForOne} {
		// Now and then these give up, and their supervisor starts all of them again.
		sub := bastion.SupervisorSpec{Name: strategy.String(), Strategy: strategy, Intensity: bastion.Intensity{Max: 30, Within: time.Second}}
		plot(&sub, path+"/"+sub.Name, "d", 5, 2)
		spec.Children = append(spec.Children, bastion.ChildSpec{Start: bastion.Subtree(sub)})
	}
	var members []*stormChild
	for k := range 10 {
		members = append(members, &stormChild{path: fmt.Sprintf("%s/g/%d", path, k), member: true})
	}
	w.all = append(w.all, members...)
	spec.Children = append(spec.Children, bastion.ChildSpec{
		Name: "g", Count: len(members), Intensity: bastion.Unlimited,
		Start: w.behavior(false, func(ctx *bastion.Context) *stormChild { return members[ctx.Index()] }),
	})
	sup, err := w.sys.Supervise(spec)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range w.all[first:] {
		if c.ref, err = w.sys.Lookup(c.path); err != nil {
			w.t.Fatal(err)
		}
		c.sup = sup
		if sub := sup.Supervisor(parentName(c.path)); sub != nil {
			c.sup = sub
		}
	}
}

// parentName is the last element but one of a path.
func parentName(path string) string {
	name := ""
	for i, last := len(path)-1, len(path); i >= 0; i-- {
		if path[i] == '/' {
			if name = path[i+1 : last]; last < len(path) {
				return name
			}
			last = i
		}
	}
	return name
}

// A stormLife is one incarnation.
type stormLife struct {
	w    *crashStorm
	c    *stormChild
	of   func(ctx *bastion.Context) *stormChild
	n    uint64
	busy bool // no lock on purpose: the race detector sees two at once as well
}

func (w *crashStorm) behavior(loop bool, of func(ctx *bastion.Context) *stormChild) bastion.Behavior {
	if !loop {
		return bastion.Handle(func() bastion.Receiver { return &stormLife{w: w, of: of} })
	}
	return bastion.Loop(func(ctx *bastion.Context) error {
		l := &stormLife{w: w, of: of}
		if err := l.Start(ctx); err != nil {
			return err
		}
		for {
			msg, err := ctx.Recv()
			if err != nil {
				return err
			}
			if err := l.Receive(ctx, msg); err != nil {
				return err
			}
		}
	})
}

func (l *stormLife) Start(ctx *bastion.Context) error {
	l.c = l.of(ctx)
	if at := l.c.failedAt.Swap(0); at != 0 {
		l.w.restarts.add(time.Duration(time.Now().UnixNano() - at))
	}
	if inc := ctx.Incarnation(); l.c.inc.Swap(inc) >= inc && ctx.Err() == nil {
		l.w.log.note("%v: incarnation %d begins late or twice", ctx.Self(), inc)
	}
	if l.c.badStart.Swap(false) {
		return errBoom
	}
	return nil
}

func (l *stormLife) Stop(*bastion.Context, error) error {
	if l.c.badStop.Swap(false) {
		panic("in the stop hook")
	}
	return nil
}

func (l *stormLife) Receive(ctx *bastion.Context, msg any) error {
	m := msg.(stormMsg)
	l.w.received.Add(1)
	if l.busy {
		l.w.log.note("%v: two at once in one incarnation", ctx.Self())
	}
	l.busy = true
	defer func() { l.busy = false }()
	l.order(ctx, m)
	if m.op == stormPlain {
		if m.from < stormDrivers && !l.w.quiet.Load() {
			l.n++
			l.w.tell(ctx, l.c.next, stormMsg{from: stormDrivers, inc: ctx.Incarnation(), n: l.n})
		}
		return nil
	}
	l.w.fell(m.op)
	if l.c.timed && m.op <= stormNilDeref {
		l.c.failedAt.Store(time.Now().UnixNano())
	}
	return l.fall(ctx, m.op)
}

// order holds that this message is the next of its sender (D1, D2). An incarnation that was killed with a message in hand
// may come here after the next one, and says so by its Context.
func (l *stormLife) order(ctx *bastion.Context, m stormMsg) {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	last := l.c.last[m.from]
	if last.inc == m.inc && last.n >= m.n {
		if ctx.Err() == nil {
			l.w.log.note("%v: %d of %d after %d", ctx.Self(), m.n, m.from, last.n)
		}
		return
	}
	l.c.last[m.from] = m
}

func (w *crashStorm) fell(op stormOp) {
	w.caused[op].Add(1)
	w.failures.Add(1)
}

// fall fails in the way that op says.
func (l *stormLife) fall(ctx *bastion.Context, op stormOp) error {
	switch op {
	case stormPanic:
		panic(errBoom)
	case stormNilPanic:
		panic(nil) //nolint:govet // it is one of the kinds
	case stormNilDeref:
		var nobody *stormChild
		nobody.name = "x"
	case stormGoexit:
		runtime.Goexit()
	case stormGo:
		_ = ctx.Go(func(*bastion.Context) error { panic("beside") })
		return nil
	case stormGoGoexit:
		_ = ctx.Go(func(*bastion.Context) error { runtime.Goexit(); return nil })
		return nil
	case stormExit:
		return ctx.Exit(errBoom)
	case stormExitNormal:
		return ctx.Exit(bastion.ErrNormal)
	case stormExitShutdown:
		return ctx.Exit(bastion.ErrShutdown)
	case stormLinked:
		_ = ctx.Link(l.c.next.ref)
	case stormBadStop:
		l.c.badStop.Store(true)
	case stormBadStart:
		l.c.badStart.Store(true)
	case stormHang:
		l.w.stuck <- l.c
		<-l.w.release
	}
	return errBoom
}

// A stormClock is a histogram of durations, exact to an eighth.
type stormClock [64 * 8]atomic.Uint64

func (h *stormClock) add(d time.Duration) {
	v := uint64(max(d, 8))
	e := bits.Len64(v) - 4
	h[e*8+int(v>>e)-8].Add(1)
}

func (h *stormClock) count() (n uint64) {
	for i := range h {
		n += h[i].Load()
	}
	return n
}

// at is the duration that a part q of all do not exceed.
func (h *stormClock) at(q float64) time.Duration {
	rest := int64(q * float64(h.count()))
	for i := range h {
		if rest -= int64(h[i].Load()); rest <= 0 && h[i].Load() > 0 {
			return time.Duration(uint64(i%8+9)<<(i/8) - 1)
		}
	}
	return 0
}
