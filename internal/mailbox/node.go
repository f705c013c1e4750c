package mailbox

import (
	"sync/atomic"
	"unsafe"
)

// A Node carries one value through one box. It belongs to whoever took it from
// a cache until Push accepts it, then to the box, then to the box's owner.
type Node[T any] struct {
	// next is written by the pusher before its CAS publishes the node, and by
	// the owner when it turns a taken chain round. Only Len reads it from
	// elsewhere, which is why both use atomic accesses in race builds.
	next  *Node[T]
	Value T
}

func (n *Node[T]) load() *Node[T] {
	return (*Node[T])(atomic.LoadPointer((*unsafe.Pointer)(unsafe.Pointer(&n.next))))
}

// marks are the addresses of head values that are no nodes. They are large
// enough that no real Node[T] in use here could straddle their end, and nothing
// ever looks behind them.
var marks [2][32]uintptr

// idleMark as head: nobody owns the box; the push that replaces it owns it.
func idleMark[T any]() *Node[T] { return (*Node[T])(unsafe.Pointer(&marks[0])) }

// closedMark as head: nothing is accepted any more.
func closedMark[T any]() *Node[T] { return (*Node[T])(unsafe.Pointer(&marks[1])) }
