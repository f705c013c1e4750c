package bastion

// A Span says which ends of a process a monitor is about.
type Span uint8

const (
	// ThisIncarnation: the end of the incarnation that lives now, or of the next one
	// if the process is between two or was not started yet. Once.
	ThisIncarnation Span = iota
	// UntilGone: the end for good, when the child will not be started again by its
	// supervisor (finished, given up, stopped or removed by order). Once.
	UntilGone
	// EachIncarnation: the end of every incarnation, once for each. The end for good
	// is not told apart; a second monitor with UntilGone does that.
	EachIncarnation
)

func (s Span) String() string {
	return pick(int(s), "this incarnation", "until gone", "each incarnation")
}

// A Monitor is one watch of one process over another, made by Context.Monitor.
// Monitors can be compared and used as map keys. The zero Monitor is none.
type Monitor struct{ w *tie }

// IsZero reports whether m is no monitor.
func (m Monitor) IsZero() bool { return m.w == nil }

// Ref is the process that is watched.
func (m Monitor) Ref() Ref {
	if m.w == nil {
		return Ref{}
	}
	return Ref{m.w.subject}
}

// A Down is the message by which a monitor says that an incarnation has ended. It
// comes like any other message of that process: after all that its incarnation
// had sent, and before anything that its next incarnation sends.
type Down struct {
	Monitor     Monitor // as Context.Monitor returned it
	Ref         Ref     // who was watched
	Incarnation uint64  // the one that ended; 0: none was ever started
	// Reason is ErrNormal, ErrShutdown, ErrKilled, or the failure itself, a PanicError
	// for example. ErrNoProcess: it was gone before it could be watched. Never nil.
	Reason error
	Gone   bool // the child is gone for good; always true for UntilGone
}

// Monitor watches another process: when an incarnation of it ends, this one gets
// a Down. The span says which ends count. Nothing happens to the other process,
// monitors do not interfere with each other, and each fires on its own.
//
// If the process is gone for good already, a Down with ErrNoProcess comes at once.
// The monitor ends when it has fired for the last time, by Demonitor, and with the
// incarnation that made it. A Down is accepted by every mailbox. A typed handler
// receives it only if its type of message takes it; otherwise it is unhandled.
//
// From any goroutine. ErrNoProcess: the zero Ref. ErrForeign: a process of
// another system. ErrEnded: this incarnation is over.
func (c *Context) Monitor(ref Ref, span Span) (Monitor, error) {
	if err := c.tieable(ref); err != nil {
		return Monitor{}, err
	}
	if span > EachIncarnation {
		return Monitor{}, &SpecError{Faults: []string{"Span: unknown"}}
	}
	w := newTie(c.p, c.inc, ref.p, span)
	t := c.p.ties()
	t.mu.Lock()
	if c.ended() {
		t.mu.Unlock()
		return Monitor{}, ErrEnded
	}
	w.here.hang(&t.made)
	t.mu.Unlock()
	c.p.sys().point()
	w.attach()
	if w.off.Load() {
		w.cancel() // this incarnation ended in between, and did not find it there
	}
	return Monitor{w}, nil
}

// attach puts w on its subject, or fires it if that has gone.
func (w *tie) attach() {
	p := w.subject
	t := p.ties()
	t.mu.Lock()
	word := p.state.load()
	if p.departed() {
		t.mu.Unlock()
		w.fire(lifeOf(word), ErrNoProcess, true)
		return
	}
	w.since = lifeOf(word)
	if phaseOf(word) == phaseDown {
		w.since++
	}
	if w.span == UntilGone {
		w.there.hang(&t.until)
	} else {
		w.there.hang(&t.on)
	}
	t.mu.Unlock()
}

// Demonitor ends a monitor of this incarnation; any other is left alone. When it
// has returned, no Down of it arrives any more, and one that is waiting in the
// mailbox is withdrawn. (On another goroutine than the process's own it may be
// that the process is just receiving it.)
func (c *Context) Demonitor(m Monitor) {
	w := m.w
	if w == nil || w.owner != c.p || w.inc != c.inc {
		return
	}
	w.cancel()
	w.retire()
}
