package backlog

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A letter is one value of the model.
type letter struct {
	id, from, rank, key, size int // key 0: none
	due                       int64
	signal                    bool
	ordered                   bool // or ready
	since                     int  // when it became so
}

// A model is a backlog that is slow and obvious: a slice in the order of arrival, and whose turn it is in each rank.
type model struct {
	rules Rules
	lifo  bool // in an order of the user's own: the newest first
	all   []*letter
	ready []*letter
	turns map[int][]int
	clock int
}

func (m *model) gated() bool { return m.rules.Ranked || m.rules.Fair || m.lifo }

func (m *model) rank(l *letter) int {
	if m.rules.Ranked {
		return l.rank
	}
	return 0
}

func (m *model) count(of func(*letter) bool) (n, bytes int) {
	for _, l := range m.all {
		if !l.signal && of(l) {
			n, bytes = n+1, bytes+l.size
		}
	}
	return n, bytes
}

func (m *model) fits(size int, without func(*letter) bool) bool {
	n, bytes := m.count(func(l *letter) bool { return without == nil || !without(l) })
	return (m.rules.Count == 0 || n < m.rules.Count) && (m.rules.Bytes == 0 || bytes+size <= m.rules.Bytes)
}

// inTurn are a sender's ordered values in a rank, in their order.
func (m *model) inTurn(rank, from int) (out []*letter) {
	for _, l := range m.all {
		if l.ordered && !l.signal && m.rank(l) == rank && (l.from == from || !m.rules.Fair) {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b *letter) int { return a.since - b.since })
	return out
}

func (m *model) lane(l *letter) int {
	if m.rules.Fair {
		return l.from
	}
	return 0
}

// settle finds out what nothing keeps back any more.
func (m *model) settle() {
	if !m.gated() {
		return
	}
	for i, l := range m.all {
		if l.ordered {
			continue
		}
		free := true
		for _, e := range m.all[:i] {
			free = free && (e.from != l.from || e.ordered && (e.signal || !l.signal))
		}
		if !free {
			continue
		}
		m.clock++
		l.since = m.clock
		if l.ordered = true; l.signal {
			m.ready = append(m.ready, l)
		} else if r := m.rank(l); !slices.Contains(m.turns[r], m.lane(l)) {
			m.turns[r] = append(m.turns[r], m.lane(l))
		}
	}
}

func (m *model) remove(l *letter) {
	i := slices.Index(m.all, l)
	m.all = slices.Delete(m.all, i, i+1)
	if j := slices.Index(m.ready, l); j >= 0 {
		m.ready = slices.Delete(m.ready, j, j+1)
	}
	if r := m.rank(l); l.ordered && !l.signal && len(m.inTurn(r, m.lane(l))) == 0 {
		if j := slices.Index(m.turns[r], m.lane(l)); j >= 0 {
			m.turns[r] = slices.Delete(m.turns[r], j, j+1)
		}
	}
	m.settle()
}

func (m *model) add(l *letter) {
	m.all = append(m.all, l)
	m.settle()
}

func (m *model) expire(now int64) (gone []string) {
	for !m.lifo {
		var next *letter
		for _, l := range m.all {
			if l.due > 0 && l.due <= now && (next == nil || l.due < next.due) {
				next = l
			}
		}
		if next == nil {
			return gone
		}
		m.remove(next)
		gone = append(gone, fmt.Sprint(next.id, " ", Expired))
	}
	return gone
}

