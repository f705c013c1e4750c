package numatest

// machine is one virtual machine: what qemu is told, and what the guest should then find. Its CPUs are numbered node by
// node.
type machine struct {
	name     string
	smp      string
	nodes    int     // with CPUs
	cpus     int     // of each node
	threads  int     // of each core
	memory   int     // nodes without CPUs, which come last
	distance [][]int // of all nodes
}

var machines = []machine{
	{
		name: "two-sockets", smp: "8,sockets=2,cores=4,threads=1", nodes: 2, cpus: 4, threads: 1,
		distance: [][]int{{10, 21}, {21, 10}},
	},
	{
		name: "four-nodes", smp: "8,sockets=4,cores=1,threads=2", nodes: 4, cpus: 2, threads: 2, memory: 1,
		distance: [][]int{
			{10, 16, 22, 22, 30},
			{16, 10, 22, 22, 30},
			{22, 22, 10, 16, 30},
			{22, 22, 16, 10, 30},
			{30, 30, 30, 30, 10},
		},
	},
}

// nodeOf returns the node of a CPU.
func (m *machine) nodeOf(cpu int) int { return cpu / m.cpus }
