package topology_test

import (
	"fmt"

	"github.com/bastion-go/bastion/executor/topology"
)

// Two workers on a flat machine of four CPUs: one domain, and each robs the other.
func ExamplePlace() {
	p := topology.Place(topology.Flat(4), 2)
	fmt.Println(p.CPU, p.Domain, p.DomainOrder(0), p.Victims(0))
	// Output: [0 1] [0 0] [0] [[1]]
}
