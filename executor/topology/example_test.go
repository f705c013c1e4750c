package topology_test

import (
	"fmt"
	"testing/fstest"

	"github.com/bastion-go/bastion/executor/topology"
)

// Two workers on a flat machine of four CPUs: one domain, and each robs the other.
func ExamplePlace() {
	p := topology.Place(topology.Flat(4), 2)
	fmt.Println(p.CPU, p.Domain, p.DomainOrder(0), p.Victims(0))
	// Output: [0 1] [0 0] [0] [[1]]
}

// A machine as its own files describe it: two CPUs of a core, of which this process may use one. What the files do not
// say is assumed, and noted.
func ExampleRead() {
	m := topology.Read(fstest.MapFS{
		"proc/self/status":                                         {Data: []byte("Cpus_allowed_list:\t1-7\n")},
		"proc/self/cgroup":                                         {Data: []byte("0::/\n")},
		"proc/self/mountinfo":                                      {},
		"sys/devices/system/cpu/online":                            {Data: []byte("0-1\n")},
		"sys/devices/system/cpu/cpu1/topology/core_cpus_list":      {Data: []byte("0-1\n")},
		"sys/devices/system/cpu/cpu1/topology/physical_package_id": {Data: []byte("0\n")},
		"sys/devices/system/node/online":                           {Data: []byte("0\n")},
		"sys/devices/system/node/node0/cpulist":                    {Data: []byte("0-1\n")},
		"sys/devices/system/node/node0/distance":                   {Data: []byte("10\n")},
	}, nil)
	fmt.Println(m.CPUs, m.Cores)
	for _, note := range m.Notes {
		fmt.Println(note)
	}
	// Output:
	// [{1 0 0 0}] [{0 0 [1] 0}]
	// /sys/devices/system/cpu/cpu1/cache describes no cache; assumed: all CPUs of a memory node share their last cache
}

// The kernel's own form of a list.
func ExampleParseCPUs() {
	cpus, err := topology.ParseCPUs("0-3,8")
	fmt.Println(cpus, err)
	fmt.Println(topology.FormatCPUs(cpus))
	// Output:
	// [0 1 2 3 8] <nil>
	// 0-3,8
}
