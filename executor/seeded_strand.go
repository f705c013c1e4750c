package executor

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/bastion-go/bastion/internal/goid"
)

// strand is one goroutine of a seeded run. Its fields belong to whoever has the baton, unless they say otherwise.
type strand struct {
	s    *Seeded
	id   uint64
	name string
	// resume wakes it: it has the baton now, or the run has ended.
	resume chan struct{}
	gone   chan struct{} // closed when its goroutine ends
	// g is the identity of its goroutine, number what stacks call it. Both are set by that goroutine when it first has
	// the baton; the guard reads number, those who come after the end of the run g.
	g      atomic.Uintptr
	number atomic.Pointer[string]

	what  string        // what it waits for; "": it can go on
	about fmt.Stringer  // of what or whom; may be nil
	conds []func() bool // it can go on when one of them holds
	held  []int         // which of them hold; scratch
	// settling says that it can go on, too, when nothing else can at this moment.
	settling bool

	carrier bool
	item    Candidate // a carrier's: what it does, a task or a timer
	w       *Worker   // and on which worker
	base    uint64    // the worker's steps when the slice began
}

// title is the name of what the strand does.
func (st *strand) title() string {
	switch {
	case !st.carrier:
		return st.name
	case st.item.timer != nil:
		return st.item.timer.title()
	case st.item.task.t != nil:
		return taskName(st.item.task.t)
	}
	return "nothing"
}

// String says what the strand does or waits for.
func (st *strand) String() string {
	switch {
	case st.what == "":
		return st.title() + " can go on"
	case st.about == nil:
		return st.title() + " waits for " + st.what
	}
	return st.title() + " waits for " + st.what + " " + st.about.String()
}

// Go starts f as a new strand, which will run when it is chosen. The name is for traces and reports. After the end of
// the run f is not called.
func (s *Seeded) Go(name string, f func()) {
	s.begin(name, f)
}

func (s *Seeded) begin(name string, f func()) *strand {
	st := s.newStrand(name)
	s.mu.Lock()
	s.lastID++
	st.id = s.lastID
	s.strands = append(s.strands, st)
	s.mu.Unlock()
	go func() {
		defer close(st.gone)
		if !st.enter() {
			return
		}
		defer s.leave(st)
		f()
	}()
	return st
}

func (s *Seeded) newStrand(name string) *strand {
	st := &strand{s: s, name: name, resume: make(chan struct{}, 1), gone: make(chan struct{})}
	s.mu.Lock()
	s.all[st] = struct{}{}
	s.mu.Unlock()
	return st
}

// enter is the beginning of a strand's goroutine. False: the run has ended before.
func (st *strand) enter() bool {
	<-st.resume
	var buf [64]byte
	head := string(buf[:runtime.Stack(buf[:], false)]) // "goroutine 17 [running]:..."
	number, _, _ := strings.Cut(strings.TrimPrefix(head, "goroutine "), " ")
	st.number.Store(&number)
	st.g.Store(goid.Self())
	st.s.holder.Store(goid.Self())
	return !st.s.ended.Load()
}

// leave is the end of a strand's goroutine, deferred, because Goexit ends it as well.
func (s *Seeded) leave(st *strand) {
	s.forget(st)
	if st == s.main {
		s.drained = true
	}
	s.next(nil, st.id)
}

// forget strikes a strand off the lists.
func (s *Seeded) forget(st *strand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, st)
	s.rest(st)
}

// rest takes a strand off the list of those that have something to do. Under mu.
func (s *Seeded) rest(st *strand) {
	if i := slices.Index(s.strands, st); i >= 0 {
		s.strands = slices.Delete(s.strands, i, i+1)
	}
}

// self returns the caller's strand; nil if it is none. A strand whose run has ended is ended here: what it was about
// to wait for will not come.
func (s *Seeded) self() *strand {
	g := goid.Self()
	switch {
	case s.ended.Load():
		if s.was(g) {
			runtime.Goexit()
		}
		return nil
	case g != 0 && s.holder.Load() != g:
		s.stranger(g)
		return nil
	}
	return s.current.Load()
}

