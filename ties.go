package bastion

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Ties are the links and monitors of a process, made with the first of them. A
// link is two of them, one each way, that are made and dropped together; a
// monitor is one. A tie belongs to one incarnation of its owner, and stands in
// two chains: with its owner (here) and with its subject (there).
//
// Locking. A field or chain of a process is guarded by that process's mu. Only
// Link and Unlink hold the locks of two processes, the one with the lower number
// first, and nobody who holds one takes any other lock that is held while taking
// one; so nobody waits in a ring. Everything else takes one at a time, and copes
// with what may happen in between: a tie that is off says nothing any more.
type ties struct {
	mu    sync.Mutex
	trap  bool              // exits reach the present incarnation as messages
	links map[*process]*tie // of the present incarnation, by the other end; newest first; nil: none yet
	alive int               // how many of links have not fired
	made  *chain            // what the present incarnation watches, links among it; nil, as those below: none yet
	on    *chain            // who watches: links and monitors that an end of an incarnation concerns
	until *chain            // who waits for the end for good
	last  error             // why the incarnation ended after which there was none yet
}

// A tie lets its owner know of an end of its subject.
type tie struct {
	owner   *process
	subject *process
	inc     uint32 // of the owner
	since   uint32 // the first incarnation of the subject that counts
	span    Span
	fired   bool        // a link whose subject has ended; owner's mu
	older   *tie        // a fired link with the same process; owner's mu
	off     atomic.Bool // nothing of it arrives any more; set once, by owner or claim, read by who fires it
	here    hook        // in made of the owner; owner's mu
	there   hook        // in on or until of the subject, or of a farewell; subject's mu
}

// spanLink is the span of a link. It is none of a user's.
const spanLink Span = 0xff

func newTie(owner *process, inc uint32, subject *process, span Span) *tie {
	w := &tie{owner: owner, subject: subject, inc: inc, span: span}
	w.here.w, w.there.w = w, w
	return w
}

// A hook is one place of a tie in a chain.
type hook struct {
	prev, next *hook
	in         *chain
	w          *tie
}

// A chain is a list that anything can leave in one step, oldest first. A nil one is empty.
type chain struct {
	first, last *hook
	n           int
}

// hang adds h to the chain in that place, which it makes if there is none: most
// processes that ever had a tie have none for the rest of their life.
func (h *hook) hang(at **chain) {
	if *at == nil {
		*at = new(chain)
	}
	c := *at
	h.in, h.prev = c, c.last
	if c.last == nil {
		c.first = h
	} else {
		c.last.next = h
	}
	c.last = h
	c.n++
}

// drop takes h out of its chain, if it is in one.
func (h *hook) drop() {
	c := h.in
	if c == nil {
		return
	}
	if h.prev == nil {
		c.first = h.next
	} else {
		h.prev.next = h.next
	}
	if h.next == nil {
		c.last = h.prev
	} else {
		h.next.prev = h.prev
	}
	c.n--
	h.in, h.prev, h.next = nil, nil, nil
}

func (c *chain) len() int {
	if c == nil {
		return 0
	}
	return c.n
}

// pop takes the oldest out; nil if there is none.
func (c *chain) pop() *tie {
	if c.len() == 0 {
		return nil
	}
	h := c.first
	h.drop()
	return h.w
}

// tied returns the process's ties; nil if it never had any.
func (p *process) tied() *ties {
	if e := p.ext.Load(); e != nil {
		return e.ties.Load()
	}
	return nil
}

// ties returns the process's ties, making them on first use. Whoever ends an
// incarnation writes the state word and then looks for ties; whoever makes ties
// publishes them and then looks at the state word: one sees the other.
func (p *process) ties() *ties {
	e := p.more()
	if t := e.ties.Load(); t != nil {
		return t
	}
	t := new(ties)
	if e.ties.CompareAndSwap(nil, t) {
		return t
	}
	return e.ties.Load()
}

// present is the Context of the incarnation that lives; nil between two.
func (p *process) present() *Context {
	c := p.ctx.Load()
	if c == nil || c.ended() {
		return nil
	}
	return c
}

// lockBoth locks the ties of two processes of one system and returns what unlocks them.
func lockBoth(a, b *process) (ta, tb *ties, unlock func()) {
	ta, tb = a.ties(), b.ties()
	first, second := ta, tb
	if b.id < a.id {
		first, second = tb, ta
	}
	first.mu.Lock()
	second.mu.Lock()
	return ta, tb, func() {
		second.mu.Unlock()
		first.mu.Unlock()
	}
}

// link notes a link of the process whose ties these are. mu is held.
func (t *ties) link(w *tie) {
	if t.links == nil {
		t.links = make(map[*process]*tie)
	}
	w.older = t.links[w.subject]
	t.links[w.subject] = w
	w.here.hang(&t.made)
	t.alive++
}

// unlinked forgets one link of the process whose ties these are; those that have
// fired and were not received yet stay. mu is held.
func (t *ties) unlinked(w *tie) {
	w.here.drop()
	at := t.links[w.subject]
	switch {
	case at == nil:
	case at == w && w.older == nil:
		delete(t.links, w.subject)
	case at == w:
		t.links[w.subject] = w.older
	default:
		for ; at.older != nil; at = at.older {
			if at.older == w {
				at.older = w.older
				break
			}
		}
	}
	w.older = nil
}

// cancel ends a tie from its owner's side, but for the link's other half.
func (w *tie) cancel() {
	w.off.Store(true) // before the subject is looked at; see Context.Monitor
	t := w.subject.ties()
	t.mu.Lock()
	w.there.drop()
	t.mu.Unlock()
}

// retire takes a tie out of its owner's chain.
func (w *tie) retire() {
	t := w.owner.ties()
	t.mu.Lock()
	w.here.drop()
	t.mu.Unlock()
}

// forget lets go why the last incarnation ended: another begins.
func (t *ties) forget() {
	t.mu.Lock()
	t.last = nil
	t.mu.Unlock()
}

// maxLinks is how many links a report or the inspector names.
const maxLinks = 100

// linked names the processes that the present incarnation is linked with.
func (p *process) linked() (paths []string, count int) {
	t := p.tied()
	if t == nil {
		return nil, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for q, w := range t.links {
		if len(paths) == maxLinks {
			break
		}
		if !w.fired {
			paths = append(paths, q.path())
		}
	}
	slices.Sort(paths)
	return paths, t.alive
}

// monitors counts the monitors that the present incarnation has made, and those
// on the process.
func (p *process) monitors() (made, on int) {
	t := p.tied()
	if t == nil {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(t.made.len()-t.alive, 0), max(t.on.len()+t.until.len()-t.alive, 0)
}
