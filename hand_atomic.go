//go:build !amd64 || race

package bastion

func (h *hand) set(v uint32) { h.v.Store(v) }
