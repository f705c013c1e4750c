package fort_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// until waits for what the system does soon, and will not say when.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(guardTime); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// state is that of a process: R, S, T, Z …; "" if there is none.
func state(stat string) string {
	text, err := os.ReadFile(stat)
	if err != nil {
		return ""
	}
	rest := text[bytes.LastIndexByte(text, ')')+1:]
	return string(rest[1:2])
}

// dead reports whether a process is gone, or gone but for its parent's wait.
func dead(pid int) bool {
	s := state(fmt.Sprintf("/proc/%d/stat", pid))
	return s == "" || s == "Z" || s == "X"
}

// suspend stops a process and returns when all its threads have stopped.
func suspend(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "all threads are suspended", func() bool {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil || len(tasks) == 0 {
			return false
		}
		for _, task := range tasks {
			if s := state(task); s != "" && !strings.Contains("Tt", s) {
				return false
			}
		}
		return true
	})
}

// between calls f while the ward is dead and the guard has not noticed yet.
func (r *rig) between(ward int, f func()) {
	r.t.Helper()
	guard := r.cmd.Process.Pid
	suspend(r.t, guard)
	if err := syscall.Kill(ward, syscall.SIGKILL); err != nil {
		r.t.Error(err)
	}
	until(r.t, "the ward is dead", func() bool { return dead(ward) })
	f()
	_ = r.cmd.Process.Signal(syscall.SIGCONT) // f may have killed it
}
