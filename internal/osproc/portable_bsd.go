//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

import (
	"runtime"
	"syscall"
)

// members: these systems have no list that can be read without a library.
func members(int) (alive []int, known bool) { return nil, false }

func lacking(field string) error {
	return badf(field, "%w (%s)", ErrUnsupported, runtime.GOOS)
}

// special says which of the fields need Linux.
func special(_ *syscall.SysProcAttr, s *Spec) (closeAfter func(), err error) {
	if s.Cgroup != nil {
		return nil, lacking("Cgroup")
	}
	return func() {}, nil
}

// place says which of the fields need Linux.
func place(s *Spec) (restore func() error, err error) {
	switch {
	case len(s.CPUs) > 0:
		return nil, lacking("CPUs")
	case len(s.Nodes) > 0:
		return nil, lacking("Nodes")
	}
	return func() error { return nil }, nil
}
