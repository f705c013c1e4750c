//go:build unix

package fort_test

import (
	"syscall"
	"unsafe"
)

// rawRead reads without telling the Go scheduler.
func rawRead(fd int, b []byte) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
}