// was reports whether g is the goroutine of a strand, after the end of the run. Where goroutines cannot be told apart
// it says no.
func (s *Seeded) was(g uintptr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.all {
		if g != 0 && st.g.Load() == g {
			return true
		}
	}
	return false
}

// stranger notes a call of a goroutine that is no strand, during the run.
func (s *Seeded) stranger(g uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g != 0 && s.running && !s.ended.Load() && s.foreign == "" {
		s.foreign = string(debug.Stack())
	}
}

// Mine reports whether the caller is a strand of the run, and so has the baton.
func (s *Seeded) Mine() bool { return s.self() != nil }

// Wait waits until one of the conditions holds, and returns its index. Meanwhile others run. A condition is called by
// whoever has the baton, any number of times, and must only look. what and about (which may be nil) say in reports
// what is waited for. It returns -1 at once to a goroutine that is no strand, which must wait by other means.
func (s *Seeded) Wait(what string, about fmt.Stringer, conds ...func() bool) int {
	st := s.self()
	if st == nil {
		return -1
	}
	st.what, st.about, st.conds = what, about, conds
	s.next(st, st.id)
	held := st.held
	st.what, st.about, st.conds = "", nil, nil
	if len(held) < 2 {
		return held[0]
	}
	return held[s.ask(Choice{Kind: ChooseCase, N: len(held), Last: st.id})]
}

// Settle is Wait that ends as well when nothing else can go on before time passes, with -1; of several strands that
// settle each goes on then.
func (s *Seeded) Settle(what string, conds ...func() bool) int {
	st := s.self()
	if st == nil {
		return -1
	}
	st.settling = true
	came := s.Wait(what, nil, append(conds, func() bool { return !st.settling })...)
	settled := !st.settling
	st.settling = false
	if settled || came == len(conds) {
		return -1
	}
	return came
}

// settled lets those go on who wait for nothing else to happen. False: there are none.
func (s *Seeded) settled() (any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.strands {
		any = any || st.settling
		st.settling = false
	}
	return any
}

// Point is where another strand may go on: the caller gives the baton on if the source says so. The caller must hold
// no lock. For a goroutine that is no strand it does nothing.
func (s *Seeded) Point() {
	if s.cfg.AtomicSends {
		return
	}
	st := s.self()
	if st == nil {
		return
	}
	s.life.Add(1)
	if s.ask(Choice{Kind: ChooseSwitch, N: 2, Last: st.id}) == 1 {
		s.next(st, st.id)
	}
}

// can reports whether the strand can go on, and notes why.
func (st *strand) can() bool {
	if st.what == "" {
		return true
	}
	st.held = st.held[:0]
	for i, holds := range st.conds {
		if holds() {
			st.held = append(st.held, i)
		}
	}
	return len(st.held) > 0
}

// give hands the baton over. The caller must not touch what belongs to the holder any more.
func (s *Seeded) give(to *strand) {
	s.current.Store(to)
	s.holder.Store(0)
	to.resume <- struct{}{}
}

// await waits for the baton. It does not return when the run has ended.
func (st *strand) await() {
	<-st.resume
	if st.s.ended.Load() {
		runtime.Goexit()
	}
	st.s.holder.Store(goid.Self())
}

// Closed is a condition for [Seeded.Wait]: c is closed. Nothing must ever be sent on c.
func Closed(c <-chan struct{}) func() bool {
	return func() bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
}

// Filled is a condition for [Seeded.Wait]: something is in the channel's buffer.
func Filled[T any](c <-chan T) func() bool { return func() bool { return len(c) > 0 } }

// Named is a [Runner] that has a name for traces and reports of seeded runs.
type Named interface {
	// TaskName is the name. It is called at any time, between steps.
	TaskName() string
}

func taskName(t *Task) string {
	if n, ok := t.runner.(Named); ok {
		return n.TaskName()
	}
	return "task of type " + fmt.Sprintf("%T", t.runner)
}

func (t *virtualTimer) title() string { return "timer " + strconv.FormatUint(t.seq, 10) }
