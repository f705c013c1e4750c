package bastion

import (
	"sync"
	"time"

	"github.com/bastion-go/bastion/internal/supervise"
)

// Storms are the supervisors and groups that have used up their intensity. A
// storm begins with the restart after which one more within the window would be
// too many, or with giving up, and lasts until a whole window has passed without
// another such restart, but for longestStorm at most: an intensity of five an hour
// must not have a program killed half an hour after its last failure. A single
// restart is none, whatever the intensity, nor is one below what is Optional.
type storms struct {
	mu    sync.Mutex
	all   map[*base]Problem
	limit int // length at which those that are over are looked for
}

// leastStorm is how many restarts are a storm.
const leastStorm = 2

// longestStorm is how long a storm lasts after its last restart. Kubernetes asks
// every 10 s and gives a program up after three answers in a row, unless it is told
// otherwise: it takes a storm that goes on.
const longestStorm = 15 * time.Second

// storm notes count restarts of b's children within the window of its intensity.
// Agenda only.
func (b *base) storm(count int, limit supervise.Intensity) {
	if count < max(limit.Max, leastStorm) {
		return
	}
	now := b.sys.clock.Now()
	s := &b.sys.storms
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.dispensable() { // asked under the lock; see excuse
		return
	}
	p, raging := s.all[b]
	if !raging || p.Until.Before(now) {
		p = Problem{Path: b.path, Kind: ProblemStorm, Since: now}
	}
	p.Count, p.Until = count, now.Add(min(limit.Within, longestStorm))
	if s.all == nil {
		s.all = make(map[*base]Problem)
	}
	s.all[b] = p
	if len(s.all) > s.limit { // nobody may ever ask
		s.prune(now)
		s.limit = 2*len(s.all) + maxProblems
	}
}

// prune forgets storms that are over. mu is held.
func (s *storms) prune(now time.Time) {
	for b, p := range s.all {
		if p.Until.Before(now) {
			delete(s.all, b)
		}
	}
}

// excuse forgets those of top, and below it, which has just been made Optional.
func (s *storms) excuse(top *base) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for b := range s.all {
		if b.within(top) {
			delete(s.all, b)
		}
	}
}

// list adds the storms that rage now to c.
func (s *storms) list(c *Check, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prune(now)
	for _, p := range s.all {
		c.add(p)
	}
}
