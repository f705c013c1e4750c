//go:build linux && !android && !faketime && !asan && !msan && !go1.28

package fort

import (
	"os"
	"syscall"
	"unsafe"
)

// The line that says what a fatal error was, and what the runtime explains before
// it, goes to standard error alone: the runtime copies to the crash output only what
// it writes afterwards (golang.org/issue/76859). So the ward keeps the last of what
// the runtime has written to standard error, and puts it in front of the first that
// goes to the crash output. The hook was made for golang.org/x/mobile, and the
// runtime promises to keep its type; a build for a Go that is not known to have it
// does without (see preamble_other.go), and so does one with sanitizers, whose calls
// must not be made where the runtime writes. Where the runtime had no such variable
// this would be one that nobody reads.
//
//go:linkname overrideWrite runtime.overrideWrite
var overrideWrite func(fd uintptr, p unsafe.Pointer, n int32) int32

// preambleSize is a power of two.
const preambleSize = 2048

// preamble is written by the runtime's prints, which hold its print lock, and read
// by the first of a dying program. If two die at a time the text may be mixed up;
// nothing else depends on it.
var preamble struct {
	crash  uintptr            // the descriptor of the crash output
	text   [preambleSize]byte // a ring
	length uint32             // of all that was ever written to it
	shown  bool
}

// keepPreamble begins to keep it, for what goes to a copy of f. The runtime does not
// say which descriptor its copy is; but a copy is the lowest that is free, and while
// packages are initialised nothing else opens any. It writes to others as well,
// to wake its own poller.
//
// It stays away where somebody else has the hook already. One who takes it later has
// it, and loses nothing: then reports begin with the stack.
func keepPreamble(f *os.File, setCrashOutput func() error) error {
	if overrideWrite != nil {
		return setCrashOutput()
	}
	lowest, err := duplicate(int(f.Fd()))
	if err != nil {
		return err
	}
	closeAll([]int{lowest})
	if err := setCrashOutput(); err != nil {
		return err
	}
	var given, copied syscall.Stat_t
	if syscall.Fstat(int(f.Fd()), &given) == nil && syscall.Fstat(lowest, &copied) == nil && given.Ino == copied.Ino {
		preamble.crash = uintptr(lowest)
		overrideWrite = writeWithPreamble
	}
	return nil
}

// writeWithPreamble runs where nothing is allowed but this: no stack to grow, no
// allocation, no lock, no race detector.
//
//go:nosplit
//go:norace
func writeWithPreamble(fd uintptr, p unsafe.Pointer, n int32) int32 {
	switch {
	case fd == 2:
		for i := int32(0); i < n; i++ {
			preamble.text[preamble.length%preambleSize] = *(*byte)(unsafe.Add(p, i))
			preamble.length++
		}
	case fd == preamble.crash && !preamble.shown:
		preamble.shown = true
		showPreamble(fd, uint32(n))
	}
	done, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(p), uintptr(n))
	if errno != 0 {
		return -int32(errno)
	}
	return int32(done)
}

// showPreamble writes the ring, oldest first, without its last n bytes: the runtime
// writes to standard error first, and those are what it is about to repeat.
//
//go:nosplit
//go:norace
func showPreamble(fd uintptr, n uint32) {
	if n > preamble.length {
		return
	}
	end := preamble.length - n
	begin := uint32(0)
	if preamble.length > preambleSize {
		begin = preamble.length - preambleSize
	}
	if begin >= end {
		return
	}
	from, to := begin%preambleSize, end%preambleSize
	if from < to {
		syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&preamble.text[from])), uintptr(to-from))
		return
	}
	syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&preamble.text[from])), uintptr(preambleSize-from))
	syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&preamble.text[0])), uintptr(to))
}