func (m *model) offer(l *letter, full Full, now int64) (Verdict, []string) {
	if l.signal {
		m.add(l)
		return Taken, nil
	}
	if m.rules.Bytes > 0 && l.size > m.rules.Bytes {
		return TooLarge, nil
	}
	gone := m.expire(now)
	var old *letter
	for _, e := range m.all {
		if l.key != 0 && e.key == l.key && !e.signal {
			old = e
		}
	}
	drop := func(e *letter, why Reason) {
		m.remove(e)
		gone = append(gone, fmt.Sprint(e.id, " ", why))
	}
	lower := func(e *letter) bool { return e == old || !m.gated() || m.lifo || e.ordered && m.rank(e) <= m.rank(l) }
	switch {
	case old != nil && m.fits(l.size, func(e *letter) bool { return e == old }):
		signals := slices.ContainsFunc(m.all, func(e *letter) bool { return e.signal })
		if m.rank(old) != m.rank(l) || m.lane(old) != m.lane(l) || signals {
			drop(old, Replaced)
			m.add(l)
			break
		}
		l.ordered, l.since = old.ordered, old.since
		m.all[slices.Index(m.all, old)] = l
		gone = append(gone, fmt.Sprint(old.id, " ", Replaced))
	case m.fits(l.size, nil):
		m.add(l)
	case full == DropOldest && m.fits(l.size, lower):
		if old != nil {
			drop(old, Replaced)
		}
		for !m.fits(l.size, nil) {
			drop(m.victim(), Overflow)
		}
		m.add(l)
	case full == Refuse:
		return NoRoom, gone
	default:
		return Dropped, gone
	}
	return Taken, gone
}

// victim is the oldest of the lowest rank, with Fair of the sender who has most of them: of several such, any.
func (m *model) victim() *letter {
	if m.lifo {
		return m.last()
	}
	low, there := 0, false
	for r, t := range m.turns {
		if len(t) > 0 && (!there || r < low) {
			low, there = r, true
		}
	}
	if !m.gated() {
		return m.all[slices.IndexFunc(m.all, func(l *letter) bool { return !l.signal })]
	}
	var most []*letter
	for _, from := range m.turns[low] {
		if has := m.inTurn(low, from); len(has) > len(most) {
			most = has
		}
	}
	return most[0]
}

func (m *model) turn() *letter {
	switch {
	case len(m.all) == 0:
		return nil
	case !m.gated():
		return m.all[0]
	case len(m.ready) > 0:
		return m.ready[0]
	case m.lifo:
		return m.last()
	}
	high, there := 0, false
	for r, t := range m.turns {
		if len(t) > 0 && (!there || r > high) {
			high, there = r, true
		}
	}
	return m.inTurn(high, m.turns[high][0])[0]
}

// last is what byRank gives: the newest.
func (m *model) last() (last *letter) {
	for _, l := range m.all {
		if l.ordered && !l.signal && (last == nil || l.rank > last.rank) {
			last = l
		}
	}
	return last
}

func (m *model) pop(now int64) (*letter, []string) {
	gone := m.expire(now)
	for {
		l := m.turn()
		if l == nil {
			return nil, gone
		}
		r, from := m.rank(l), m.lane(l)
		m.remove(l)
		if t := m.turns[r]; !l.signal && m.gated() && !m.lifo && len(t) > 0 && t[0] == from {
			m.turns[r] = append(t[1:len(t):len(t)], from)
		}
		if l.due == 0 || l.due > now {
			return l, gone
		}
		gone = append(gone, fmt.Sprint(l.id, " ", Expired))
	}
}

// byRank is an order of a user's own: the highest rank first, which the model knows as the newest.
type byRank struct{ tickets []Ticket[int, int] }

func (o *byRank) Add(it *Item[int, int]) bool {
	o.tickets = append(o.tickets, it.Ticket())
	return true
}

