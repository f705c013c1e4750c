package osproc

import (
	"errors"

	"golang.org/x/sys/unix"
)

// rssUnit is what the system counts resident memory in.
const rssUnit = 1024

// await returns when the child has ended, and leaves it to be waited for. The
// thread is blocked meanwhile, as it is in package os; it has to stay anyway (see
// Start). A pidfd would add nothing: the number is ours until reap.
func await(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return // ECHILD: somebody else waited; reap finds the same
		}
	}
}
