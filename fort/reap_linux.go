package fort

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A reaper waits for what process 1 gets as children: orphans of others. It must
// not wait for the guard's own, whose end somebody else is to hear of.
type reaper struct{}

func newReaper() *reaper {
	if os.Getpid() != 1 {
		return nil
	}
	return &reaper{}
}

func isChild(s syscall.Signal) bool { return s == syscall.SIGCHLD }

// reap takes all orphans that have ended. It looks first whose end it is (WNOWAIT),
// and stops at one of the guard's own: its owner is about to wait for it, and there
// will be another look then.
func (r *reaper) reap(own func(pid int) bool) (n int) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		// The process's number stands behind three words, aligned for a pointer.
		pid := int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), childAt)))
		if err != nil || pid == 0 || own(pid) {
			return n
		}
		if _, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err != nil {
			return n
		}
		n++
	}
}

// childAt is where si_pid is: after si_signo, si_errno and si_code, at the next
// address that fits a pointer.
const childAt = (12 + unsafe.Sizeof(uintptr(0)) - 1) / unsafe.Sizeof(uintptr(0)) * unsafe.Sizeof(uintptr(0))
