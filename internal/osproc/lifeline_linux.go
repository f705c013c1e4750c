package osproc

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A lifeline has the kernel kill a whole group when this program ends, in whatever
// way. The parent death signal reaches the leader alone. This one is a pipe of
// which this program has the only end for writing, and the group an end for
// reading that is set to signal the group (F_SETOWN) with SIGKILL (F_SETSIG)
// when anything happens to it (O_ASYNC). Nothing ever does but that the last end
// for writing closes. The group holds its end as a descriptor behind those of
// Spec.Files, which whatever it starts inherits; one that closes it is left with the parent
// death signal.
type lifeline struct{ read, write int }

func newLifeline() (*lifeline, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("opening a pipe: %w", err)
	}
	return &lifeline{fds[0], fds[1]}, nil
}

// descriptor is what the leader inherits.
func (l *lifeline) descriptor() (fd uintptr, has bool) { return uintptr(l.read), true }

// bind ties the group to this program, once its leader runs. Until then the parent
// death signal is all there is.
func (l *lifeline) bind(group int) error {
	fd := uintptr(l.read)
	flags, err := unix.FcntlInt(fd, unix.F_GETFL, 0)
	_, err1 := unix.FcntlInt(fd, unix.F_SETOWN, -group)
	_, err2 := unix.FcntlInt(fd, unix.F_SETSIG, int(unix.SIGKILL))
	if err := errors.Join(err, err1, err2); err != nil {
		return err
	}
	_, err = unix.FcntlInt(fd, unix.F_SETFL, flags|unix.O_ASYNC)
	unix.Close(l.read)
	l.read = -1
	return err
}

// close lets go of a group that is gone, or was never there.
func (l *lifeline) close() {
	if l.read >= 0 {
		unix.Close(l.read)
	}
	unix.Close(l.write)
}
