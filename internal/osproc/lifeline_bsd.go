//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package osproc

// A lifeline needs signals of one's choice from descriptors, which only Linux has.
type lifeline struct{}

func newLifeline() (*lifeline, error) { return &lifeline{}, nil }

func (*lifeline) descriptor() (fd uintptr, has bool) { return 0, false }

func (*lifeline) bind(int) error { return nil }

func (*lifeline) close() {}
