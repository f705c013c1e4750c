package bastion

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

// A life is what an incarnation needs only if it is asked for: a Done channel,
// goroutines of its own, held questions, a heartbeat. All contexts of the incarnation share it.
type life struct {
	mu        sync.Mutex
	inner     context.Context // made by the first Done; package context does the rest
	end       context.CancelCauseFunc
	cancelled bool
	cause     error
	stopping  chan struct{}
	told      bool // to stop
	held      map[*question]holding
	holdings  uint64
	closed    bool     // nothing can be held any more
	pulse     *pulse   // set when the incarnation begins; nil: no Heartbeat
	traffic   *traffic // nil: no middleware, and no header so far; owner, before others have the Context if that matters to them
	asked     map[*question]attention

	running int    // goroutines of ctx.Go
	waiting func() // set while the end of the incarnation waits for them
	sealed  bool   // no more of them
	fault   *fault // the first failure among them
}

// A holding is one use of a question that is held, and its number.
type holding struct {
	gen  uint32
	turn uint64
}

// A fault is a failure and what is known of it.
type fault struct {
	reason  error
	message any
}

// more returns the incarnation's life, making it on first use.
func (c *Context) more() *life {
	if l := c.life.Load(); l != nil {
		return l
	}
	l := new(life)
	if !c.life.CompareAndSwap(nil, l) {
		return c.life.Load()
	}
	// cancel sets the flag before it looks for a life, we look at the flag after we
	// published one: at least one of us tells it. Orders go the same way.
	if c.cancelled.Load() {
		l.cancel(c.ordered())
	}
	if w := c.p.state.load(); c.ended() || w&(orderStop|orderKill) != 0 {
		l.tell()
	}
	return l
}

// ordered is why a Context is done that nobody had asked before it was: the order
// that did it, if it was one.
func (c *Context) ordered() error {
	switch w := c.p.state.load(); {
	case lifeOf(w) != c.inc:
	case w&orderStop != 0 && c.p.plan.loop:
		return ErrStopping
	case w&orderKill != 0:
		return ErrKilled
	}
	return nil
}

func (l *life) context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner == nil {
		l.inner, l.end = context.WithCancelCause(context.Background())
		if l.cancelled {
			l.end(l.cause)
		}
	}
	return l.inner
}

func (l *life) cancel(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancelled {
		return
	}
	l.cancelled, l.cause = true, cause
	if l.end != nil {
		l.end(cause)
	}
}

func (l *life) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cancelled {
		return context.Canceled
	}
	return nil
}

// value looks k up in the inner context; package context asks for its own key
// only after Done made one, or for the cause of what is done.
func (l *life) value(k any) any {
	l.mu.Lock()
	asked := l.inner != nil || l.cancelled
	l.mu.Unlock()
	if !asked {
		return nil
	}
	return l.context().Value(k)
}

// stopped is the channel that tell closes.
func (l *life) stopped() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping == nil {
		l.stopping = make(chan struct{})
		if l.told {
			close(l.stopping)
		}
	}
	return l.stopping
}

// tell says that a stop was ordered.
func (l *life) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.told {
		return
	}
	l.told = true
	if l.stopping != nil {
		close(l.stopping)
	}
}

// hold keeps a question beyond the message that brought it. False: the
// incarnation has ended, and failed what it held.
func (l *life) hold(q *question, gen uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if l.held == nil {
		l.held = make(map[*question]holding)
	}
	l.holdings++
	l.held[q] = holding{gen, l.holdings}
	return true
}

// letGo forgets a held question and reports whether it was held.
func (l *life) letGo(q *question, gen uint32) bool {
	l.mu.Lock()
	h, held := l.held[q]
	held = held && h.gen == gen
	if held {
		delete(l.held, q)
	}
	end := l.unattend(q, gen)
	l.mu.Unlock()
	if end != nil {
		end()
	}
	return held
}

// holds reports whether the question is held here. The question itself only
// remembers where it may be held, since it may have been recycled meanwhile.
func (l *life) holds(q *question, gen uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok := l.held[q]
	return ok && h.gen == gen
}

// failHeld answers all held questions with err, in the order in which they were
// held.
func (l *life) failHeld(err error) {
	l.mu.Lock()
	held := l.held
	l.held, l.closed, l.fault = nil, true, nil
	l.mu.Unlock()
	order := slices.SortedFunc(maps.Keys(held), func(a, b *question) int {
		return cmp.Compare(held[a].turn, held[b].turn)
	})
	for _, q := range order {
		_ = q.resolve(nil, held[q].gen, nil, err)
	}
}
