//go:build !amd64 || race

package bastion

func (q *question) reset(word uint64) { q.word.Store(word) }

func (h *hand) set(v uint32) { h.v.Store(v) }
