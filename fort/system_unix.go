//go:build unix

package fort

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

const errAddressInUse = syscall.EADDRINUSE

// resume wakes what is suspended.
const resume = syscall.SIGCONT

// supported reports whether this system can have a fort.
func supported() error { return nil }

func closeAll(fds []int) {
	for _, fd := range fds {
		syscall.Close(fd)
	}
}

func closeOnExec(fd int) { syscall.CloseOnExec(fd) }

func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

func isBlocking(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK == 0
}

func blocking(fd int) { _ = syscall.SetNonblock(fd, false) }

// lockFolder waits for a lock that goes with this process, whatever happens to it.
func lockFolder(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// endGroup ends this process, a ward, and all of its group.
func endGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}

// ending signals end the fort, passing ones go to the program. Those that report a
// fault of the guard itself, and those of the terminal's job control, are neither.
var (
	endingSignals  = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT}
	passingSignals = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGALRM}
)

// forwarded lists the signals that a guard wants to hear of. SIGPIPE is among them
// so that a log that nobody reads any more does not end it.
func forwarded(config Config) []os.Signal {
	all := append([]os.Signal{syscall.SIGPIPE}, endingSignals...)
	for _, s := range passingSignals {
		if s != syscall.SIGHUP || !signal.Ignored(s) { // nohup
			all = append(all, s)
		}
	}
	if config.UpgradeSignal != nil {
		all = append(all, config.UpgradeSignal)
	}
	if os.Getpid() == 1 {
		all = append(all, syscall.SIGCHLD)
	}
	return all
}

func (c *Config) checkUpgradeSignal(f *faults) {
	s, ok := c.UpgradeSignal.(syscall.Signal)
	switch {
	case !ok:
		f.add("UpgradeSignal", "%v is not a signal of this system", c.UpgradeSignal)
	case s == syscall.SIGKILL, s == syscall.SIGSTOP:
		f.add("UpgradeSignal", "%v cannot be caught", s)
	case s == syscall.SIGINT, s == syscall.SIGTERM, s == syscall.SIGQUIT:
		f.add("UpgradeSignal", "%v ends the fort", s)
	case s == syscall.SIGCHLD, s == syscall.SIGPIPE, s == syscall.SIGURG:
		f.add("UpgradeSignal", "%v comes without anybody sending it", s)
	}
}
