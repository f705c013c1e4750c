package bastiontest

import (
	"cmp"
	"fmt"
	"slices"
)

// A route is from one sender to one receiver.
type route struct{ from, to string }

// sends is D2. A send is known by the stretch of time that it took; only of two
// that do not overlap can be said which was first.
func (c *checker) sends() {
	routes := make(map[route][]*fate)
	var names []route
	for _, n := range c.order {
		f := c.messages[n]
		e := f.start()
		if e == nil || e.From == "" || e.Apart || f.forwards > 0 || f.received != 1 || f.first.Apart || slices.Contains(c.rules.Reorders, e.To) {
			continue
		}
		r := route{e.From, e.To}
		if routes[r] == nil {
			names = append(names, r)
		}
		routes[r] = append(routes[r], f)
	}
	for _, r := range names {
		c.inOrder(r, routes[r])
	}
}

// start is how the message was sent.
func (f *fate) start() *Entry {
	if f.sent != nil {
		return f.sent
	}
	return f.ask
}

// begin and end are the stretch in which it was sent.
func (f *fate) begin() int {
	if e := f.start(); e.Begun != 0 {
		return e.Begun
	}
	return f.start().N
}

func (f *fate) end() int {
	if f.sent != nil {
		return f.sent.N
	}
	if f.returned != 0 {
		return f.returned
	}
	return f.all[len(f.all)-1].N
}

// inOrder goes through the sends as they began, and keeps the one that was
// received last among those that had returned by then.
func (c *checker) inOrder(r route, begun []*fate) {
	ended := slices.Clone(begun)
	slices.SortFunc(begun, func(a, b *fate) int { return cmp.Compare(a.begin(), b.begin()) })
	slices.SortFunc(ended, func(a, b *fate) int { return cmp.Compare(a.end(), b.end()) })
	var last *fate
	for _, f := range begun {
		for len(ended) > 0 && ended[0].end() < f.begin() {
			if last == nil || ended[0].first.N > last.first.N {
				last = ended[0]
			}
			ended = ended[1:]
		}
		if last != nil && last.first.N > f.first.N {
			c.report(Violation{"D2", f.first.Message, fmt.Sprintf("message #%d of %s to %s was received before #%d, which was sent first",
				f.first.Message, r.from, r.to, last.first.Message), merged(last.all, f.all)})
			return // one for each route
		}
	}
}
