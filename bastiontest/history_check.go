package bastiontest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bastion-go/bastion"
)

// A Violation is a promise that a history breaks.
type Violation struct {
	// Contract is its number, such as "D1".
	Contract string
	// Message is the number of the message concerned; 0: none in particular.
	Message uint64
	// Text says what is wrong in a sentence.
	Text string
	// Excerpt is the shortest part of the history that shows it, in order.
	Excerpt []Entry
}

// String is the text and the excerpt, a line for each entry.
func (v Violation) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %s", v.Contract, v.Text)
	for _, e := range v.Excerpt {
		s.WriteString("\n\t")
		s.WriteString(e.String())
	}
	return s.String()
}

// Rules say what a history is held against. The zero value is for the history of a
// system that has stopped.
type Rules struct {
	// Running: the system has not stopped, so that messages may wait and asks be open.
	Running bool
	// Books, if not nil, are the runtime's own at the end; nothing may be missing in the
	// history then, as in a simulation of one system.
	Books *bastion.Books
	// Reorders are the paths of processes that choose among what waits, or have
	// priorities: D2 is not checked for them.
	Reorders []string
	// Limit is how many violations are reported; 0: 10.
	Limit int
}

// Verify fails the test for everything that Check finds.
func (h *History) Verify(t testing.TB, rules Rules) {
	t.Helper()
	for _, v := range h.Check(rules) {
		t.Error(v)
	}
}

// Check holds the history against the contracts, when the run is over:
//
//   - D1: no message is received twice, by anybody else than its receiver, or
//     without having been sent; nor, D3, after the send has failed.
//   - D2: of two messages of one sender to one receiver, the first of which was
//     accepted before the second was sent, the first is received first.
//   - D4: every accepted message was received or discarded, not both, and with
//     Rules.Books the sums are those of the books.
//   - D6: every ask was resolved exactly once, and with an answer that somebody
//     had given to that very ask.
func (h *History) Check(rules Rules) []Violation {
	h.mu.Lock()
	omitted, missed := h.omitted, h.missed
	h.mu.Unlock()
	if omitted > 0 {
		return []Violation{{Text: fmt.Sprintf("the history is too long to be checked: %d entries did not fit", omitted)}}
	}
	c := checker{rules: rules, missed: missed}
	return c.check(h.Entries())
}

// CheckEntries is History.Check for entries from elsewhere, a file for example.
func CheckEntries(entries []Entry, rules Rules) []Violation {
	c := checker{rules: rules}
	return c.check(entries)
}

// checker holds what is known of each message.
type checker struct {
	rules    Rules
	missed   uint64
	messages map[uint64]*fate
	asks     map[uint64]*asked
	notices  sums // Downs and Exits, which have no number
	order    []uint64
	ended    map[string]bool // path@incarnation
	answers  []Entry
	found    []Violation
}

type sums struct{ accepted, received, discarded uint64 }

// fate is what became of a message.
type fate struct {
	all                                 []Entry
	sent, ask                           *Entry // accepted; or begun
	refused                             *Entry
	forwards, received, discarded, took int
	first                               *Entry // receipt
	returned                            int    // the number at which an ask was resolved
}

// asked is what became of a question.
type asked struct {
	all      []Entry
	open     *Entry
	answered int // without an error
	resolved int
}

func (c *checker) check(entries []Entry) []Violation {
	if c.rules.Limit == 0 {
		c.rules.Limit = 10
	}
	c.messages, c.asks, c.ended = make(map[uint64]*fate), make(map[uint64]*asked), make(map[string]bool)
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.N, b.N) })
	for i := range entries {
		c.take(&entries[i])
	}
	for _, n := range c.order {
		c.once(n, c.messages[n])
		c.fate(n, c.messages[n])
	}
	c.sends()
	c.questions()
	c.books()
	return c.found
}

func (c *checker) report(v Violation) {
	if len(c.found) < c.rules.Limit {
		c.found = append(c.found, v)
	}
}

// take sorts an entry to what it is about.
func (c *checker) take(e *Entry) {
	switch e.Op {
	case OpStart:
		return
	case OpEnd:
		c.ended[incarnation(e.To, e.Incarnation)] = true
		return
	}
	if e.Ask != 0 {
		c.takeAsk(e)
	}
	if e.Op == OpAnswer || e.Op == OpResolve {
		return
	}
	if e.Message == 0 {
		c.takeNotice(e)
		return
	}
	f := c.messages[e.Message]
	if f == nil {
		f = &fate{}
		c.messages[e.Message] = f
		c.order = append(c.order, e.Message)
	}
	f.all = append(f.all, *e)
	switch e.Op {
	case OpSend:
		f.sent, f.took = e, f.took+1
	case OpAsk:
		f.ask = e
	case OpRefuse:
		f.refused = e
	case OpForward:
		f.forwards++
	case OpReceive:
		if f.received++; f.first == nil {
			f.first = e
		}
	case OpDiscard:
		f.discarded++
	}
}

func (c *checker) takeNotice(e *Entry) {
	switch e.Op {
	case OpSend:
		c.notices.accepted++
	case OpReceive:
		c.notices.received++
	case OpDiscard:
		c.notices.discarded++
	}
}

