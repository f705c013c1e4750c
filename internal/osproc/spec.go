package osproc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ErrUnsupported: this operating system lacks what the Spec asks for. The error
// around it names the field and the system.
var ErrUnsupported = errors.New("not supported on this system")

// A FieldError says which field of a Spec cannot be had, and why.
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap is what is wrong.
func (e *FieldError) Unwrap() error { return e.Err }

func bad(field string, err error) error { return &FieldError{Field: field, Err: err} }

func badf(field, format string, args ...any) error { return bad(field, fmt.Errorf(format, args...)) }

// A Spec describes one operating system process. Only Argv is needed. Start keeps
// no part of it but the signals and times.
type Spec struct {
	// Argv is the program and its arguments. A program without a slash is looked
	// up in this program's PATH; a relative one with a slash is relative to Dir.
	Argv []string
	// Path is the program's file where Argv[0] is only its name. Empty: Argv[0].
	Path string
	// Dir is the working folder. Empty: this program's.
	Dir string
	// Env is the whole environment, "name=value" each. Nil: this program's.
	Env []string
	// Credential is whose rights it has. Nil: this program's.
	Credential *Credential
	// Stdin, Stdout and Stderr may be nil, which is the null device. They are put
	// into blocking mode, and stay the caller's, who closes them after Start.
	Stdin, Stdout, Stderr *os.File
	// Files come after those, from descriptor 3 on, under the same rules. A nil
	// one leaves a gap.
	Files []*os.File
	// StopSignal is what Stop sends to the group. Zero: SIGTERM.
	StopSignal syscall.Signal
	// Linger is how long others of the group may outlive the leader: they get
	// StopSignal when it has ended, and SIGKILL this much later. Zero: SIGKILL at
	// once. During a Stop its time counts instead.
	Linger time.Duration
	// CPUs restricts it to these. Empty: this program's. Linux.
	CPUs []int
	// Nodes are the NUMA nodes its memory should come from. Empty: as the system
	// likes. Linux.
	Nodes []int
	// Cgroup is where it is started, so that nothing of it is ever elsewhere. It
	// belongs to the process then, which removes it at its end. Linux.
	Cgroup *Cgroup
}

// A Credential is a user and its groups.
type Credential struct {
	UID, GID uint32
	Groups   []uint32 // beside GID
}

// check finds what can be said without starting anything. What the kernel says
// when it starts a program does not tell which step it was that failed.
func (s *Spec) check() (path string, err error) {
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return "", badf("Argv", "is empty; it needs at least the program")
	}
	for _, a := range append([]string{s.Path, s.Dir}, s.Argv...) {
		if strings.ContainsRune(a, 0) {
			return "", badf("Argv", "%q contains a zero byte", a)
		}
	}
	for _, e := range s.Env {
		if strings.ContainsRune(e, 0) || strings.IndexByte(e, '=') < 1 {
			return "", badf("Env", "%q is not of the form name=value", e)
		}
	}
	if s.Linger < 0 {
		return "", badf("Linger", "must not be negative, is %v", s.Linger)
	}
	if err := checkFolder(s.Dir); err != nil {
		return "", err
	}
	return s.program()
}

func checkFolder(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return bad("Dir", err)
	}
	if !info.IsDir() {
		return badf("Dir", "%s is not a folder", dir)
	}
	return nil
}

// program finds the file to run and says plainly what is wrong with it.
func (s *Spec) program() (string, error) {
	path := s.Path
	if path == "" {
		path = s.Argv[0]
	}
	if !strings.ContainsRune(path, '/') {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", bad("Argv", err)
		}
		if found, err = filepath.Abs(found); err != nil {
			return "", bad("Argv", err)
		}
		return found, nil
	}
	seen := path
	if !filepath.IsAbs(seen) {
		seen = filepath.Join(s.Dir, seen)
	}
	info, err := os.Stat(seen)
	switch {
	case err != nil:
		return "", bad("Argv", err)
	case info.IsDir():
		return "", badf("Argv", "%s is a folder", seen)
	case info.Mode()&0o111 == 0:
		return "", bad("Argv", &fs.PathError{Op: "exec", Path: seen, Err: errors.New("is not executable")})
	}
	return path, nil
}
