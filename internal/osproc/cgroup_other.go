//go:build !linux

package osproc

import (
	"fmt"
	"runtime"
)

// A Cgroup is a control group of Linux.
type Cgroup struct{}

// NewCgroup needs Linux.
func NewCgroup(parent, name string, memory int64) (*Cgroup, error) {
	return nil, fmt.Errorf("control groups: %w (%s)", ErrUnsupported, runtime.GOOS)
}

// Dir is empty.
func (g *Cgroup) Dir() string { return "" }

// Remove does nothing.
func (g *Cgroup) Remove() error { return nil }

func (g *Cgroup) kill() error { return nil }

func (g *Cgroup) outOfMemory() bool { return false }
