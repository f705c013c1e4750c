package bastion

import "sync"

// askMu guards the edges "waits for" between processes. It is the one thing that
// systems share, because rings may lead through several of them.
var askMu sync.Mutex

// enterRing notes that the asker's own goroutine waits for the question, unless
// that would close a ring of processes waiting for one another (contract D6).
//
// Edges are asks in which a process's own goroutine waits; they lead from the
// asker to whoever has the question now, also after a forward; and sends in which
// it waits for room, which lead to the receiver (see waiter). One lock makes
// "look, then wait" one step: of two processes asking each other at the same time
// exactly one is refused. It is taken by asks of processes only.
func (a *asking) enterRing() error {
	askMu.Lock()
	defer askMu.Unlock()
	asker := a.c.p
	if err := findRing(asker, a.to); err != nil {
		return err
	}
	a.q.asker.Store(asker)
	a.q.holder.Store(a.to)
	asker.more().waiting.Store(a.q)
	return nil
}

// findRing reports the ring that would close if asker waited for to. askMu is held.
func findRing(asker, to *process) error {
	for at := to; at != nil; at = at.waitsFor() {
		if at == asker {
			return ringError(asker, to)
		}
		if at.gathers() != nil { // from here on there are several ways
			return ringOf(to.way(asker, make(map[*process]bool)))
		}
	}
	return nil
}

// ringError walks a ring that was found once more, for the names. It stands
// still, but for who has just been answered: askMu is held.
func ringError(asker, to *process) error {
	var way []*process
	for at := to; at != nil && at != asker; at = at.waitsFor() {
		way = append(way, at)
	}
	return ringOf(append(way, asker))
}

// ringOf names the ring of a way that ends with the asker; nil if there is none.
func ringOf(way []*process) error {
	if way == nil {
		return nil
	}
	last := len(way) - 1
	ring := []string{way[last].path()}
	for _, p := range way[:last] {
		ring = append(ring, p.path())
	}
	return &RingError{Ring: ring}
}

func (a *asking) leaveRing() {
	// Only the asker's own goroutine sets and clears it, so the lock is not needed;
	// a walker that still sees it finds the question answered.
	if e := a.c.p.more(); e.waiting.Load() == a.q {
		e.waiting.Store(nil)
	}
}

// waitsFor is the process that p's own goroutine waits for: the one that has its
// question, or in whose mailbox it wants room.
func (p *process) waitsFor() *process {
	e := p.ext.Load()
	if e == nil {
		return nil
	}
	if holder := e.waitsForAnswer(); holder != nil {
		return holder
	}
	return e.waitsForRoom()
}

// waitsForAnswer is the process that has the question that is waited for.
func (e *ext) waitsForAnswer() *process {
	q := e.waiting.Load()
	if q == nil {
		return nil
	}
	holder := q.holder.Load()
	// An answered asker is not waiting, although it may not have run since. And
	// when it has, the question may be another's by now: it is p's for sure if p
	// still names it, because p cannot have begun another wait under askMu.
	if w := q.word.Load(); w&stageMask > questionParked || e.waiting.Load() != q {
		return nil
	}
	return holder
}
