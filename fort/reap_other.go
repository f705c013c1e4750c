//go:build !linux

package fort

import "syscall"

// A reaper is for process 1, which is no Go program on this system.
type reaper struct{}

func newReaper() *reaper { return nil }

func isChild(syscall.Signal) bool { return false }

func (*reaper) reap(func(pid int) bool) int { return 0 }
