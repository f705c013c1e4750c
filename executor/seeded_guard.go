package executor

import (
	"runtime"
	"strings"
	"time"
)

const (
	// guardLooks is how often in a row the guard must find no step to be out of patience.
	guardLooks = 8
	// busyLooks is how many times that it gives to a step that computes.
	busyLooks = 30
)

// guard looks in real time whether the holder of the baton still makes steps. One that does not is either blocked in
// something that Bastion knows nothing of, or it computes; its goroutine's state tells.
func (s *Seeded) guard() {
	tick := time.NewTicker(max(s.cfg.Patience/guardLooks, time.Millisecond))
	defer tick.Stop()
	seen, still, busy := s.life.Load(), 0, 0
	for {
		select {
		case <-s.over:
			return
		case <-tick.C:
		}
		if life := s.life.Load(); life != seen {
			seen, still, busy = life, 0, 0
			continue
		}
		if still++; still < guardLooks {
			continue
		}
		still = 0
		st := s.current.Load()
		stack, blocked := s.inspect(st)
		busy++
		switch {
		case s.life.Load() != seen || stack == "":
		case blocked:
			s.end(s.fault(FaultBlocked, []string{st.title()}, stack))
		case busy >= busyLooks:
			s.end(s.fault(FaultBusy, []string{st.title()}, stack))
		}
	}
}

// inspect returns the stack of a strand's goroutine, and whether it is blocked. "": it cannot be found.
func (s *Seeded) inspect(st *strand) (stack string, blocked bool) {
	number := st.number.Load()
	if number == nil {
		return "", false
	}
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) || len(buf) >= 1<<26 {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	head := "goroutine " + *number + " ["
	for _, one := range strings.Split(string(buf), "\n\n") {
		if state, found := strings.CutPrefix(one, head); found {
			// Who has been given the baton and has not woken up yet is not blocked.
			return one, blockedState(state) && !strings.Contains(one, ").await(") && !strings.Contains(one, ").enter(")
		}
	}
	return "", false
}

// blockedState tells from what the runtime prints behind a goroutine's number whether it waits for something.
func blockedState(s string) bool {
	for _, busy := range []string{"run", "preempted", "copystack", "GC ", "stopping the world"} {
		if strings.HasPrefix(s, busy) {
			return false
		}
	}
	return true
}
