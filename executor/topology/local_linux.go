package topology

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

func local() *Topology {
	mask := affinity()
	t := Read(os.DirFS("/"), mask)
	if mask == nil && t.Origin == "flat" && len(t.CPUs) < runtime.NumCPU() {
		notes, quota := t.Notes, t.Quota
		t = Flat(runtime.NumCPU())
		t.Notes, t.Quota = notes, quota
	}
	return t
}

// affinity returns the CPUs that the process's first thread may run on, or nil when a sandbox keeps the kernel from
// telling. Not those of the calling thread: which one that is, is chance.
func affinity() []int {
	for n := 1024; n <= maxNumber; n *= 2 {
		set := unix.NewCPUSet(n)
		err := unix.SchedGetaffinityDynamic(os.Getpid(), set)
		if errors.Is(err, unix.EINVAL) {
			continue // the kernel's own set is larger
		}
		if err != nil {
			return nil
		}
		var cpus []int
		for id := range n {
			if set.IsSet(id) {
				cpus = append(cpus, id)
			}
		}
		return cpus
	}
	return nil
}
