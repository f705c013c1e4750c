package bastiontest

import (
	"time"

	"github.com/bastion-go/bastion"
)

// A Spy keeps what a system tells of itself: its events and its dead letters, from the moment it was made.
type Spy struct {
	s       *Sim
	events  *bastion.Subscription[bastion.Event]
	letters *bastion.Subscription[bastion.DeadLetter]
	seen    []bastion.Event
	dead    []bastion.DeadLetter
}

// spied is how many of each may come between two looks.
const spied = 1 << 14

// Spy watches a system, which may not have been started yet.
func (s *Sim) Spy(sys *bastion.System) *Spy {
	return &Spy{s: s, events: sys.Events(spied), letters: sys.DeadLetters(spied)}
}

// look takes in what has come.
func (y *Spy) look() {
	y.s.Helper()
	drain(y.events, &y.seen)
	drain(y.letters, &y.dead)
	if n := y.events.Missed() + y.letters.Missed(); n > 0 {
		y.s.Errorf("the spy has missed %d: more than %d between two looks", n, spied)
	}
}

func drain[T any](from *bastion.Subscription[T], to *[]T) {
	for {
		select {
		case v, open := <-from.C():
			if !open {
				return
			}
			*to = append(*to, v)
		default:
			return
		}
	}
}

// Events are all so far, in their order.
func (y *Spy) Events() []bastion.Event {
	y.s.Helper()
	y.look()
	return y.seen
}

// DeadLetters are all so far, in their order.
func (y *Spy) DeadLetters() []bastion.DeadLetter {
	y.s.Helper()
	y.look()
	return y.dead
}

// Count is how many events of a kind there were so far about a path; an empty path stands for all.
func (y *Spy) Count(kind bastion.EventKind, path string) (n int) {
	y.s.Helper()
	y.look()
	for i := range y.seen {
		if y.seen[i].Kind == kind && (path == "" || y.seen[i].Path == path) {
			n++
		}
	}
	return n
}

// Restarts is how often what has this path was about to be restarted so far; an empty path stands for all.
func (y *Spy) Restarts(path string) int {
	y.s.Helper()
	return y.Count(bastion.EventRestarting, path)
}

// Expect waits until there has been an event of a kind about a path, for d of virtual time at most; the first since the
// spy was made counts. Else the run fails at once.
func (y *Spy) Expect(d time.Duration, kind bastion.EventKind, path string) bastion.Event {
	y.s.Helper()
	if !y.s.Within(d, kind.String()+" "+path, func() bool { return y.Count(kind, path) > 0 }) {
		y.s.Fatalf("no event %q about %s within %v", kind.String(), path, d)
	}
	for _, e := range y.seen {
		if e.Kind == kind && (path == "" || e.Path == path) {
			return e
		}
	}
	return bastion.Event{}
}
