//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package osproc

import (
	"fmt"
	"runtime"
	"syscall"
)

const resume = syscall.Signal(0)

// Start needs process groups and signals, which this system has not.
func Start(Spec) (*Process, error) {
	return nil, fmt.Errorf("starting a process with its group: %w (%s has no process groups and signals)", ErrUnsupported, runtime.GOOS)
}

func (p *Process) send(syscall.Signal) error { return ErrUnsupported }
