package osproc

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// deathSignal is what the kernel sends to the leader when this program ends.
const deathSignal = syscall.SIGKILL

func special(attr *syscall.SysProcAttr, s *Spec) (closeAfter func(), err error) {
	attr.Pdeathsig = deathSignal
	if s.Cgroup == nil {
		return func() {}, nil
	}
	fd, err := unix.Open(s.Cgroup.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, badf("Cgroup", "opening %s: %w", s.Cgroup.dir, err)
	}
	attr.UseCgroupFD, attr.CgroupFD = true, fd
	return func() { unix.Close(fd) }, nil
}

// place gives the calling thread, which is locked, the CPU set and the memory policy
// that the child inherits. restore puts the thread back as it was.
func place(s *Spec) (restore func() error, err error) {
	var undo []func() error
	restore = func() (err error) {
		for _, f := range undo {
			err = errors.Join(err, f())
		}
		return err
	}
	if len(s.CPUs) > 0 {
		back, err := placeCPUs(s.CPUs)
		if err != nil {
			return nil, bad("CPUs", err)
		}
		undo = append(undo, back)
	}
	if len(s.Nodes) > 0 {
		back, err := placeMemory(s.Nodes)
		if err != nil {
			return nil, errors.Join(bad("Nodes", err), restore())
		}
		undo = append(undo, back)
	}
	return restore, nil
}

func placeCPUs(cpus []int) (restore func() error, err error) {
	var may, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return nil, fmt.Errorf("asking for the CPUs of this program: %w", err)
	}
	for _, c := range cpus {
		if !may.IsSet(c) { // false as well for a number that is out of range
			return nil, fmt.Errorf("CPU %d is not one that this program may use", c)
		}
		set.Set(c)
	}
	return func() error { return unix.SchedSetaffinity(0, &may) }, unix.SchedSetaffinity(0, &set)
}

const (
	preferOne  = 1 // MPOL_PREFERRED
	preferMany = 5 // MPOL_PREFERRED_MANY, Linux 5.15
	mostNodes  = 1024
)

// wordBits is the size of the kernel's words, of which node masks are made.
const wordBits = int(unsafe.Sizeof(uintptr(0))) * 8

type nodeMask [mostNodes / wordBits]uintptr

// placeMemory prefers the nodes for the calling thread and what it forks, over an
// exec as well. Preferred, not bound: a full node is slow, not fatal.
func placeMemory(nodes []int) (restore func() error, err error) {
	var mask, before nodeMask
	for _, n := range nodes {
		if n < 0 || n >= mostNodes {
			return nil, fmt.Errorf("there is no node %d", n)
		}
		mask[n/wordBits] |= 1 << (n % wordBits)
	}
	mode := preferMany
	if len(nodes) == 1 {
		mode = preferOne
	}
	var was int32
	_, _, errno := unix.Syscall6(unix.SYS_GET_MEMPOLICY, uintptr(unsafe.Pointer(&was)), uintptr(unsafe.Pointer(&before[0])), mostNodes, 0, 0, 0)
	if errno != 0 {
		return nil, fmt.Errorf("asking for the memory policy of this program: %w", errno)
	}
	if err := policy(mode, &mask); err != nil {
		return nil, fmt.Errorf("setting the memory policy to nodes %v: %w", nodes, err)
	}
	return func() error { return policy(int(was), &before) }, nil
}

func policy(mode int, mask *nodeMask) error {
	// The kernel reads one bit less than it is told.
	_, _, errno := unix.Syscall(unix.SYS_SET_MEMPOLICY, uintptr(mode), uintptr(unsafe.Pointer(&mask[0])), mostNodes+1)
	if errno != 0 {
		return errno
	}
	return nil
}
