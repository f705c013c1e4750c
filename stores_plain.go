//go:build amd64 && !race

package bastion

import "unsafe"

// reset writes the word of a question that nobody else has yet: the push that
// hands it out is a barrier.
func (q *question) reset(word uint64) { *(*uint64)(unsafe.Pointer(&q.word)) = word }

// set writes the hand without a barrier. Plain stores stay in order on this CPU,
// so whoever sees it sees what was written before it.
func (h *hand) set(v uint32) { *(*uint32)(unsafe.Pointer(&h.v)) = v }
