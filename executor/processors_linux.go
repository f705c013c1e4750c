package executor

import (
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

var realProcessors = processors{
	current: currentCPU,
	pin:     pinThread,
	first:   func() bool { return unix.Gettid() == os.Getpid() },
}

func currentCPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}

func pinThread(cpus []int) error {
	set := unix.NewCPUSet(slices.Max(cpus) + 1)
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	return unix.SchedSetaffinityDynamic(0, set)
}
