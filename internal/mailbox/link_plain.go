//go:build amd64 && !race

package mailbox

// link sets next with a plain store: the CAS that publishes the node follows it
// and is a full barrier on this CPU. An atomic store would be an XCHG, 5 ns of
// a 40 ns hop.
func (n *Node[T]) link(to *Node[T]) { n.next = to }
