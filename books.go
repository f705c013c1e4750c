package bastion

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bastion-go/bastion/executor"
)

// A DiscardReason says why an accepted message was never handled.
type DiscardReason uint8

const (
	// DiscardStopped: its receiver stopped for good.
	DiscardStopped DiscardReason = iota
	// DiscardKilled: its receiver was killed for good.
	DiscardKilled
	// DiscardOverflow: the mailbox was full and its policy drops.
	DiscardOverflow
	// DiscardReplaced: a newer message with the same key took its place.
	DiscardReplaced
	// DiscardExpired: its time to live was over.
	DiscardExpired
	// DiscardDropped: its receiver drops its mailbox at a restart.
	DiscardDropped
	// DiscardWithdrawn: it was a Down or an Exit, and what it came from was ended by
	// Demonitor or Unlink, or with the incarnation that was to receive it; or it was a
	// timer's, which was stopped or has ended with its owner.
	DiscardWithdrawn

	discardReasons = iota
)

func (r DiscardReason) String() string {
	return pick(int(r), "receiver stopped", "receiver killed", "mailbox overflow", "replaced by key", "expired", "dropped at restart",
		"withdrawn")
}

// reason is the error that an asker and the dead letters are given.
func (r DiscardReason) reason() error {
	switch r {
	case DiscardOverflow:
		return ErrFull
	case DiscardReplaced:
		return ErrReplaced
	case DiscardExpired:
		return ErrExpired
	}
	return ErrStopped
}

// Books are the account of all messages of a system (contract D4):
//
//	Accepted = Handled + Failed + InHand + Mailboxes + Discarded
//
// exactly, whenever nobody is sending or handling. Otherwise Live is true: the
// figures were read while they moved, each is right for some moment of the
// reading, and they need not add up.
type Books struct {
	Accepted  uint64                 // by a send that returned nil, or sent by a timer
	Handled   uint64                 // the receiver was done with it
	Failed    uint64                 // the receiver failed with it in hand
	InHand    uint64                 // being handled
	Mailboxes uint64                 // waiting
	Discarded uint64                 // never to be handled
	ByReason  [discardReasons]uint64 // Discarded, by DiscardReason
	Live      bool                   // read while things moved
}

// Reason is how many were discarded for r.
func (b Books) Reason(r DiscardReason) uint64 {
	if int(r) >= len(b.ByReason) {
		return 0
	}
	return b.ByReason[r]
}

// Balanced reports whether the identity holds.
func (b Books) Balanced() bool {
	return b.Accepted == b.Handled+b.Failed+b.InHand+b.Mailboxes+b.Discarded
}

// String is the account in one line.
func (b Books) String() string {
	var s strings.Builder
	sign := "="
	if !b.Balanced() {
		sign = "≠"
	}
	fmt.Fprintf(&s, "accepted %d %s handled %d + failed %d + in hand %d + in mailboxes %d + discarded %d",
		b.Accepted, sign, b.Handled, b.Failed, b.InHand, b.Mailboxes, b.Discarded)
	for r, n := range b.ByReason {
		if n > 0 {
			fmt.Fprintf(&s, " (%s %d)", DiscardReason(r), n)
		}
	}
	if b.Live {
		s.WriteString(", live")
	}
	return s.String()
}

// ledger is where a system counts what has no owner of its own to count it.
type ledger struct {
	accepted  atomic.Uint64
	handled   atomic.Uint64
	failed    atomic.Uint64
	discarded [discardReasons]atomic.Uint64

	mu     sync.Mutex
	locals map[*local]struct{} // of loops that live or have not returned
}

// enlist adds a loop's counters.
func (l *ledger) enlist(of *local) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.locals == nil {
		l.locals = make(map[*local]struct{})
	}
	l.locals[of] = struct{}{}
}

// retire folds the counters of a loop that has returned into the ledger.
func (l *ledger) retire(of *local) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.locals[of]; !ok {
		return
	}
	delete(l.locals, of)
	l.accepted.Add(of.accepted.Load())
	l.handled.Add(of.handled.Load())
}

// tally adds up the counters.
func (s *System) tally() (b Books) {
	l := &s.books
	l.mu.Lock()
	b.Accepted = l.accepted.Load()
	b.Handled = l.handled.Load()
	for of := range l.locals {
		b.Accepted += of.accepted.Load()
		b.Handled += of.handled.Load()
	}
	l.mu.Unlock()
	b.Accepted += s.depot.Counts()
	s.exec.EachWorker(func(w *executor.Worker) {
		if of, ok := w.Local().(*local); ok {
			b.Accepted += of.accepted.Load()
			b.Handled += of.handled.Load()
		}
	})
	b.Failed = l.failed.Load()
	for i := range l.discarded {
		b.ByReason[i] = l.discarded[i].Load()
		b.Discarded += b.ByReason[i]
	}
	return b
}
