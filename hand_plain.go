//go:build amd64 && !race

package bastion

import "unsafe"

// set writes the hand without a barrier. Plain stores stay in order on this CPU,
// so whoever sees it sees what was written before it.
func (h *hand) set(v uint32) { *(*uint32)(unsafe.Pointer(&h.v)) = v }
