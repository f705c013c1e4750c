//go:build amd64 && !race

package mailbox

import (
	"sync/atomic"
	"unsafe"
)

// The owner's counters are written by the owner alone and read by Len as a
// figure, never to decide; plain stores suffice (an atomic one costs 5 ns).

func storeLen(p *atomic.Int32, v int32)     { *(*int32)(unsafe.Pointer(p)) = v }
func storeTakes(p *atomic.Uint32, v uint32) { *(*uint32)(unsafe.Pointer(p)) = v }
