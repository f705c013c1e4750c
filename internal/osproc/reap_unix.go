//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"errors"
	"syscall"
	"time"
)

// reap waits for a child that has ended, once.
func reap(pid int) Exit {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &usage)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return Exit{Code: -1, Lost: true}
		}
		break
	}
	exit := Exit{Code: status.ExitStatus(), Usage: Usage{
		User:   time.Duration(usage.Utime.Nano()),
		System: time.Duration(usage.Stime.Nano()),
		MaxRSS: int64(usage.Maxrss) * rssUnit,
	}}
	if status.Signaled() {
		exit.Code, exit.Signal, exit.Core = -1, status.Signal(), status.CoreDump()
	}
	return exit
}
