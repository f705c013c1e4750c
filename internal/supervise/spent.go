package supervise

import "time"

// Spent counts the restarts that a child has had for its own failures, against its Tries: all of them, and those in a
// window if that is what its Tries are for. The zero value is ready.
type Spent struct {
	n      int
	window *Window
}

// Add notes a restart at now. tries and within are the child's policy.
func (s *Spent) Add(now time.Time, tries int, within time.Duration) {
	s.n++
	if tries <= 0 || within <= 0 {
		return
	}
	if s.window == nil {
		w := NewWindow(Intensity{})
		s.window = &w
	}
	s.window.Resize(Intensity{Max: tries, Within: within})
	s.window.Add(now)
}

// Count says how many count against tries at now.
func (s *Spent) Count(now time.Time, within time.Duration) int {
	switch {
	case within <= 0:
		return s.n
	case s.window == nil:
		return 0
	}
	s.window.within = within
	return s.window.Count(now)
}
