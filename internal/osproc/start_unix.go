//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
)

// resume wakes what is suspended.
const resume = syscall.SIGCONT

// Start starts what the spec describes, as the leader of a process group of its
// own. On Linux the kernel kills it when this program ends, in whatever way. A
// fault of the spec is a *FieldError; whatever the error, nothing runs.
//
// Each process has a goroutine here that is locked to a thread: it forks, waits,
// and ends with it. So the thread that forked lives as long as the process, which
// is what the kernel's parent death signal hangs on: it fires when that thread
// ends, not when the program does. And what a child inherits from its thread (CPU
// set, memory policy) can be set there without touching anybody else's.
func Start(s Spec) (*Process, error) {
	path, err := s.check()
	if err != nil {
		return nil, err
	}
	p := &Process{sig: s.StopSignal, linger: s.Linger, group: s.Cgroup, done: make(chan struct{})}
	if p.sig == 0 {
		p.sig = syscall.SIGTERM
	}
	started := make(chan error)
	go p.own(&s, path, started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// own is the goroutine of one process, from the fork to the end of its group.
func (p *Process) own(s *Spec, path string, started chan<- error) {
	runtime.LockOSThread()
	line, err := newLifeline()
	if err == nil {
		if err = p.fork(s, path, line); err != nil {
			line.close()
		}
	}
	if err != nil {
		p.release()
		started <- err
		return
	}
	_ = line.bind(p.pid) // where it is refused, the parent death signal remains
	started <- nil
	await(p.pid)
	exit := p.bury()
	line.close()
	p.release()
	p.over(exit)
}

// release gives the thread back. One that could not be put back as it was ends with
// its goroutine instead.
func (p *Process) release() {
	if !p.spoilt {
		runtime.UnlockOSThread()
	}
}

func (p *Process) fork(s *Spec, path string, line *lifeline) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening the null device: %w", err)
	}
	defer null.Close()
	attr := &syscall.ProcAttr{Dir: s.Dir, Env: s.Env, Files: descriptors(s, null), Sys: &syscall.SysProcAttr{Setpgid: true}}
	if fd, has := line.descriptor(); has {
		attr.Files = append(attr.Files, fd)
	}
	if attr.Env == nil {
		attr.Env = os.Environ()
	}
	if c := s.Credential; c != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups}
	}
	closeAfter, err := special(attr.Sys, s)
	if err != nil {
		return err
	}
	defer closeAfter()
	restore, err := place(s)
	if err != nil {
		return err
	}
	pid, _, err := syscall.StartProcess(path, s.Argv, attr)
	runtime.KeepAlive(s) // the descriptors are the files'
	p.spoilt = restore() != nil
	if err != nil {
		return explain(s, path, err)
	}
	p.pid = pid
	return nil
}

func descriptors(s *Spec, null *os.File) []uintptr {
	fds := make([]uintptr, 0, 3+len(s.Files))
	for _, f := range []*os.File{s.Stdin, s.Stdout, s.Stderr} {
		if f == nil {
			f = null
		}
		fds = append(fds, f.Fd())
	}
	for _, f := range s.Files {
		if f == nil {
			fds = append(fds, ^uintptr(0))
			continue
		}
		fds = append(fds, f.Fd())
	}
	return fds
}

// cgroupErrors are what clone3 says of a cgroup and nothing else says.
var cgroupErrors = []syscall.Errno{syscall.EBADF, syscall.EBUSY, syscall.ENOSYS, syscall.EOPNOTSUPP, syscall.ENODEV}

// explain finds the field behind what the kernel said. It says one word for all
// the steps between fork and exec.
func explain(s *Spec, path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOEXEC):
		return badf("Argv", "%s: %w (no #! line, or for another processor?)", path, err)
	case errors.Is(err, syscall.E2BIG):
		return badf("Argv", "%s: %w (arguments and environment are too long)", path, err)
	case errors.Is(err, syscall.ENOENT):
		// It was there when check looked: so its interpreter or loader is not, or it went.
		return badf("Argv", "%s: %w (its interpreter is missing, or it was removed just now)", path, err)
	case errors.Is(err, syscall.EPERM) && s.Credential != nil:
		return badf("Credential", "becoming user %d, group %d: %w", s.Credential.UID, s.Credential.GID, err)
	case errors.Is(err, syscall.EACCES) && s.Credential != nil:
		return badf("Argv", "%s: %w (may user %d run it, and enter %q?)", path, err, s.Credential.UID, s.Dir)
	case s.Cgroup != nil && slices.ContainsFunc(cgroupErrors, func(e syscall.Errno) bool { return errors.Is(err, e) }):
		return badf("Cgroup", "starting in it: %w", err)
	}
	return badf("Argv", "starting %s: %w", path, err)
}
