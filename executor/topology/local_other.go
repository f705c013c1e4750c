//go:build !linux

package topology

import "runtime"

func local() *Topology {
	t := Flat(runtime.NumCPU())
	t.Notes = []Note{{Problem: "the topology of " + runtime.GOOS + " is not read", Assumed: "a flat machine"}}
	return t
}
