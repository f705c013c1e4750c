//go:build (amd64 || arm64) && !race

package relaxed

import "sync/atomic"

// Uint64 is a number with one writer. Its zero value is 0. It must not be copied after first use.
type Uint64 struct {
	_ noCopy
	v uint64
}

// Load returns the number. Any goroutine may call it.
func (u *Uint64) Load() uint64 { return atomic.LoadUint64(&u.v) }

// Store sets the number. Only the one writer may call it.
func (u *Uint64) Store(v uint64) { u.v = v }

// Add adds d to the number. Only the one writer may call it: two writers would lose counts.
func (u *Uint64) Add(d uint64) { u.v += d }