func (o *byRank) Take() *Item[int, int] {
	best := -1
	for i, t := range o.tickets {
		if best < 0 || t.it.Rank > o.tickets[best].it.Rank {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	it := o.tickets[best].it
	o.tickets = slices.Delete(o.tickets, best, best+1)
	return it
}

func TestModel_Backlog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := Rules{Count: rapid.IntRange(0, 6).Draw(t, "count"), Bytes: 20 * rapid.IntRange(0, 1).Draw(t, "bytes")}
		own := rapid.IntRange(0, 3).Draw(t, "own") == 0
		keyed := !own && rapid.Bool().Draw(t, "keyed")
		if !own {
			rules.Ranked, rules.Fair = rapid.Bool().Draw(t, "ranked"), rapid.Bool().Draw(t, "fair")
		}
		expires := rapid.Bool().Draw(t, "expires")
		full := Full(rapid.IntRange(0, 2).Draw(t, "full"))
		m := &model{rules: rules, lifo: own, turns: make(map[int][]int)}
		b := New[int, int](rules)
		if own {
			b = NewOwn[int, int](rules, &byRank{})
		}
		now := int64(1)
		for id := 1; id <= 60; id++ {
			now += int64(rapid.IntRange(0, 2).Draw(t, "time"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3, 4, 5:
				l := &letter{id: id, from: rapid.IntRange(1, 3).Draw(t, "from"), rank: rapid.IntRange(-1, 1).Draw(t, "rank"), size: rapid.IntRange(1, 21).Draw(t, "size")}
				if own {
					l.rank = id // so that any tie is decided
				}
				if l.signal = rapid.IntRange(0, 5).Draw(t, "signal") == 0; l.signal {
					l.size = 0
				} else if keyed {
					l.key = rapid.IntRange(0, 3).Draw(t, "key")
				}
				if expires && !l.signal {
					l.due = now*1000 + int64(id) + int64(1000*rapid.IntRange(0, 9).Draw(t, "life"))
				}
				offerBoth(t, b, m, l, full, now*1000)
			case 6:
				if rapid.IntRange(0, 9).Draw(t, "clear") == 0 {
					clearBoth(t, b, m, own)
				}
			default:
				want, wantGone := m.pop(now * 1000)
				it, gone := b.Pop(now * 1000)
				same(t, "gone", chained(b, gone), wantGone)
				if (it == nil) != (want == nil) || it != nil && it.Value != want.id {
					t.Fatalf("popped %v, want %v", it, want)
				}
				if it != nil {
					b.Recycle(it)
				}
			}
			n, bytes := m.count(func(*letter) bool { return true })
			if b.Len() != len(m.all) || b.Count() != n || b.Bytes() != bytes {
				t.Fatalf("%d, %d, %d bytes; want %d, %d, %d", b.Len(), b.Count(), b.Bytes(), len(m.all), n, bytes)
			}
			if rules.Count > 0 && n > rules.Count || rules.Bytes > 0 && bytes > rules.Bytes {
				t.Fatalf("%d, %d bytes: over the bound", n, bytes)
			}
		}
	})
}

func offerBoth(t *rapid.T, b *Backlog[int, int], m *model, l *letter, full Full, now int64) {
	it := b.Item()
	it.Value, it.From, it.Rank, it.Size, it.Due, it.Signal = l.id, l.from, l.rank, l.size, l.due, l.signal
	if l.key != 0 {
		it.Key = l.key
	}
	if m.rules.Fair && full == DropOldest && (m.rules.Bytes > 0 || ambiguous(m)) {
		full = DropNew // which of two equal senders goes first is not promised
	}
	want, wantGone := m.offer(l, full, now)
	got, gone := b.Offer(it, full, now)
	same(t, "gone", chained(b, gone), wantGone)
	if got != want {
		t.Fatalf("offer %+v: %v, want %v", l, got, want)
	}
	if got != Taken {
		b.Recycle(it)
	}
}

// ambiguous reports whether two senders may have most in some rank.
func ambiguous(m *model) bool {
	for r, senders := range m.turns {
		seen := map[int]bool{}
		for _, from := range senders {
			n := len(m.inTurn(r, from))
			if seen[n] || seen[n+1] || seen[n-1] {
				return true
			}
			seen[n] = true
		}
	}
	return false
}

func clearBoth(t *rapid.T, b *Backlog[int, int], m *model, own bool) {
	var want []string
	for _, l := range m.all {
		want = append(want, fmt.Sprint(l.id, " ", 0))
	}
	m.all, m.ready, m.turns = nil, nil, make(map[int][]int)
	same(t, "cleared", chained(b, b.Clear()), want)
	if own {
		b.own = &byRank{}
	}
}

func chained(b *Backlog[int, int], gone *Item[int, int]) (out []string) {
	for gone != nil {
		out = append(out, fmt.Sprint(gone.Value, " ", gone.Why))
		gone = b.Recycle(gone)
	}
	return out
}

func same(t *rapid.T, what string, got, want []string) {
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}
