package osproc

import (
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

// place gives the calling thread, which is locked and not given back, the CPU set
// and the memory policy that the child inherits.
func place(s *Spec) error {
	if len(s.CPUs) > 0 {
		if err := placeCPUs(s.CPUs); err != nil {
			return bad("CPUs", err)
		}
	}
	if len(s.Nodes) > 0 {
		if err := placeMemory(s.Nodes); err != nil {
			return bad("Nodes", err)
		}
	}
	return nil
}

func placeCPUs(cpus []int) error {
	var may, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &may); err != nil {
		return fmt.Errorf("asking for the CPUs of this program: %w", err)
	}
	for _, c := range cpus {
		if !may.IsSet(c) { // false as well for a number that is out of range
			return fmt.Errorf("CPU %d is not one that this program may use", c)
		}
		set.Set(c)
	}
	return unix.SchedSetaffinity(0, &set)
}

const (
	preferOne  = 1 // MPOL_PREFERRED
	preferMany = 5 // MPOL_PREFERRED_MANY, Linux 5.15
	mostNodes  = 1024
)

// placeMemory prefers the nodes for the calling thread and what it forks, over an
// exec as well. Preferred, not bound: a full node is slow, not fatal.
func placeMemory(nodes []int) error {
	const word = int(unsafe.Sizeof(uintptr(0))) * 8
	var mask [mostNodes / word]uintptr
	for _, n := range nodes {
		if n < 0 || n >= mostNodes {
			return fmt.Errorf("there is no node %d", n)
		}
		mask[n/word] |= 1 << (n % word)
	}
	mode := preferMany
	if len(nodes) == 1 {
		mode = preferOne
	}
	_, _, errno := unix.Syscall(unix.SYS_SET_MEMPOLICY, uintptr(mode), uintptr(unsafe.Pointer(&mask[0])), mostNodes)
	if errno != 0 {
		return fmt.Errorf("setting the memory policy to nodes %v: %w", nodes, errno)
	}
	return nil
}
