package bastion_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bastion-go/bastion"
	"github.com/bastion-go/bastion/bastiontest"
)

// A stressLog is the test's own account of a run, kept without looking at the runtime's.
type stressLog struct {
	history bastiontest.History
	asking  atomic.Int64 // asks under way
	outside atomic.Int64

	mu        sync.Mutex
	records   []*stressRecord
	sent      map[stressPair]uint64 // how many each sender tried to send to each receiver
	seen      map[stressPair]uint64 // the last of them that was received
	disorder  []stressDisorder
	faults    []string
	abandoned map[string]bool // paths
}

type stressPair struct {
	from uint64
	to   bastion.Ref
}

// A stressRecord follows one message.
type stressRecord struct {
	id        uint64
	pair      stressPair
	seq       uint64 // within the pair
	asked     bool
	mark      bastiontest.Mark
	forwards  atomic.Int32 // after the first it is no longer in the order of its pair
	accepted  atomic.Int32 // by tells, broadcasts and forwards that returned nil
	received  atomic.Int32
	discarded atomic.Int32
	answers   atomic.Int32 // times that the ask was resolved
}

type stressDisorder struct {
	path      string
	pair      stressPair
	was, then uint64
}

func newStressLog() *stressLog {
	return &stressLog{
		sent: make(map[stressPair]uint64), seen: make(map[stressPair]uint64), abandoned: make(map[string]bool),
	}
}

func (l *stressLog) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

func (l *stressLog) record(from uint64, to bastion.Ref) *stressRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &stressRecord{id: uint64(len(l.records)) + 1, pair: stressPair{from, to}}
	l.sent[r.pair]++
	r.seq = l.sent[r.pair]
	l.records = append(l.records, r)
	return r
}

// received notes that a process has r in hand, and checks the order (D2).
func (l *stressLog) received(ctx *bastion.Context, r *stressRecord) {
	r.received.Add(1)
	r.mark.Received(ctx)
	if r.pair.to != ctx.Self() || r.forwards.Load() > 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if last := l.seen[r.pair]; last >= r.seq {
		l.disorder = append(l.disorder, stressDisorder{ctx.Self().Path(), r.pair, last, r.seq})
	}
	l.seen[r.pair] = r.seq
}

// resolved notes how an ask ended.
func (l *stressLog) resolved(r *stressRecord, answer uint64, err error) {
	if r.answers.Add(1) > 1 {
		l.fault("ask %d was resolved twice", r.id)
	}
	if err == nil && answer != r.id {
		l.fault("ask %d got the answer of %d", r.id, answer)
	}
	r.mark.Resolved(0, err)
}

// readLetters counts what was discarded. A message that was received and not understood is no discard, nor is a late
// answer.
func (l *stressLog) readLetters(s *bastion.Subscription[bastion.DeadLetter]) {
	for d := range s.C() {
		if !errors.Is(d.Reason, bastion.ErrStopped) && !errors.Is(d.Reason, bastion.ErrFull) && !errors.Is(d.Reason, bastion.ErrExpired) {
			continue
		}
		switch m := d.Message.(type) {
		case stressMsg:
			m.discarded.Add(1)
			m.mark.Discarded(d.Reason)
		case stressQuestion:
			m.discarded.Add(1)
			m.mark.Discarded(d.Reason)
		}
	}
}

func (l *stressLog) readEvents(s *bastion.Subscription[bastion.Event]) {
	for e := range s.C() {
		if e.Kind == bastion.EventAbandoned {
			l.mu.Lock()
			l.abandoned[e.Path] = true
			l.mu.Unlock()
		}
	}
}

// check holds the account against the contracts and the runtime's books.
// notices are Downs and trapped Exits that were received; how many were withdrawn the books alone know.
func (l *stressLog) check(t *testing.T, seed uint64, b bastion.Books, notices uint64) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var accepted, received, discarded uint64
	for _, r := range l.records {
		in, got, gone := r.accepted.Load(), r.received.Load(), r.discarded.Load()
		if ours := got + gone - in; ours == 0 || r.asked && ours == 1 {
			in = got + gone // an ask does not say whether it was accepted: at most once
		} else {
			t.Errorf("seed %d: message %d (asked %v) to %v: accepted %d times, received %d, discarded %d",
				seed, r.id, r.asked, r.pair.to, in, got, gone)
		}
		accepted, received, discarded = accepted+uint64(in), received+uint64(got), discarded+uint64(gone)
	}
	withdrawn := b.Reason(bastion.DiscardWithdrawn)
	accepted, received, discarded = accepted+notices+withdrawn, received+notices, discarded+withdrawn
	if b.Accepted != accepted || b.Handled+b.Failed != received || b.Discarded != discarded ||
		!b.Balanced() || b.InHand+b.Mailboxes != 0 || b.Live {
		t.Errorf("seed %d: the books say %v; the test counted accepted %d, received %d, discarded %d",
			seed, b, accepted, received, discarded)
	}
	for _, d := range l.disorder {
		// What an abandoned incarnation was in the middle of sending may cross what the next one sends.
		if !l.anyAbandoned(d.path) {
			t.Errorf("seed %d: %s got number %d of sender %d after %d", seed, d.path, d.then, d.pair.from, d.was)
		}
	}
	for _, v := range l.history.Check(bastiontest.Rules{}) {
		if v.Contract != "D2" || !l.anyAbandoned("") { // as above
			t.Errorf("seed %d: %v", seed, v)
		}
	}
	for _, f := range l.faults {
		t.Errorf("seed %d: %s", seed, f)
	}
	t.Logf("seed %d: %d messages, %d Downs and Exits, %v, abandoned %d", seed, len(l.records), notices, b, len(l.abandoned))
}

func (l *stressLog) anyAbandoned(string) bool {
	for path := range l.abandoned {
		if !strings.Contains(path, "ctx.Go") {
			return true
		}
	}
	return false
}
