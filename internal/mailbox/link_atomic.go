//go:build !amd64 || race

package mailbox

import (
	"sync/atomic"
	"unsafe"
)

func (n *Node[T]) link(to *Node[T]) {
	atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(&n.next)), unsafe.Pointer(to))
}
