// Package numatest holds tests that need a machine with several memory nodes, and brings the machine along: its test
// binary, built without cgo, is the only program of a virtual machine that qemu emulates, with a kernel of Debian's. No
// hardware support is needed; a machine boots in seconds.
//
// # Use
//
//	make numa       # fetches the kernel, once, and runs the tests
//
// The tests run wherever qemu-system-x86_64 is installed and BASTION_NUMA_KERNEL names a kernel's image. Elsewhere they
// say that they did not run.
//
// # Adding a check
//
// A check is one function of a *guest, in the table checks. It runs in each machine of the table machines, in order, on
// the emulated processors, and sees the executor as every program does; g.errorf fails it. The host's side of the test
// expects of each machine a verdict on every check of the table.
//
// # What holds there and what does not
//
// Under emulation on a few real cores a virtual CPU may stand still for tens of milliseconds, and memory is equally far
// from everywhere. So checks count where things run, and never say how fast.
//
// Nothing is ordered, and nothing is lost that was printed before a machine stopped: a panic of its kernel stops it at
// once, and the host stops it when its time is over. The package has no callers: everything in it is a test.
package numatest
