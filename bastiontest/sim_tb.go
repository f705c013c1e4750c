package bastiontest

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// What stands here is testing.TB for one run.

// trouble is one thing that was found wrong.
type trouble struct {
	key  string // what makes two of them the same
	text string
}

func (s *Sim) add(t trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = append(s.trouble, t)
}

// Error is Log and Fail.
func (s *Sim) Error(args ...any) { s.found(fmt.Sprintln(args...)) }

// Errorf is Logf and Fail: the run has failed and goes on.
func (s *Sim) Errorf(format string, args ...any) { s.found(fmt.Sprintf(format, args...)) }

// Fatal is Error and FailNow.
func (s *Sim) Fatal(args ...any) {
	s.found(fmt.Sprintln(args...))
	s.FailNow()
}

// Fatalf is Errorf and FailNow.
func (s *Sim) Fatalf(format string, args ...any) {
	s.found(fmt.Sprintf(format, args...))
	s.FailNow()
}

// Fail makes the run a failed one.
func (s *Sim) Fail() { s.found("Fail was called") }

// FailNow makes the run a failed one and ends it at once, from wherever in it: unlike a testing.T's it may be called in
// processes and goroutines as well. Cleanups run; the first call of Bastion in one of them ends it.
func (s *Sim) FailNow() {
	if !s.Failed() {
		s.found("FailNow was called")
	}
	s.seeded.Abort()
	runtime.Goexit()
}

// Failed reports whether the run has failed.
func (s *Sim) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.trouble) > 0
}

// found is one thing that is wrong, with who says so.
func (s *Sim) found(text string) {
	where := s.caller()
	s.Note(where, text)
	s.add(trouble{key: where, text: where + ": " + strings.TrimRight(text, "\n")})
}

// caller is the first function of the stack that is neither this package's nor a helper, as file and line.
func (s *Sim) caller() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		f, more := frames.Next()
		ours := strings.HasPrefix(f.Function, ownPackage) && !strings.HasSuffix(f.File, "_test.go")
		if !ours && !s.quiet[f.Function] || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
	}
}

const ownPackage = "github.com/bastion-go/bastion/bastiontest."

// Helper is testing.T's: the calling function is passed over where lines are named.
func (s *Sim) Helper() {
	var pcs [1]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	f, _ := frames.Next()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet == nil {
		s.quiet = make(map[string]bool)
	}
	s.quiet[f.Function] = true
}

// Log adds to the run's log, which is shown if the run fails.
func (s *Sim) Log(args ...any) { s.log.print(s.caller() + ": " + fmt.Sprintln(args...)) }

// Logf is Log with a format.
func (s *Sim) Logf(format string, args ...any) {
	s.log.print(s.caller() + ": " + fmt.Sprintf(format, args...))
}

// Skip is Log and SkipNow.
func (s *Sim) Skip(args ...any) {
	s.Log(args...)
	s.SkipNow()
}

// Skipf is Logf and SkipNow.
func (s *Sim) Skipf(format string, args ...any) {
	s.Logf(format, args...)
	s.SkipNow()
}

// SkipNow ends the run and lets it count neither as failed nor as passed: the seed drew something that is no test. A test
// of which every seed is skipped is skipped.
func (s *Sim) SkipNow() {
	s.mu.Lock()
	s.skipped = true
	s.mu.Unlock()
	s.seeded.Abort()
	runtime.Goexit()
}

// Skipped reports whether the run was skipped.
func (s *Sim) Skipped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skipped
}

// Cleanup has f called by the driver when main has returned, the last one first, before what still runs is stopped.
func (s *Sim) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Context ends when the run has ended. It belongs to no process: verbs that are given it are called from outside.
func (s *Sim) Context() context.Context { return s.ctx }
