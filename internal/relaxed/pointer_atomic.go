//go:build !amd64 || race

package relaxed

import "sync/atomic"

// Pointer is a *T with one writer. Its zero value is nil. It must not be copied after first use.
//
// Others may still empty it by Swap or CompareAndSwap; the writer must then know that a Store into a Pointer it saw
// empty is the only thing that can happen to it (only the writer fills).
type Pointer[T any] struct {
	v atomic.Pointer[T]
}

// Load returns the pointer. Any goroutine may call it.
func (p *Pointer[T]) Load() *T { return p.v.Load() }

// Store sets the pointer. Only the one writer may call it.
func (p *Pointer[T]) Store(v *T) { p.v.Store(v) }

// Swap sets the pointer and returns what it was: fully ordered, as in sync/atomic.
func (p *Pointer[T]) Swap(v *T) *T { return p.v.Swap(v) }

// CompareAndSwap sets the pointer if it was old: fully ordered, as in sync/atomic.
func (p *Pointer[T]) CompareAndSwap(old, v *T) bool { return p.v.CompareAndSwap(old, v) }
