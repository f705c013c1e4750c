//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// rssUnit is what the system counts resident memory in: bytes on Darwin, KiB on
// the others.
var rssUnit = map[bool]int64{true: 1, false: 1024}[runtime.GOOS == "darwin"]

// await returns when the child has ended, and leaves it to be waited for.
func await(pid int) {
	queue, err := unix.Kqueue()
	if err != nil {
		return // reap waits then, and others of the group are signalled after it
	}
	defer unix.Close(queue)
	unix.CloseOnExec(queue)
	change := make([]unix.Kevent_t, 1)
	unix.SetKevent(&change[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	change[0].Fflags = unix.NOTE_EXIT
	event := make([]unix.Kevent_t, 1)
	for {
		// One that has ended already is an error here, which is an answer as well.
		if _, err := unix.Kevent(queue, change, event, nil); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