func (c *checker) takeAsk(e *Entry) {
	q := c.asks[e.Ask]
	if q == nil {
		q = &asked{}
		c.asks[e.Ask] = q
	}
	q.all = append(q.all, *e)
	switch e.Op {
	case OpSend, OpRefuse, OpAsk:
		if e.Ask == e.Message {
			q.open = e
		}
	case OpAnswer:
		c.answers = append(c.answers, *e)
		if e.Err == "" {
			q.answered++
		}
	case OpResolve:
		if f := c.messages[e.Ask]; f != nil && f.returned == 0 {
			f.returned = e.N
		}
		if q.resolved++; q.resolved > 1 {
			c.report(Violation{"D6", e.Ask, fmt.Sprintf("ask #%d was resolved twice", e.Ask), q.all})
		}
		c.rightAnswer(e, q)
	}
}

// rightAnswer holds that an asker gets what was given to its own question.
func (c *checker) rightAnswer(e *Entry, q *asked) {
	if e.Err != "" {
		return
	}
	if e.Answer != 0 && e.Answer != e.Ask {
		v := Violation{"D6", e.Ask, fmt.Sprintf("ask #%d got the answer to #%d", e.Ask, e.Answer), slices.Clone(q.all)}
		if other := c.asks[e.Answer]; other != nil {
			v.Excerpt = merged(v.Excerpt, other.all)
		}
		c.report(v)
	} else if e.Answer == 0 && q.answered == 0 && len(c.answers) > 0 {
		v := Violation{"D6", e.Ask, fmt.Sprintf("ask #%d got an answer that nobody gave to it", e.Ask), slices.Clone(q.all)}
		last := c.answers[len(c.answers)-1]
		v.Text += fmt.Sprintf("; the last answer before was to #%d", last.Ask)
		v.Excerpt = merged(v.Excerpt, c.asks[last.Ask].all)
		c.report(v)
	}
}

// merged is both, in order, and each entry once.
func merged(a, b []Entry) []Entry {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.N, b.N) })
	return slices.CompactFunc(all, func(a, b Entry) bool { return a.N == b.N })
}

// once is D1, and what D3 says of a send that failed.
func (c *checker) once(n uint64, f *fate) {
	switch {
	case f.received > 1+f.forwards:
		c.report(Violation{"D1", n, fmt.Sprintf("message #%d was received %d times", n, f.received), f.all})
	case f.received > 0 && f.refused != nil:
		c.report(Violation{"D3", n, fmt.Sprintf("message #%d was received, although the send had failed", n), f.all})
	case f.received > 0 && f.sent == nil && f.ask == nil && !c.rules.Running:
		c.report(Violation{"D1", n, fmt.Sprintf("message #%d was received and never sent", n), f.all})
	case f.first != nil && f.forwards == 0 && f.addressee() != "" && f.first.To != f.addressee():
		c.report(Violation{"D1", n, fmt.Sprintf("message #%d to %s was received by %s", n, f.addressee(), f.first.To), f.all})
	}
}

func (f *fate) addressee() string {
	switch {
	case f.sent != nil:
		return f.sent.To
	case f.ask != nil:
		return f.ask.To
	}
	return ""
}

// fate is D4 for one message.
func (c *checker) fate(n uint64, f *fate) {
	in, out := f.took+f.forwards, f.received+f.discarded
	switch {
	case f.sent == nil || f.received > 1+f.forwards:
	case out > in:
		c.report(Violation{"D4", n, fmt.Sprintf("message #%d was accepted once and has two ends", n), f.all})
	case out < in && !c.rules.Running && c.missed == 0:
		c.report(Violation{"D4", n, fmt.Sprintf("message #%d to %s was accepted, and neither received nor discarded", n, f.sent.To), f.all})
	}
}

func incarnation(path string, n uint64) string { return fmt.Sprintf("%s@%d", path, n) }

// questions is D6 for those that were never resolved.
func (c *checker) questions() {
	if c.rules.Running {
		return
	}
	for _, n := range c.order {
		q := c.asks[n]
		if q == nil || q.open == nil || q.open.Op == OpRefuse || q.resolved > 0 {
			continue
		}
		if q.open.Then && c.ended[incarnation(q.open.From, q.open.Incarnation)] {
			continue
		}
		c.report(Violation{"D6", n, fmt.Sprintf("ask #%d of %s to %s was never resolved", n, orOutside(q.open.From), q.open.To), q.all})
	}
}

// books holds the sums against the runtime's.
func (c *checker) books() {
	b := c.rules.Books
	if b == nil {
		return
	}
	s := c.notices
	for _, f := range c.messages {
		s.accepted, s.received, s.discarded = s.accepted+uint64(f.took+f.forwards), s.received+uint64(f.received), s.discarded+uint64(f.discarded)
	}
	if b.Accepted != s.accepted || b.Handled+b.Failed+b.InHand != s.received || b.Discarded != s.discarded || !b.Balanced() {
		c.report(Violation{Contract: "D4", Text: fmt.Sprintf("the books say %v; the history has accepted %d, received %d, discarded %d",
			b, s.accepted, s.received, s.discarded)})
	}
}
