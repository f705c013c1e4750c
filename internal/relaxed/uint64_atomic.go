//go:build (!amd64 && !arm64) || race

package relaxed

import "sync/atomic"

// Uint64 is a number with one writer. Its zero value is 0. It must not be copied after first use.
type Uint64 struct {
	v atomic.Uint64
}

// Load returns the number. Any goroutine may call it.
func (u *Uint64) Load() uint64 { return u.v.Load() }

// Store sets the number. Only the one writer may call it.
func (u *Uint64) Store(v uint64) { u.v.Store(v) }

// Add adds d to the number. Only the one writer may call it: a load and a store, so that a second writer loses
// counts here as it would with plain stores, and tests notice.
func (u *Uint64) Add(d uint64) { u.v.Store(u.v.Load() + d) }
